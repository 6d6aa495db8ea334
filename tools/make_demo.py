#!/usr/bin/env python3
"""Make a noisy recording to try the enhancer on: nobody's voice, nobody's copyright.

    make_demo.py FOLDER   write FOLDER/noisy.wav and FOLDER/clean.wav (the voice alone)

A formant synthesiser says about "hello, can you hear me now" and "this is my voice in the
noise", over a fan and somebody typing. 48 kHz, 16 bit, one channel, the same samples on every
run. Python's standard library only, so it takes a few seconds.

The voice: a glottal pulse train and breath noise drive parallel resonators, one per formant
(D. H. Klatt, Software for a cascade/parallel formant synthesizer, JASA 67, 1980).
"""
import array
import math
import pathlib
import random
import sys
import wave

RATE = 48000
STEP = 240  # samples between two settings of the resonators: 5 ms

# Sounds: formants F1..F3 in Hz, voice, breath through the formants, hiss, hiss centre in Hz.
SOUNDS = {
    "h": (500, 1500, 2500, 0.0, 0.12, 0.0, 0), "k": (350, 1800, 2300, 0.0, 0.1, 0.3, 2200),
    "s": (320, 1390, 2530, 0.0, 0.0, 0.7, 7000), "z": (300, 1390, 2530, 0.3, 0.0, 0.4, 6500),
    "f": (340, 1100, 2080, 0.0, 0.0, 0.25, 8000), "dh": (270, 1290, 2540, 0.4, 0.0, 0.1, 6000),
    "v": (300, 1100, 2080, 0.5, 0.0, 0.1, 5000), "l": (360, 1200, 2700, 0.7, 0.0, 0.0, 0),
    "m": (270, 900, 2200, 0.5, 0.0, 0.0, 0), "n": (280, 1500, 2500, 0.5, 0.0, 0.0, 0),
    "r": (330, 1060, 1500, 0.7, 0.0, 0.0, 0), "y": (270, 2100, 3000, 0.7, 0.0, 0.0, 0),
    "w": (300, 650, 2200, 0.7, 0.0, 0.0, 0), "eh": (540, 1800, 2480, 1.0, 0.04, 0.0, 0),
    "ah": (640, 1200, 2400, 1.0, 0.04, 0.0, 0), "ae": (660, 1700, 2400, 1.0, 0.04, 0.0, 0),
    "ih": (400, 1950, 2550, 0.9, 0.04, 0.0, 0), "iy": (280, 2250, 3000, 0.9, 0.04, 0.0, 0),
    "uw": (310, 900, 2250, 0.9, 0.04, 0.0, 0), "ow": (480, 880, 2400, 1.0, 0.04, 0.0, 0),
    "ao": (570, 850, 2420, 1.0, 0.04, 0.0, 0), "aa": (720, 1100, 2450, 1.0, 0.04, 0.0, 0),
    "-": (450, 1400, 2450, 0.0, 0.0, 0.0, 0),
}
# Sound and length in ms; "-" is a pause.
SCRIPT = """
- 900  h 70 eh 110 l 80 ow 220  - 260
k 60 ae 150 n 80  y 60 uw 130  h 70 iy 110 r 120  m 80 iy 170  n 90 aa 160 ow 140  - 1100
dh 60 ih 80 s 120  ih 90 z 90  m 80 aa 130 iy 120  v 70 ao 120 iy 110 s 130
ih 90 n 80  dh 50 ah 80  n 80 ao 140 iy 120 z 150  - 1200
"""


def read_script():
    words = SCRIPT.split()
    return [(SOUNDS[name], int(ms)) for name, ms in zip(words[::2], words[1::2])]


def tracks():
    """One row of settings per step, gliding from sound to sound within about 25 ms."""
    rows = [sound for sound, ms in read_script() for _ in range(ms * RATE // (1000 * STEP))]
    now, smooth = list(rows[0]), []
    for target in rows:
        # A hiss changes its centre at once; nothing is heard of it while it is silent.
        now = [n + (t - n) * 0.3 for n, t in zip(now, target)][:6] + [target[6]]
        smooth.append(now)
    return smooth


class Resonator:
    """Two-pole band-pass with unit gain at its centre."""

    def __init__(self):
        self.a = self.b = self.gain = self.y1 = self.y2 = 0.0

    def tune(self, centre, width):
        radius = math.exp(-math.pi * width / RATE)
        self.a = 2 * radius * math.cos(2 * math.pi * centre / RATE)
        self.b = -radius * radius
        self.gain = (1 - radius) * math.sqrt(1 - 2 * radius * math.cos(
            4 * math.pi * centre / RATE) + radius * radius)

    def run(self, samples):
        a, b, gain, y1, y2 = self.a, self.b, self.gain, self.y1, self.y2
        out = []
        for x in samples:
            y = gain * x + a * y1 + b * y2
            y1, y2 = y, y1
            out.append(y)
        self.y1, self.y2 = y1, y2
        return out


class Glottis:
    """Derivative of a Rosenberg pulse: opens slowly, closes suddenly, a little irregular."""

    def __init__(self, rng):
        self.rng, self.phase, self.jitter = rng, 0.0, 1.0

    def run(self, pitch):
        out = []
        for _ in range(STEP):
            self.phase += pitch * self.jitter / RATE
            if self.phase >= 1:
                self.phase -= 1
                self.jitter = 1 + 0.012 * self.rng.uniform(-1, 1)
            p = self.phase
            out.append(math.sin(math.pi * p / 0.4) * 0.4 if p < 0.4 else
                       -math.sin(math.pi * (p - 0.4) / 0.32) if p < 0.56 else
                       -math.exp((0.56 - p) / 0.015) if p < 0.9 else 0.0)
        return out


def make_voice(rng):
    # centre (None: from the track), width and gain of each formant, alternating in sign so
    # that neighbours do not cancel between their centres
    bank = [(None, 60, 1.0), (None, 80, -1.3), (None, 120, 1.2), (3500, 180, -0.9),
            (4600, 300, 0.8), (6500, 900, -0.6), (9500, 2000, 0.4)]
    filters, hiss = [Resonator() for _ in bank], Resonator()
    glottis, voice = Glottis(rng), []
    for k, (f1, f2, f3, voiced, breath, hissing, centre) in enumerate(tracks()):
        seconds = k * STEP / RATE
        pitch = 118 + 14 * math.sin(2.1 * seconds) + 5 * math.sin(7.3 * seconds)
        pulses = glottis.run(pitch)
        noise = [rng.uniform(-1, 1) for _ in range(STEP)]
        source = [voiced * p + breath * n for p, n in zip(pulses, noise)]
        block = [0.0] * STEP
        for (fixed, width, gain), filt, moving in zip(bank, filters, (f1, f2, f3, 0, 0, 0, 0)):
            filt.tune(fixed or moving, width)
            block = [s + gain * y for s, y in zip(block, filt.run(source))]
        hiss.tune(centre or 5000, 2500)
        block = [s + 0.3 * hissing * y for s, y in zip(block, hiss.run(noise))]
        voice += block
    return voice


def make_fan(rng, n):
    """Rumble and rush of the air, and the tone of the blades."""
    low = mid = 0.0
    out = []
    for i in range(n):
        x = rng.uniform(-1, 1)
        low += 0.004 * (x - low)
        mid += 0.12 * (x - mid)
        t = 2 * math.pi * i / RATE
        tone = math.sin(93 * t) + 0.5 * math.sin(186 * t + 1) + 0.3 * math.sin(279 * t + 2)
        out.append((6 * low + 1.1 * mid + 0.05 * x + 0.12 * tone) *
                   (1 + 0.1 * math.sin(0.9 * t)))
    return out


def make_keys(rng, n):
    """Somebody types: pairs of short ringing clicks, about six keys a second."""
    out = [0.0] * n
    at = 0.2 * RATE
    while at < n:
        for delay, loud in ((0, 1.0), (rng.uniform(0.06, 0.1), 0.5)):
            pitch, start = rng.uniform(1800, 5200), int(at + delay * RATE)
            loud *= rng.uniform(0.5, 1)
            for i in range(min(1500, n - start)):
                t = i / RATE
                out[start + i] += loud * math.exp(-t / 0.004) * (
                    math.sin(2 * math.pi * pitch * t) + 0.6 * rng.uniform(-1, 1))
        at += rng.uniform(0.08, 0.26) * RATE
    return out


def scaled(samples, rms):
    now = math.sqrt(sum(x * x for x in samples) / len(samples))
    return [x * rms / now for x in samples]


def write_wav(path, samples):
    """16 bit; what is too loud is clipped."""
    whole = array.array("h", (round(32767 * max(-1, min(1, x))) for x in samples))
    if sys.byteorder == "big":
        whole.byteswap()
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(whole.tobytes())


def main():
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit("usage: make_demo.py FOLDER")
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    rng = random.Random(4)
    voice = scaled(make_voice(rng), 0.05)
    fan = scaled(make_fan(rng, len(voice)), 0.03)
    keys = scaled(make_keys(rng, len(voice)), 0.012)
    write_wav(folder / "clean.wav", voice)
    write_wav(folder / "noisy.wav", [v + f + k for v, f, k in zip(voice, fan, keys)])


if __name__ == "__main__":
    main()
