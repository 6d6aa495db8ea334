"""What the command line tests share: the program, a small model, sound files.

The programs come from the environment: DFNET4 (under test), DFNET4_NONE (the same without a
default model), DFNET4_SOUND and DFNET4_TINY (see sound.c and tiny.c)."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

PROGRAM = os.environ["DFNET4"]
SOUND = os.environ["DFNET4_SOUND"]
TINY = os.environ["DFNET4_TINY"]
DEFAULT = os.environ.get("DFNET4_DEFAULT")  # the file that is inside the program, if there is one

# libsndfile's numbers
WAV, AIFF, AU, W64, FLAC, CAF, OGG, MPEG, RF64, WAVEX, VOC, NIST = (
    0x010000, 0x020000, 0x030000, 0x0B0000, 0x170000, 0x180000, 0x200000, 0x230000, 0x220000,
    0x130000, 0x080000, 0x070000)
S8, PCM_16, PCM_24, PCM_32, U8, FLOAT, DOUBLE = 1, 2, 3, 4, 5, 6, 7
ULAW, ALAW, IMA, MS_ADPCM, GSM = 0x10, 0x11, 0x12, 0x13, 0x20
VORBIS, OPUS, ALAC_16, ALAC_24, ALAC_32, MP3 = 0x60, 0x64, 0x70, 0x72, 0x73, 0x82
LITTLE, BIG = 0x10000000, 0x20000000


class Case(unittest.TestCase):
    """A test in a folder of its own, with a model in it."""

    def setUp(self):
        self.dir = os.path.realpath(tempfile.mkdtemp(prefix="dfnet4-test-"))
        os.chmod(self.dir, 0o755)
        self.addCleanup(shutil.rmtree, self.dir)
        self.model = self.path("tiny.safetensors")
        subprocess.run([TINY, self.model], check=True)
        self.env = dict(os.environ, DFNET4_MODEL=self.model, HOME=self.dir)

    def no_model_env(self):
        """An environment that names no model, and has no folder with one but the system's."""
        env = {k: v for k, v in self.env.items() if k not in ("DFNET4_MODEL", "XDG_DATA_HOME")}
        env["XDG_DATA_DIRS"] = self.path("none")
        return env

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def folder(self, *names):
        os.makedirs(self.path(*names), exist_ok=True)
        return self.path(*names)

    def make(self, name, frames=9600, form=WAV | PCM_16, rate=48000, channels=1, kind="tones"):
        """A sound file; its path."""
        subprocess.run([SOUND, "make", self.path(name), str(form), str(rate), str(channels),
                        str(frames), kind], check=True)
        return self.path(name)

    def write(self, name, data):
        with open(self.path(name), "wb") as f:
            f.write(data)
        return self.path(name)

    def read(self, name):
        with open(self.path(name), "rb") as f:
            return f.read()

    def dfnet4(self, *args, code=0, **options):
        """Run the program, check its exit code and that errors are whole lines; the result."""
        options.setdefault("env", self.env)
        options.setdefault("cwd", self.dir)
        program = options.pop("program", PROGRAM)
        r = subprocess.run([program, *map(os.fspath, args)], stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=100, **options)
        r.out, r.err = (t.decode("utf-8", "replace") for t in (r.stdout, r.stderr))
        self.assertEqual(r.returncode, code, f"{args}: {r.out}{r.err}")
        for line in r.err.splitlines():
            self.assertTrue(line.startswith("dfnet4: "), line)
        return r

    def fails(self, *args, says, code=1, **options):
        """The program fails with one line that holds every text of `says`."""
        r = self.dfnet4(*args, code=code, **options)
        self.assertEqual(len(r.err.splitlines()), 1, r.err)
        for text in [says] if isinstance(says, str) else says:
            self.assertIn(text, r.err)
        return r

    def show(self, path):
        return json.loads(subprocess.check_output([SOUND, "show", path]))

    def compare(self, a, b):
        return json.loads(subprocess.check_output([SOUND, "compare", a, b]))

    def tree(self, *names):
        """Every file below a folder, hidden ones too, as relative paths."""
        top = self.path(*names)
        return sorted(os.path.relpath(os.path.join(d, f), top)
                      for d, _, files in os.walk(top) for f in files)


def main():
    """Run the calling file's tests; exit 77 if they were skipped: all of them or none."""
    result = unittest.main(exit=False, verbosity=2).result
    skipped = len(result.skipped)
    if not result.wasSuccessful() or result.testsRun == 0 or 0 < skipped < result.testsRun:
        sys.exit(1)
    sys.exit(77 if skipped else 0)
