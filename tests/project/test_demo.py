#!/usr/bin/env python3
"""The demo's scripts: a recording that is the same each time, numbers and a picture from it."""
import json
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
import wave
import zlib

TOOLS = pathlib.Path(__file__).resolve().parents[2] / "tools"


def run(script, *args):
    done = subprocess.run([sys.executable, TOOLS / script, *args], capture_output=True, text=True)
    if done.returncode:
        raise AssertionError(f"{script}: {done.stderr}")
    return done.stdout


class Demo(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temp = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.temp.name)
        run("make_demo.py", cls.folder / "a b")

    @classmethod
    def tearDownClass(cls):
        cls.temp.cleanup()

    def path(self, name):
        return self.folder / "a b" / name

    def test_form(self):
        lengths = set()
        for name in ("clean.wav", "noisy.wav"):
            with wave.open(str(self.path(name))) as file:
                self.assertEqual(file.getparams()[:3], (1, 2, 48000))
                samples = struct.unpack(f"<{file.getnframes()}h", file.readframes(file.getnframes()))
            self.assertLess(max(abs(s) for s in samples), 32767, "clipped")
            lengths.add(len(samples))
        self.assertEqual(len(lengths), 1)

    def test_same_every_time(self):
        run("make_demo.py", self.folder / "again")
        for name in ("clean.wav", "noisy.wav"):
            self.assertEqual(self.path(name).read_bytes(),
                             (self.folder / "again" / name).read_bytes())

    def test_report(self):
        """A perfect enhancer, and one that does nothing."""
        info = self.path("info.json")
        info.write_text(json.dumps({"latency_samples": 1920, "embedded": "lite"}))
        for source, pauses in (("clean.wav", "-120.0"), ("noisy.wav", "-29.")):
            shutil.copy(self.path(source), self.path("enhanced.wav"))
            text = run("demo_report.py", self.path(""), "0.735", info)
            line = next(line for line in text.splitlines() if line.startswith("level in pauses"))
            self.assertTrue(line.split()[4].startswith(pauses), line)
            self.assertIn("model: lite, the one inside the tool", text)
            self.assertIn("real-time factor 0.100", text)
            self.assertIn("1920 samples (40 ms)", text)

    def test_picture(self):
        picture = self.folder / "p.png"
        run("spectrogram.py", picture, self.path("clean.wav"))
        data = picture.read_bytes()
        self.assertEqual(data[:8], b"\x89PNG\r\n\x1a\n")
        at, kinds, pixels = 8, [], b""
        while at < len(data):
            size, kind = struct.unpack(">I4s", data[at:at + 8])
            body = data[at + 8:at + 8 + size]
            self.assertEqual(struct.unpack(">I", data[at + 8 + size:at + 12 + size])[0],
                             zlib.crc32(kind + body))
            pixels += body if kind == b"IDAT" else b""
            kinds.append(kind)
            at += 12 + size
        self.assertEqual(kinds, [b"IHDR", b"PLTE", b"IDAT", b"IEND"])
        rows = zlib.decompress(pixels)
        self.assertGreater(len(set(rows)), 40, "one colour only")


if __name__ == "__main__":
    unittest.main()
