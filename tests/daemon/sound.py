"""Sounds for tests that record: WAV files, where a sound is in another, how pure a sine is."""

import array
import cmath
import math
import random
import struct
import sys
import wave


def write(path, samples, rate=48000, channels=1):
    """16 bits, the same on all channels; samples that are multiples of 1 / 32768 survive."""
    data = array.array("h", (round(x * 32768) for x in samples for _ in range(channels)))
    if sys.byteorder == "big":
        data.byteswap()
    with wave.open(path, "wb") as w:
        w.setnchannels(channels)
        w.setsampwidth(2)
        w.setframerate(rate)
        w.writeframes(data.tobytes())


def noise(seconds, rate=48000, seed=1):
    """What no part of it is like another."""
    r = random.Random(seed)
    return [r.randrange(-8000, 8000) / 32768 for _ in range(int(seconds * rate))]


def sine(frequency, seconds, rate=48000, level=0.25):
    return [level * math.sin(2 * math.pi * frequency * n / rate) for n in range(int(seconds * rate))]


def read(path):
    """Channels of a WAV file of floats, also of one whose program was killed."""
    with open(path, "rb") as f:
        data = f.read()
    at, channels = 12, None
    while at + 8 <= len(data):
        kind, size = struct.unpack_from("<4sI", data, at)
        if kind == b"fmt ":
            channels, = struct.unpack_from("<H", data, at + 10)
        if kind == b"data":
            size = min(size, len(data) - at - 8) // (4 * channels) * 4 * channels
            samples = array.array("f", data[at + 8:at + 8 + size])
            return [samples[c::channels] for c in range(channels)]
        at += 8 + size + size % 2
    raise AssertionError(f"{path}: no sound in it")


def places(part, whole, step=4800, length=64):
    """Where pieces of `part` occur in `whole`, sample by sample the same: [(at, place - at), ...],
    and how many do not."""
    data = array.array("f", whole).tobytes()
    found, missing = [], 0
    for at in range(0, len(part) - length, step):
        piece = array.array("f", part[at:at + length]).tobytes()
        if piece.count(piece[:4]) > length // 2:
            continue  # silence
        place = data.find(piece)
        while place >= 0 and place % 4:
            place = data.find(piece, place + 1)
        if place < 0:
            missing += 1
        else:
            found.append((at, place // 4 - at))
    return found, missing


def sine_snr(x, frequency, rate=48000):
    """Of a sine of about this frequency, dB. Its own is looked for within 12 Hz, ever finer: the
    clocks differ, and 0.001 Hz off are 80 dB in 2048 samples."""
    step = 4 * rate / 2048 / 16
    while step > 0.001:
        best = max((fit(x, 2 * math.pi * (frequency + k * step) / rate), frequency + k * step)
                   for k in range(-2, 3))
        frequency = best[1]
        step /= 3
    return best[0]


def fit(x, w):
    """The sine of this angular frequency that x has, over the rest, dB."""
    n, z = len(x), cmath.exp(-1j * w)
    p, s = 1 + 0j, 0j
    for v in x:
        s += v * p
        p *= z
    cos, sin = s.real, -s.imag  # sums of x cos and x sin
    t = (cmath.exp(2j * w * n) - 1) / (cmath.exp(2j * w) - 1)
    cc, ss, cs = (n + t.real) / 2, (n - t.real) / 2, t.imag / 2
    det = cc * ss - cs * cs
    signal = (cos * (cos * ss - sin * cs) + sin * (sin * cc - cos * cs)) / det
    rest = max(sum(v * v for v in x) - signal, 1e-20)
    return 10 * math.log10(signal / rest) if signal > 0 else -200.0
