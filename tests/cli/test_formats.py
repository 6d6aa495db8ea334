"""Every container and sample format: kept, to the sample, and without a shift.

With --limit-db=0 nothing is taken away, so that the output is the input again, but for
rounding: of the stream (float arithmetic, below 2e-6 of full scale here) and of the format
(half a step of the output; the input lies on a step)."""

import subprocess
import unittest

import support
from support import *

STREAM = 4e-6

# name: (format, largest difference from rounding to the format)
LOSSLESS = {
    "a.wav": (WAV | U8, 2**-7), "b.wav": (WAV | PCM_16, 2**-15), "c.wav": (WAV | PCM_24, 2**-23),
    "d.wav": (WAV | PCM_32, 2**-31), "e.wav": (WAV | FLOAT, 0), "f.wav": (WAV | DOUBLE, 0),
    "g.wav": (WAVEX | PCM_24, 2**-23), "big.wav": (WAV | PCM_16 | BIG, 2**-15),
    "a.rf64": (RF64 | PCM_24, 2**-23), "a.w64": (W64 | PCM_16, 2**-15),
    "b.w64": (W64 | FLOAT, 0), "a.aiff": (AIFF | PCM_16, 2**-15), "b.aiff": (AIFF | PCM_24, 2**-23),
    "c.aiff": (AIFF | FLOAT, 0), "d.aiff": (AIFF | PCM_16 | LITTLE, 2**-15),
    "e.aiff": (AIFF | S8, 2**-7), "a.au": (AU | PCM_16, 2**-15),
    "b.au": (AU | PCM_24 | LITTLE, 2**-23), "a.caf": (CAF | PCM_16, 2**-15),
    "b.caf": (CAF | PCM_24, 2**-23), "c.caf": (CAF | FLOAT, 0), "d.caf": (CAF | ALAC_16, 2**-15),
    "e.caf": (CAF | ALAC_24, 2**-23), "f.caf": (CAF | ALAC_32, 2**-31),
    "a.flac": (FLAC | PCM_16, 2**-15), "b.flac": (FLAC | PCM_24, 2**-23),
    "c.flac": (FLAC | S8, 2**-7), "a.voc": (VOC | PCM_16, 2**-15), "a.sph": (NIST | PCM_16, 2**-15),
}
# name: (format, largest relative error of coding once more)
LOSSY = {
    "u.wav": (WAV | ULAW, 0.02), "al.wav": (WAV | ALAW, 0.02), "ima.wav": (WAV | IMA, 0.05),
    "ms.wav": (WAV | MS_ADPCM, 0.05), "gsm.wav": (WAV | GSM, 0.3), "u.au": (AU | ULAW, 0.02),
    "v.ogg": (OGG | VORBIS, 0.05), "o.opus": (OGG | OPUS, 0.1), "m.mp3": (MPEG | MP3, 0.1),
}
MONO = ("gsm.wav",)


class Formats(support.Case):
    def enhance(self, name, form):
        channels = 1 if name in MONO else 2
        source = self.make(name, frames=30011, form=form, channels=channels)
        target = self.path("out-" + name)
        self.dfnet4("enhance", "--limit-db=0", "-o", target, source)
        a, b = self.show(source), self.show(target)
        for key in a.keys() - {"energy"}:  # tags, too
            self.assertEqual(a[key], b[key], f"{name}: {key}")
        return self.compare(source, target)

    def test_lossless(self):
        for name, (form, step) in LOSSLESS.items():
            with self.subTest(name):
                d = self.enhance(name, form)
                # a step at most: the rounding of the stream may tip a sample over
                self.assertLessEqual(d["max"], max(step, STREAM), name)
                self.assertEqual(d["lag"], 0)

    def test_lossy(self):
        for name, (form, most) in LOSSY.items():
            with self.subTest(name):
                d = self.enhance(name, form)
                self.assertLessEqual(d["relative"], most, name)
                self.assertEqual(d["lag"], 0)

    def test_tags_of_a_wav(self):
        """The comparison above is worth something only if they are there."""
        a = self.show(self.make("a.wav"))
        self.assertEqual([a[k] for k in ("title", "artist", "broadcast", "cue")],
                         ["A title", "An artist", "A broadcast", 123])

    def test_sixteen_bits_come_back_exactly(self):
        """2e-6 is far below half a step of 16 bits: rounding must find the same numbers."""
        a = self.make("a.wav", channels=2)
        self.dfnet4("enhance", "--limit-db=0", a)
        self.assertEqual(self.compare(a, self.path("a-enhanced.wav"))["max"], 0)

    def test_loud_floats_stay_and_loud_integers_clip(self):
        loud = self.make("loud.wav", form=WAV | FLOAT, kind="loud")
        self.dfnet4("enhance", "--limit-db=0", loud)
        d = self.compare(loud, self.path("loud-enhanced.wav"))
        self.assertLessEqual(d["max"], STREAM)
        # full scale in 16 bits: what wraps would be off by 2
        clipped = self.make("clipped.wav", kind="loud")
        self.dfnet4("enhance", "--limit-db=0", clipped)
        d = self.compare(clipped, self.path("clipped-enhanced.wav"))
        self.assertLessEqual(d["max"], 2**-15)
        # float in, integer out: the same as clipping the floats
        self.dfnet4("enhance", "--limit-db=0", "-o", self.path("loud.flac"), loud)
        self.assertEqual(self.show(self.path("loud.flac"))["format"], FLAC | PCM_24)
        d = self.compare(clipped, self.path("loud.flac"))
        self.assertLessEqual(d["max"], 2**-15 + 2**-23 + STREAM)

    def test_extension_of_the_output_chooses_the_container(self):
        wav = self.make("a.wav")
        for name, form in (("a.flac", FLAC | PCM_16), ("a.ogg", OGG | VORBIS),
                           ("b.wave", WAV | PCM_16), ("plain", WAV | PCM_16),
                           ("a.opus", OGG | OPUS), ("a.caf", CAF | PCM_16)):
            self.dfnet4("enhance", "-o", self.path(name), wav)
            self.assertEqual(self.show(self.path(name))["format"] & 0x0FFFFFFF, form, name)

    def test_longer_than_the_container(self):
        """WAV counts bytes in 32 bits. The input is almost all hole."""
        whole = bytearray(self.read(self.make("a.w64", form=W64 | PCM_16)))
        length = len(whole) + (5 << 30)
        at = whole.index(b"data") + 16
        whole[16:24] = length.to_bytes(8, "little")
        whole[at:at + 8] = (length - at + 16).to_bytes(8, "little")
        long = self.write("long.w64", whole)
        os.truncate(long, length)
        for name in ("x.wav", "x.aiff", "x.au"):
            self.fails("enhance", "-n", "-o", name, long, says=[long, "too long for", ".w64"])
        for name in ("x.w64", "x.flac", "x.rf64", "x.caf"):
            self.dfnet4("enhance", "-n", "-o", name, long)

    def test_another_program_reads_the_same(self):
        """sox has its own reader for these."""
        for name, bits in (("a.wav", 16), ("b.wav", 24), ("a.aiff", 16), ("a.au", 16)):
            with self.subTest(name):
                source, target = self.path(name), self.path("out-" + name)
                subprocess.run(["sox", "-D", "-n", "-r", "48000", "-c", "2", "-b", str(bits), source,
                                "synth", "0.5", "sine", "440", "gain", "-6"], check=True)
                self.dfnet4("enhance", "--limit-db=0", "-o", target, source)
                raw = [subprocess.check_output(["sox", "-D", f, "-t", "s32", "-"])
                       for f in (source, target)]
                self.assertEqual(len(raw[0]), len(raw[1]))
                a, b = (memoryview(r).cast("i") for r in raw)
                worst = max(abs(x - y) for x, y in zip(a, b)) / 2**31
                self.assertLessEqual(worst, max(2.0**(1 - bits), STREAM))

    def test_the_same_input_makes_the_same_bytes(self):
        a = self.make("a.wav", form=WAV | FLOAT)
        self.dfnet4("enhance", "-o", self.path("1.wav"), a)
        self.dfnet4("enhance", "-o", self.path("2.wav"), a)
        self.assertEqual(self.read("1.wav"), self.read("2.wav"))

    def test_permissions_follow_the_input(self):
        a = self.make("a.wav")
        os.chmod(a, 0o640)
        self.dfnet4("enhance", a, umask=0o022)
        self.assertEqual(os.stat(self.path("a-enhanced.wav")).st_mode & 0o777, 0o640)


if __name__ == "__main__":
    support.main()
