"""A noisy voice that is played into the microphone over and over, and whether what somebody heard is
what `dfnet4 enhance` makes of it.

The sound is the demo of make_demo.py. Bounds come from what enhance makes of the same file: in the
pauses of the voice the noise must be quieter by nearly as much, and the recording must be like that
file, and less like the noisy one."""

import math
import os
import pathlib
import subprocess
import sys
import tempfile
from operator import mul

import pipewire
import sound
from pipewire import wait_for

DAEMON, DFNET4 = os.environ["DFNET4D"], os.environ["DFNET4"]
SOURCE, DESCRIPTION = "dfnet4.microphone", "dfnet4 microphone"
DEMO = pathlib.Path(__file__).resolve().parents[2] / "tools" / "make_demo.py"
RATE, FRAME = 48000, 480


def levels(x):
    """Of each 10 ms, in dB."""
    return [10 * math.log10(sum(map(mul, f, f)) / FRAME + 1e-12)
            for f in (x[i:i + FRAME] for i in range(0, len(x) - FRAME + 1, FRAME))]


def likeness(a, b):
    return sum(map(mul, a, b)) / math.sqrt(sum(map(mul, a, a)) * sum(map(mul, b, b)) + 1e-20)


def envelope(x, size=48):
    return [sum(map(abs, x[i:i + size])) for i in range(0, len(x) - size + 1, size)]


def align(heard, expected):
    """Where one second of `heard`, the loudest, begins in `expected`; the beginning of that second.
    First by envelopes of 1 ms, then by samples."""
    e = envelope(heard)
    at = max(range(0, len(e) - 1000, 100), key=lambda i: sum(e[i:i + 1000]))
    piece, whole = e[at:at + 1000], envelope(expected)
    mean = sum(piece) / len(piece)
    piece = [v - mean for v in piece]
    rough = 48 * max(range(len(whole) - 1000), key=lambda i: likeness(piece, whole[i:i + 1000]))
    at *= 48
    part = heard[at:at + 9600]
    near = range(max(0, rough - 96), min(len(expected) - RATE, rough + 97))
    return max(near, key=lambda i: likeness(part, expected[i:i + 9600])), at


class Case(pipewire.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = tempfile.TemporaryDirectory(prefix="dfnet4-demo-")
        path = lambda name: os.path.join(cls.folder.name, name)  # noqa: E731
        subprocess.run([sys.executable, DEMO, cls.folder.name], check=True)
        subprocess.run(["sox", path("noisy.wav"), "-e", "float", "-b", "32", path("noisy.f.wav")], check=True)
        subprocess.run([DFNET4, "enhance", "-q", "-f", "-o", path("enhanced.wav"), path("noisy.f.wav")],
                       check=True)
        subprocess.run(["sox", path("noisy.wav"), path("again.wav"), "repeat", "40"], check=True)
        cls.played = path("again.wav")
        cls.noisy, cls.clean = (sound.read(path(n))[0] for n in ("noisy.f.wav", "enhanced.wav"))
        quiet = sorted(levels(cls.noisy))
        cls.pause = quiet[len(quiet) // 5]  # a fifth is pause: the fan alone
        cls.less = cls.pause - sorted(levels(cls.clean))[len(quiet) // 5]

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def start(self, pulse=True):
        pw = self.pipewire(48000, 1024)
        pw.start("dbus")
        pw.start("wireplumber")
        if pulse:
            pw.start("pulse")
            pw.env["PULSE_SERVER"] = "unix:" + pw.runtime("pulse/native")
        pw.play(self.played, "mic")
        pw.spawn("dfnet4d", [DAEMON])
        wait_for(lambda: pw.linked("mic", "dfnet4.microphone.capture"), 20, "dfnet4d hears the mic")
        return pw

    def check(self, what, record):
        """Sound that `record` returns is clean. Others use this machine, too: three attempts."""
        for _ in range(3):
            heard = record()
            less = self.pause - (lambda s: s[len(s) // 5])(sorted(levels(heard[RATE // 2:])))
            twice = list(self.clean) * 2, list(self.noisy) * 2
            place, at = align(heard, twice[0])
            like = [likeness(heard[at:at + RATE], t[place:place + RATE]) for t in twice]
            print(f"{what}: {less:.1f} dB less noise in pauses ({self.less:.1f}), likeness {like[0]:.3f}, "
                  f"to the noisy sound {like[1]:.3f}")
            if less > self.less - 12 and like[0] > 0.97 and like[0] > like[1]:
                return
        self.fail(f"{what}: not what enhance makes of the sound")
