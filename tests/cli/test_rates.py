"""Rates of 8 to 192 kHz and any number of channels: length kept, delay taken out."""

import math

import support
from support import *

RATES = (8000, 11025, 12000, 16000, 22050, 32000, 44100, 48000, 88200, 96000, 176400, 192000)

HIGHEST = 2203  # Hz, of sound.c


class Rates(support.Case):
    def same(self, source, most, *options):
        """--limit-db=0 returns the input, but for `most` of it; its summary."""
        target = self.path("out.wav")
        r = self.dfnet4("enhance", "-f", "--json", "--limit-db=0", *options, "-o", target, source)
        a, b = self.show(source), self.show(target)
        self.assertEqual([a[k] for k in ("format", "rate", "channels", "frames")],
                         [b[k] for k in ("format", "rate", "channels", "frames")])
        d = self.compare(source, target)
        self.assertEqual(d["lag"], 0)
        self.assertLessEqual(d["relative"], most)
        return json.loads(r.out)["files"][0]

    def test_rates(self):
        for rate in RATES:
            with self.subTest(rate):
                source = self.make("a.wav", form=WAV | FLOAT, rate=rate, frames=2 * rate + 1)
                # Resampling there and back is transparent for tones within the band, but
                # for the abrupt begin and end. The latency of a stream is whole samples;
                # where 1440 samples at 48 kHz are not, a part of one remains.
                part = abs(1440 * rate / 48000 - round(1440 * rate / 48000))
                late = 2 * math.sin(math.pi * HIGHEST * part / rate)
                self.same(source, 1e-5 if rate == 48000 else 0.01 + late)

    def test_lengths(self):
        for frames in (1, 2, 479, 480, 481, 1919, 1920, 1921, 4799, 4800, 4801, 9600):
            with self.subTest(frames):
                self.same(self.make("a.wav", form=WAV | FLOAT, frames=frames), 1e-4)

    def test_latency_is_that_of_the_stream(self):
        f = self.same(self.make("a.wav", form=WAV | FLOAT), 1e-5)
        info = json.loads(self.dfnet4("info", "--json", self.model).out)
        self.assertEqual(f["latency_samples"], info["latency_samples"])

    def test_channels(self):
        for channels in (1, 2, 3, 4, 5, 6, 64):
            with self.subTest(channels):
                source = self.make("a.wav", form=WAV | FLOAT, channels=channels)
                self.same(source, 1e-5)
                self.same(source, 1e-5, "--independent")

    def test_independent_channels_are_as_each_alone(self):
        """With linked channels the second would change the first."""
        both = self.make("both.wav", form=WAV | FLOAT, channels=2)
        first = self.make("first.wav", form=WAV | FLOAT)
        outs = {}
        for name, args in (("each", ["--independent", both]), ("linked", [both]), ("one", [first])):
            outs[name] = self.path("out-" + name)
            self.dfnet4("enhance", "-o", outs[name], *args)
        picked = {}
        for name in ("each", "linked"):
            picked[name] = self.path("pick-" + name + ".wav")
            subprocess.run(["sox", "-D", "-t", "wav", outs[name], picked[name], "remix", "1"], check=True)
        os.rename(outs["one"], self.path("one.wav"))
        self.assertLessEqual(self.compare(self.path("one.wav"), picked["each"])["relative"], 1e-5)
        self.assertGreater(self.compare(self.path("one.wav"), picked["linked"])["relative"], 1e-3)

    def test_refused(self):
        for rate in (4000, 7999, 192001, 384000):
            source = self.make(f"{rate}.wav", rate=rate)
            self.fails("enhance", source, says=[source, str(rate), "8000 to 192000 Hz"])
        source = self.make("many.wav", channels=65)
        self.fails("enhance", source, says=[source, "65 channels", "64"])


if __name__ == "__main__":
    support.main()
