"""What programs that people use record from the virtual microphone is the clean sound: pw-record,
and programs of PulseAudio, to which it is a source like others."""

import math
import signal
import time
from operator import mul

import demo
import sound
from demo import DESCRIPTION, RATE, SOURCE
from pipewire import *

SECONDS = 6.5  # of recording: more than the demo has


class Clients(demo.Case):
    def for_a_while(self, pw, name, argv, path, seconds=SECONDS):
        """A recorder that writes a WAV file of floats."""
        recorder = pw.spawn(name, argv)
        time.sleep(seconds)
        recorder.stop(signal.SIGINT)
        return sound.read(path)[0]

    def test_pw_record(self):
        pw = self.start(pulse=False)
        path = os.path.join(pw.folder, "heard.wav")
        self.check("pw-record", lambda: self.for_a_while(
            pw, "pw-record", ["pw-record", "--target", SOURCE, "--rate", "48000", "--channels", "1",
                              "--format", "f32", path], path))

    def parec(self, pw, *options, seconds=SECONDS):
        path = os.path.join(pw.folder, "parec.wav")
        return self.for_a_while(pw, "parec", ["parec", *options, "--rate=48000", "--channels=1",
                                              "--format=float32le", "--file-format=wav", path], path, seconds)

    def source(self, pw):
        found = [s for s in json.loads(pw.run("pactl", "--format=json", "list", "sources"))
                 if s["name"] == SOURCE]
        self.assertEqual(len(found), 1)
        return found[0]

    def test_pulse(self):
        pw = self.start()
        self.assertEqual(self.source(pw)["description"], DESCRIPTION)
        self.assertEqual(self.source(pw)["monitor_source"], "")  # it is nobody's monitor
        self.check("parec", lambda: self.parec(pw, f"--device={SOURCE}"))
        pw.run("pactl", "set-default-source", SOURCE)
        wait_for(lambda: pw.run("pactl", "get-default-source").strip() == SOURCE, 5)
        pw.run("pactl", "set-source-volume", SOURCE, "50%")
        wait_for(lambda: "50%" in str(self.source(pw)["volume"]), 5)
        loud = sum(v * v for v in self.clean) / len(self.clean)
        half = self.parec(pw)  # of the default source
        power = sum(map(mul, half, half)) / len(half)
        # 50 % are 18 dB (cubic); the part of the demo that was heard makes some dB
        self.assertAlmostEqual(10 * math.log10(power / loud), -18, delta=4)
        pw.run("pactl", "set-source-mute", SOURCE, "1")
        wait_for(lambda: self.source(pw)["mute"], 5)
        self.assertEqual(max(map(abs, self.parec(pw, seconds=4)[RATE:])), 0)


if __name__ == "__main__":
    main(jobs=2)
