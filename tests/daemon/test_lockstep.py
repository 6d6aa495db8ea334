"""What dfnet4d offers is what `dfnet4 enhance` makes of the same sound: sample by sample, over a
minute, whatever quantum and rate the graph has.

At 48 kHz nothing but the daemon stands between player and recorder: what is heard must be what
enhance wrote, later by the latency that `dfnet4 info` tells. (The player is a quantum behind.)

At other rates PipeWire's converters stand before and behind the daemon. They are deterministic, so
that there is an exact answer, too: tap.c, two streams as the daemon's, writes down what a stream at
48 kHz hears of the sound, and, in a second run, plays what enhance made of that, which goes
through the second converter. The recorder must hear the same from the daemon.

The daemon runs with a clock that stands still (still_clock.c): it must not rest because the machine
is busy."""

import array
import concurrent.futures
import json
import math
import os
import queue
import struct
import subprocess
import time

import lockstep
import pipewire
from pipewire import *

DFNET4 = os.environ["DFNET4"]
DAEMON = os.environ["DFNET4D_STILL"]
TAP = os.environ["DFNET4_TAP"]
RATES, QUANTA = (96000, 44100, 48000), (64, 256, 480, 1024)  # the longest first
TAIL = 8192
SECONDS = int(os.environ.get("DFN_LOCKSTEP_SECONDS", "60"))


def noisy(rate):
    """Syllables of a buzz, and noise that comes and goes. At first silence, so that what comes out
    before the latency is over, which enhance leaves away, is silence, too."""
    n, quiet = SECONDS * rate, rate // 10
    pitch = rate // 120
    buzz = [0.1 * sum(math.sin(2 * math.pi * k * i / pitch + k * k) / k for k in range(1, 12))
            for i in range(pitch)]
    speech = [buzz[i % pitch] * max(0.0, math.sin(5 * math.pi * i / rate)) for i in range(2 * rate)]
    level = [0.02 + 0.1 * (i % 5) for i in range(SECONDS)]
    return silence(quiet) + array.array("f", [speech[i % (2 * rate)] + level[i // rate] * x
                                              for i, x in enumerate(lockstep.noise(n - quiet))])


def write_wav(path, samples):
    data = samples.tobytes()
    with open(path, "wb") as f:
        f.write(struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(data), b"WAVE", b"fmt ", 16, 3, 1,
                            48000, 4 * 48000, 4, 32, b"data", len(data)))
        f.write(data)


def read_wav(path):
    with open(path, "rb") as f:
        data = f.read()
    at = data.index(b"data")
    size, = struct.unpack_from("<I", data, at + 4)
    samples = array.array("f")
    samples.frombytes(data[at + 8:at + 8 + size])
    return samples


def read_floats(path):
    samples = array.array("f")
    with open(path, "rb") as f:
        samples.frombytes(f.read())
    return samples


def silence(frames):
    return array.array("f", bytes(4 * frames))


class Lockstep(pipewire.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        info = subprocess.run([DFNET4, "info", "--json"], stdout=subprocess.PIPE, check=True)
        cls.latency = json.loads(info.stdout)["latency_samples"]

    def enhance(self, pw, samples):
        """What `dfnet4 enhance` makes of samples at 48 kHz."""
        given, clean = os.path.join(pw.folder, "given.wav"), os.path.join(pw.folder, "clean.wav")
        write_wav(given, samples)
        pw.run(DFNET4, "enhance", "-q", "-f", "-o", clean, given, seconds=100)
        samples = read_wav(clean)
        for path in (given, clean):
            os.remove(path)
        return samples

    def through_daemon(self, pw, samples, tail):
        daemon = pw.spawn("dfnet4d", [DAEMON], props=lockstep.JOIN)
        heard = lockstep.run(pw, samples, "dfnet4.microphone.capture", "dfnet4.microphone", tail,
                             settle=daemon)
        self.assertEqual(daemon.stop(), 0, daemon.log())
        return heard

    def through_tap(self, pw, samples, tail, play=None):
        """What is heard behind the tap, and what the tap heard."""
        path = [os.path.join(pw.folder, name) for name in ("tap.heard", "tap.play")]
        if play is not None:
            with open(path[1], "wb") as f:
                play.tofile(f)
        tap = pw.spawn("tap", [TAP, *path[:1 if play is None else 2]], props=lockstep.JOIN)
        behind = lockstep.run(pw, samples, "tap.capture", "tap.source", tail)
        self.assertEqual(tap.stop(), 0, tap.log())
        return behind, read_floats(path[0])

    def same(self, found, expected, what):
        if found == expected:
            return
        differ = [i for i, (a, b) in enumerate(zip(found, expected)) if a != b]
        self.fail(f"{what}: {len(differ)} of {len(expected)} samples differ, the first is {differ[0]}"
                  if differ else f"{what}: {len(found)} samples, not {len(expected)}")

    def at_48000(self, pw, sound):
        clean = self.enhance(pw, silence(pw.quantum) + sound)  # its first cycle is silent
        self.assertLess(sum(map(abs, clean)), 0.7 * sum(map(abs, sound)))
        heard = self.through_daemon(pw, sound, self.latency + pw.quantum)
        self.same(heard[self.latency:], clean, "the sound")

    def at_other_rate(self, pw, sound):
        _, at_48000 = self.through_tap(pw, sound, TAIL)
        self.assertGreater(len(at_48000), SECONDS * 48000)
        clean = silence(self.latency) + self.enhance(pw, at_48000)
        expected, again = self.through_tap(pw, sound, TAIL, clean)
        self.same(again, at_48000, "a converter is deterministic")
        self.same(self.through_daemon(pw, sound, TAIL), expected, "the sound")

    def one(self, cores, sound, rate, quantum):
        core, start = cores.get(), time.monotonic()
        try:
            with lockstep.on_core(core), PipeWire(rate, quantum) as pw:
                (self.at_48000 if rate == 48000 else self.at_other_rate)(pw, sound)
        finally:
            cores.put(core)
        print(f"{rate} Hz, {quantum}: the same for {SECONDS} s, in {time.monotonic() - start:.1f} s")

    def test_all(self):
        """Every quantum, among them those that do not divide a hop, at every rate: one on each core."""
        cores = queue.SimpleQueue()
        for core in os.sched_getaffinity(0):
            cores.put(core)
        sounds = {rate: noisy(rate) for rate in RATES}
        matrix = [(r, q) for q in QUANTA for r in RATES]
        with concurrent.futures.ThreadPoolExecutor(cores.qsize()) as pool:
            done = [pool.submit(self.one, cores, sounds[r], r, q) for r, q in matrix]
        for (rate, quantum), result in zip(matrix, done):
            with self.subTest(rate=rate, quantum=quantum):
                result.result()


if __name__ == "__main__":
    main()
