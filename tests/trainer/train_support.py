"""What the tests of the tool dfnet4-train share: recordings, a tiny network, a recipe, runs.

The program comes from the environment: DFNET4_TRAIN."""

import array
import functools
import io
import json
import math
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import wave

PROGRAM = os.environ["DFNET4_TRAIN"]
RATE = 48000
# The busiest machine needs this long for what a quiet one does in a second or two.
PATIENCE = float(os.environ.get("DFN_PATIENCE", "200"))

# The parts of every network, as small as they get: a step takes some milliseconds.
NETWORK = """[train]
model = deepfilternet4
[deepfilternet4]
model_variant = lite
conv_ch = 8
emb_hidden_dim = 32
emb_num_layers = 2
df_hidden_dim = 32
df_num_layers = 1
enc_linear_groups = 4
linear_groups = 4
mamba_d_state = 4
"""

# Short clips, two shards in a batch, a validation now and then.
RECIPE = """[train]
model = tiny.ini
seconds = 0.5
shard_clips = 2
hours = 0.02
epoch_hours = 0.005
threads = 2
loader_threads = 1
validate_hours = 0.004
validate_clips = 4
checkpoint_seconds = 0.1
keep_best = 2
[optim]
batch = 4
lr = 0.002
warmup = 0.5
ema = 0.9
amsgrad = true
[data]
manifest = manifest.csv
cache = cache
[mix]
gap_s_max = 0.06
p_pause = 0
p_room = 0.2
rooms = 2
[loss]
spectral = 1
mask = 0.1
lsnr = 0.001
"""


def write_wav(path, samples):
    """Samples of full scale 1, 16 bits."""
    with wave.open(path, "wb") as f:
        f.setnchannels(1)
        f.setsampwidth(2)
        f.setframerate(RATE)
        f.writeframes(array.array("h", (int(32767 * x) for x in samples)).tobytes())


def write_float_wav(path, samples):
    data = struct.pack(f"<{len(samples)}f", *samples)
    head = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(data), b"WAVE", b"fmt ", 16, 3, 1, RATE,
                       4 * RATE, 4, 32, b"data", len(data))
    with open(path, "wb") as f:
        f.write(head + data)


def voice(seconds, pitch):
    """A buzz in syllables."""
    one = [0.0] * (RATE // pitch)
    for k in range(1, 16):
        for i in range(len(one)):
            one[i] += 0.1 / k * math.sin(2 * math.pi * k * i / len(one) + k * k)
    n = int(seconds * RATE)
    return [one[i % len(one)] * max(0.0, math.sin(2 * math.pi * 3 * i / RATE)) for i in range(n)]


def hiss(seconds, seed, smooth=0.5):
    rng, y, out = random.Random(seed), 0.0, []
    for _ in range(int(seconds * RATE)):
        y = smooth * y + (1 - smooth) * rng.uniform(-0.2, 0.2)
        out.append(y)
    return out


@functools.cache
def recordings():
    """name -> (file, line of the manifest without the name): four voices, four noises."""
    found = {}
    for i in range(4):
        split = "valid" if i == 3 else "train"
        for name, samples, row in ((f"voice{i}.wav", voice(2, 100 + 23 * i), f"speech,{split},v{i}"),
                                   (f"hiss{i}.wav", hiss(1, i, 0.2 * i), f"noise,{split},")):
            file = io.BytesIO()
            write_wav(file, samples)
            found[name] = file.getvalue(), row
    return found


class Case(unittest.TestCase):
    """A test in a folder of its own with recordings, tiny.ini and recipe.ini in it."""

    def setUp(self):
        self.dir = os.path.realpath(tempfile.mkdtemp(prefix="dfnet4-train-test-"))
        os.chmod(self.dir, 0o755)
        self.addCleanup(shutil.rmtree, self.dir)
        self.env = dict(os.environ, HOME=self.dir)
        self.write("tiny.ini", NETWORK)
        self.write("recipe.ini", RECIPE)
        self.rows = []
        for name, (data, row) in recordings().items():
            self.write(name, data)
            self.rows.append(f"{name},{row}")
        self.write_manifest()

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def write(self, name, data):
        with open(self.path(name), "wb") as f:
            f.write(data if isinstance(data, bytes) else data.encode())
        return self.path(name)

    def read(self, *names):
        with open(self.path(*names), "rb") as f:
            return f.read()

    def write_manifest(self, rows=None, name="manifest.csv"):
        return self.write(name, "\n".join(["path,kind,split,speaker", *(rows or self.rows)]) + "\n")

    def start(self, *args, before=(), **options):
        options.setdefault("env", self.env)
        return subprocess.Popen([*before, PROGRAM, *map(os.fspath, args)], cwd=self.dir,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, **options)

    def finish(self, process, code=0):
        """The end of a process: its exit code is checked, its texts are .out and .err."""
        try:
            out, err = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            self.fail(f"{process.args}: hangs: {out}{err}")
        process.out, process.err = (t.decode("utf-8", "replace") for t in (out, err))
        if code is not None:
            self.assertEqual(process.returncode, code, f"{process.args}: {process.out}{process.err}")
        return process

    def train(self, run, *args, code=0, recipe="recipe.ini", **options):
        """One run of the tool in a folder `run`."""
        return self.finish(self.start(recipe, "-q", "-r", run, *args, **options), code)

    def fails(self, run, *args, says, code=1, lines=1, **options):
        """The tool fails with whole lines, `lines` of them (None: any number), that hold every
        text of `says`."""
        r = self.train(run, *args, code=code, **options)
        for line in r.err.splitlines():
            self.assertTrue(line.startswith("dfnet4-train: "), line)
        if lines is not None:
            self.assertEqual(len(r.err.splitlines()), lines, r.err)
        for text in [says] if isinstance(says, str) else says:
            self.assertIn(text, r.err)
        return r

    def log(self, run):
        """The lines of a run's log without what depends on the time that it took."""
        lines = []
        for text in self.read(run, "log.jsonl").decode().splitlines():
            line = json.loads(text)
            for key in ("hours_per_hour", "loader_wait"):
                line.pop(key, None)
            lines.append(line)
        return lines

    def losses(self, run):
        """step -> loss of every training step; each is there once, in order."""
        found = [(l["step"], l["loss"]) for l in self.log(run) if l["kind"] == "train"]
        self.assertEqual([s for s, _ in found], list(range(1, len(found) + 1)))
        return [x for _, x in found]

    def tensors(self, *names):
        """Header and data of a safetensors file, without what tells of time."""
        data = self.read(*names)
        size = int.from_bytes(data[:8], "little")
        head = json.loads(data[8:8 + size])
        texts = head.pop("__metadata__", {})
        for key in ("progress", "sha256"):
            texts.pop(key, None)
        return head, texts, data[8 + size:]

    def lines(self, run):
        try:
            return self.read(run, "log.jsonl").count(b"\n")
        except FileNotFoundError:
            return 0

    def wait_for(self, process, run, lines):
        """Until the log has so many lines, or the process is over."""
        end = time.monotonic() + PATIENCE
        while self.lines(run) < lines and process.poll() is None:
            self.assertLess(time.monotonic(), end, "no progress")
            time.sleep(0.001)


def main():
    """Run the calling file's tests; exit 77 if they were skipped: all of them or none."""
    result = unittest.main(exit=False, verbosity=2).result
    skipped = len(result.skipped)
    if not result.wasSuccessful() or result.testsRun == 0 or 0 < skipped < result.testsRun:
        sys.exit(1)
    sys.exit(77 if skipped else 0)
