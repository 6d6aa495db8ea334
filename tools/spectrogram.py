#!/usr/bin/env python3
"""Draw WAV files as a picture: spectrograms one above the other, first file on top.

    spectrogram.py OUT.png FILE.wav...

16-bit files; the first channel counts. Colours from -110 dBFS (dark) to -30 dBFS (bright) in
each of 512 bands; ticks every second and every 4 kHz. Python's standard library only.
"""
import array
import cmath
import math
import struct
import sys
import wave
import zlib

SIZE = 1024  # samples per transform
FLOOR_DB, TOP_DB = -110.0, -30.0
MARGIN, GAP = 34, 14
INK, LEVELS = 1, 48  # palette: 0 is the background, 1 the ink, then the levels
COLOURS = [(0.0, (5, 5, 24)), (0.35, (64, 16, 110)), (0.6, (190, 55, 84)),
           (0.8, (249, 142, 9)), (1.0, (252, 255, 200))]
FONT = {  # 3 x 5 dots, one octal digit per row
        "0": "75557", "1": "26227", "2": "71747", "3": "71717", "4": "55711", "5": "74717",
        "6": "74757", "7": "71244", "8": "75757", "9": "75717", "k": "45655", " ": "00000",
        "s": "03626", "H": "55755", "z": "07247"}


def read_wav(path):
    with wave.open(path, "rb") as file:
        if file.getsampwidth() != 2:
            sys.exit(f"{path}: not a 16-bit file")
        samples = array.array("h", file.readframes(file.getnframes()))
        if sys.byteorder == "big":
            samples.byteswap()
        return samples[::file.getnchannels()], file.getframerate()


def fft(x):
    """Radix 2, recursive; len(x) is a power of two."""
    n = len(x)
    if n == 1:
        return x
    even, odd = fft(x[0::2]), fft(x[1::2])
    odd = [cmath.exp(-2j * math.pi * k / n) * v for k, v in enumerate(odd)]
    return [a + b for a, b in zip(even, odd)] + [a - b for a, b in zip(even, odd)]


def columns(samples, width):
    """Level in dBFS of every band, for `width` moments spread over the samples."""
    window = [math.sin(math.pi * (i + 0.5) / SIZE) ** 2 for i in range(SIZE)]
    padded = [0] * (SIZE // 2) + list(samples) + [0] * SIZE
    for column in range(width):
        at = len(samples) * column // width
        frame = [complex(padded[at + i] * window[i]) for i in range(SIZE)]
        scale = 4 / (32768 * SIZE)
        yield [20 * math.log10(abs(v) * scale + 1e-9) for v in fft(frame)[:SIZE // 2]]


def shade(db):
    x = min(1, max(0, (db - FLOOR_DB) / (TOP_DB - FLOOR_DB)))
    return INK + 1 + round(x * (LEVELS - 1))


def palette():
    out = [(255, 255, 255), (60, 60, 60)]
    for level in range(LEVELS):
        x = level / (LEVELS - 1)
        (x0, c0), (x1, c1) = next(pair for pair in zip(COLOURS, COLOURS[1:]) if x <= pair[1][0])
        out.append([round(a + (b - a) * (x - x0) / (x1 - x0)) for a, b in zip(c0, c1)])
    return bytes(v for rgb in out for v in rgb)


class Picture:
    def __init__(self, width, height):
        self.width, self.height = width, height
        self.rows = [bytearray(width) for _ in range(height)]  # all background

    def text(self, right, middle, words):
        """Ends at column `right`, centred on row `middle`."""
        left = right - 4 * len(words)
        for k, letter in enumerate(words):
            for y, bits in enumerate(FONT[letter]):
                for x in range(3):
                    if int(bits) >> (2 - x) & 1:
                        self.rows[middle - 2 + y][left + 4 * k + x] = INK

    def save(self, path):
        raw = b"".join(b"\0" + row for row in self.rows)
        with open(path, "wb") as file:
            file.write(b"\x89PNG\r\n\x1a\n")
            header = struct.pack(">IIBBBBB", self.width, self.height, 8, 3, 0, 0, 0)
            for kind, data in ((b"IHDR", header), (b"PLTE", palette()),
                               (b"IDAT", zlib.compress(raw, 9)), (b"IEND", b"")):
                file.write(struct.pack(">I", len(data)) + kind + data)
                file.write(struct.pack(">I", zlib.crc32(kind + data)))


def draw(picture, top, height, path):
    samples, rate = read_wav(path)
    width = picture.width - MARGIN - 4
    for x, levels in enumerate(columns(samples, width)):
        for y in range(height):
            band = (height - 1 - y) * len(levels) // height
            picture.rows[top + y][MARGIN + x] = shade(levels[band])
    for khz in range(0, rate // 2000 + 1, 4):
        y = top + height - 1 - round((height - 1) * khz * 2000 / rate)
        picture.rows[y][MARGIN - 4:MARGIN] = bytes([INK] * 4)
        picture.text(MARGIN - 5, y, f"{khz} kHz")
    for second in range(len(samples) // rate + 1):
        x = MARGIN + round((width - 1) * second * rate / len(samples))
        for y in range(top + height, top + height + 4):
            picture.rows[y][x] = INK
        picture.text(x + 3, top + height + 7, f"{second}")


def main():
    if len(sys.argv) < 3:
        sys.exit("usage: spectrogram.py OUT.png FILE.wav...")
    files, height = sys.argv[2:], 192
    picture = Picture(800, len(files) * (height + GAP) + 6)
    for k, path in enumerate(files):
        draw(picture, 4 + k * (height + GAP), height, path)
    picture.save(sys.argv[1])


if __name__ == "__main__":
    main()
