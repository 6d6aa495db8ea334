#!/usr/bin/env python3
"""Make recordings to try the trainer on: nobody's voice, nobody's copyright.

    make_toy_data.py FOLDER   write FOLDER/speech, FOLDER/noise and FOLDER/manifest.csv

Ten voices babble, twelve machines make noise: about five minutes, 48 kHz, 16 bit, one channel,
the same samples on every run. Two voices and three noises are for validation. Python's standard
library only, so it takes some seconds. A network that learns from this has learned nothing about
people.

A voice is a train of pulses, each of which rings at the formants of the current vowel, with
hisses and bursts for consonants in between.
"""
import math
import pathlib
import random
import sys

from make_demo import RATE, make_fan, make_keys, scaled, write_wav

VOICES, VALID_VOICES, CLIPS, CLIP_SECONDS, NOISE_SECONDS = 10, 2, 4, 5, 8
# formants F1..F4 in Hz
VOWELS = [(730, 1090, 2440, 3400), (570, 840, 2410, 3300), (440, 1020, 2240, 3300),
          (530, 1840, 2480, 3500), (390, 1990, 2550, 3500), (270, 2290, 3010, 3600),
          (300, 870, 2240, 3300), (640, 1190, 2390, 3400)]
WIDTHS, GAINS = (70, 90, 130, 200, 500), (1.0, -0.7, 0.45, -0.3, 0.12)
# hiss: centre and width in Hz, length in s, loudness
CONSONANTS = [(6800, 2500, 0.11, 0.35), (3500, 1800, 0.10, 0.3), (8500, 4000, 0.09, 0.15),
              (2200, 1500, 0.025, 0.5), (4500, 3000, 0.02, 0.4), (1100, 800, 0.02, 0.4), None, None]


def add(out, at, samples, gain=1.0):
    end = min(len(out), at + len(samples))
    if at < end:
        out[at:end] = [x + gain * y for x, y in zip(out[at:end], samples)]


def band_noise(rng, n, centre, width):
    """Noise through a two-pole resonator, about unit power."""
    radius = math.exp(-math.pi * width / RATE)
    a, b = 2 * radius * math.cos(2 * math.pi * centre / RATE), -radius * radius
    y1 = y2 = 0.0
    out = []
    for _ in range(n):
        y = rng.uniform(-1, 1) + a * y1 + b * y2
        y1, y2 = y, y1
        out.append(y)
    return scaled(out, 1.0)


class Voice:
    def __init__(self, rng):
        self.rng = rng
        self.pitch = rng.uniform(90, 250)
        size = 0.86 + 0.0014 * (self.pitch - 90) + rng.uniform(-0.05, 0.05)
        self.rings = [self.ring([f * size for f in vowel] + [7500 * size]) for vowel in VOWELS]
        self.hisses = [c and [x * c[3] for x in band_noise(rng, int(c[2] * RATE), c[0], c[1])]
                       for c in CONSONANTS]

    def ring(self, formants):
        """What one pulse of the voice makes of a vowel."""
        n = int(0.014 * RATE)
        out = [0.0] * n
        for f, width, gain in zip(formants, WIDTHS, GAINS):
            for i in range(n):
                t = i / RATE
                out[i] += gain * math.exp(-math.pi * width * t) * math.sin(2 * math.pi * f * t)
        return out

    def say_syllable(self, out, at, drop):
        """Returns where the next one begins. `drop`: the voice falls along a phrase."""
        rng = self.rng
        hiss = rng.choice(self.hisses)
        if hiss:
            add(out, int(at * RATE), hiss, rng.uniform(0.5, 1))
            at += len(hiss) / RATE + 0.01
        first, second = rng.choice(self.rings), rng.choice(self.rings)
        length, bend = rng.uniform(0.09, 0.28), rng.uniform(-0.15, 0.15)
        t = 0.0
        while t < length:
            part = t / length
            loud = min(1, 12 * part, 5 * (1 - part)) * drop
            mix = min(1, max(0, 3 * part - 1))
            add(out, int((at + t) * RATE), first, loud * (1 - mix))
            if mix:
                add(out, int((at + t) * RATE), second, loud * mix)
            t += 1 / (self.pitch * (0.8 + 0.2 * drop) * (1 + bend * part + rng.gauss(0, 0.008)))
        return at + length + rng.uniform(0, 0.04)

    def speak(self, seconds):
        out = [1e-4 * x for x in band_noise(self.rng, seconds * RATE, 500, 2000)]
        at = self.rng.uniform(0.1, 0.4)
        while at < seconds - 0.5:
            drop = 1.0
            for _ in range(self.rng.randint(2, 8)):
                at = self.say_syllable(out, at, drop)
                drop *= 0.95
            at += self.rng.uniform(0.1, 0.6)
        peak = max(map(abs, out))
        return [0.5 * x / peak for x in out]


def hum(rng, n):
    base = rng.uniform(45, 130)
    parts = [(k * base, rng.uniform(0.2, 1) / k, rng.uniform(0, 6)) for k in range(1, 12)]
    return [sum(g * math.sin(2 * math.pi * f * i / RATE + p) for f, g, p in parts)
            for i in range(n)]


def rain(rng, n):
    out = [0.1 * rng.uniform(-1, 1) for _ in range(n)]
    for _ in range(n // 400):
        f, decay = rng.uniform(1500, 9000), rng.uniform(0.0005, 0.003)
        drop = [math.exp(-i / RATE / decay) * math.sin(2 * math.pi * f * i / RATE)
                for i in range(200)]
        add(out, rng.randrange(n), drop, rng.uniform(0, 1) ** 3)
    return out


def beeps(rng, n):
    out = [0.003 * rng.uniform(-1, 1) for _ in range(n)]
    at = 0
    while at < n:
        f = rng.choice((880, 1320, 1760, 2400))
        length = int(rng.uniform(0.05, 0.4) * RATE)
        add(out, at, [math.sin(2 * math.pi * f * i / RATE) for i in range(length)])
        at += length + int(rng.uniform(0.1, 0.6) * RATE)
    return out


def gusts(rng, n):
    noise = band_noise(rng, n, 180, 300)
    speed, phase = rng.uniform(0.2, 0.6), rng.uniform(0, 6)
    return [x * (1.1 + math.sin(2 * math.pi * speed * i / RATE + phase)) ** 2
            for i, x in enumerate(noise)]


def hiss(rng, n):
    return band_noise(rng, n, rng.uniform(500, 8000), rng.uniform(1000, 20000))


NOISES = [("fan", make_fan), ("keys", make_keys), ("hum", hum), ("rain", rain),
          ("beeps", beeps), ("gusts", gusts), ("hiss", hiss), ("hum", hum), ("hiss", hiss),
          ("rain", rain), ("gusts", gusts), ("hiss", hiss)]
VALID_NOISES = (1, 10, 11)


def main():
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit("usage: make_toy_data.py FOLDER")
    folder = pathlib.Path(sys.argv[1])
    rows = ["path,kind,split,speaker,category,bandwidth_hz"]
    for kind in ("speech", "noise"):
        (folder / kind).mkdir(parents=True, exist_ok=True)
    for v in range(VOICES):
        voice = Voice(random.Random(100 + v))
        for c in range(CLIPS):
            name = f"speech/voice{v}-{c}.wav"
            write_wav(folder / name, voice.speak(CLIP_SECONDS))
            split = "valid" if v >= VOICES - VALID_VOICES else "train"
            rows.append(f"{name},speech,{split},voice{v},babble,24000")
    for i, (category, make) in enumerate(NOISES):
        name = f"noise/{category}{i}.wav"
        write_wav(folder / name, scaled(make(random.Random(200 + i), NOISE_SECONDS * RATE), 0.1))
        split = "valid" if i in VALID_NOISES else "train"
        rows.append(f"{name},noise,{split},,{category},24000")
    (folder / "manifest.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
