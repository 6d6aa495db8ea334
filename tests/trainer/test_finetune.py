"""dfnet4-train finetune from recordings to a model: on a network too small to be good, since
what is tested is that scores, verdict and files belong together."""
import array
import json
import math
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
import wave

PROGRAM, TINY, QUANTISER = map(os.path.abspath, sys.argv[1:4])
RATE = 48000
NETWORK = """[df]
nb_erb = 8
nb_df = 8
df_order = 3
[deepfilternet4]
conv_ch = 4
emb_hidden_dim = 6
df_hidden_dim = 8
df_num_layers = 1
enc_linear_groups = 2
mamba_d_state = 3
use_time_branch = false
use_phase_branch = false
use_multi_res_df = false
"""
SHORT = ["--hours", "0.01", "-q", "-O", "train.seconds=1", "-O", "optim.batch=4", "-O", "train.validate_clips=4",
         "-O", "mix.rooms=1", "-O", "optim.lr=0.003"]


def noise(rng, seconds):
    """Louder every second, so that no two are alike."""
    second = [rng.randint(-3000, 3000) for _ in range(RATE)]
    return [x * (seconds + i) // (2 * seconds) for i in range(seconds) for x in second]


def voice(pitch, seconds):
    """Half a second of a buzz, half of nothing."""
    buzz = [int(9000 * math.sin(2 * math.pi * i / 12000) ** 2 * math.sin(2 * math.pi * pitch * i / RATE + math.sin(
        6 * math.pi * pitch * i / RATE))) if i < 24000 else 0 for i in range(RATE)]
    return buzz * seconds


class Finetune(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.mkdtemp(prefix="dfnet4-test-")
        cls.addClassCleanup(shutil.rmtree, cls.dir)
        rng = random.Random(1)
        cls.fan = noise(rng, 10)
        cls.sound("room/fan.wav", cls.fan)
        cls.sound("me/a.wav", voice(120, 8))
        cls.sound("me/b.wav", voice(130, 8))
        cls.sound("short/blip.wav", noise(rng, 2))
        rows = ["path,kind,split,speaker"]
        for i, split in enumerate(("train", "train", "valid")):
            cls.sound(f"data/speech{i}.wav", voice(100 + 40 * i, 4))
            cls.sound(f"data/noise{i}.wav", noise(rng, 4))
            rows += [f"speech{i}.wav,speech,{split},p{i}", f"noise{i}.wav,noise,{split},"]
        rows.append("gone.wav,speech,train,p9")
        with open(cls.path("data/list.csv"), "w") as f:
            f.write("\n".join(rows) + "\n")
        subprocess.run([TINY, cls.path("tiny.safetensors"), NETWORK], check=True)

    @classmethod
    def path(cls, name):
        return os.path.join(cls.dir, name)

    @classmethod
    def sound(cls, name, samples):
        os.makedirs(os.path.dirname(cls.path(name)), exist_ok=True)
        with wave.open(cls.path(name), "wb") as f:
            f.setnchannels(1)
            f.setsampwidth(2)
            f.setframerate(RATE)
            f.writeframes(array.array("h", samples).tobytes())

    def run_it(self, *args, code=0):
        r = subprocess.run([PROGRAM, "finetune", *args], cwd=self.dir, capture_output=True, text=True, timeout=600,
                           env=dict(os.environ, XDG_CACHE_HOME=self.dir))
        self.assertEqual(r.returncode, code, r.stdout + r.stderr)
        return r

    def metadata(self, name):
        with open(self.path(name), "rb") as f:
            return json.loads(f.read(struct.unpack("<Q", f.read(8))[0]))["__metadata__"]

    def piece(self, name):
        with open(self.path("runs/mine/own/" + name), "rb") as f:
            data = f.read()
        at = data.index(b"data")
        size, = struct.unpack("<I", data[at + 4:at + 8])
        return array.array("f", data[at + 8:at + 8 + size])

    def losses(self, out):
        """Before and after, of each table."""
        rows = [line.split() for line in out.splitlines() if line.startswith(("  before", "  after"))]
        return [float(row[1]) for row in rows]

    def test_own_recordings(self):
        args = ["--model", "tiny.safetensors", "--noise", "room", "--voice", "me", "-o", "mine.safetensors", *SHORT]
        r = self.run_it(*args)
        before, after = self.losses(r.stdout)
        self.assertLess(after, before)
        self.assertIn("Better for your recordings", r.stdout)
        self.assertIn("are little", r.stderr)  # 2 s of noise to validate with
        about = self.metadata("mine.safetensors")
        self.assertEqual(about["finetuned_from"], "tiny.safetensors")
        self.assertEqual(about["finetuned_hours"], "0.01")
        self.assertIn(f"loss {after:.5g},", about["validation"])
        self.assertIn(f"loss {before:.5g},", about["validation_before"])
        self.assertEqual(len(about["recipe_sha256"]), 64)
        self.assertEqual(about["config"], self.metadata("tiny.safetensors")["config"])
        # nothing is in both splits
        pieces = sorted(os.listdir(self.path("runs/mine/own")))
        self.assertEqual(len(pieces), 6)
        whole = array.array("f", [x / 32768 for x in self.fan])
        self.assertTrue(self.piece("noise-2-train.wav") == whole[:int(7.5 * RATE)], "noise-2-train.wav")
        self.assertTrue(self.piece("noise-2-valid.wav") == whole[8 * RATE:], "noise-2-valid.wav")
        # again: nothing left to do, and the same comes out
        with open(self.path("mine.safetensors"), "rb") as f:
            first = f.read()
        again = self.run_it(*args)
        self.assertEqual(self.losses(again.stdout), [before, after])
        with open(self.path("mine.safetensors"), "rb") as f:
            self.assertEqual(f.read(), first)
        # the folder belongs to these recordings
        args[3] = "data"
        self.assertIn("other recordings", self.run_it(*args, code=1).stderr)

    def test_not_better(self):
        still = ["-O", "optim.lr=1e-12", "-O", "optim.lr_min=1e-12", "-O", "optim.warmup_lr=0"]
        args = ["--model", "tiny.safetensors", "--noise", "room", "--data", "data/list.csv", "-o", "same.safetensors",
                *SHORT, *still]
        r = self.run_it(*args)
        own_before, own_after, before, after = self.losses(r.stdout)
        self.assertEqual((own_before, before), (own_after, after))
        self.assertNotEqual(own_before, before)
        self.assertIn("the loss is as it was", r.stdout)
        self.assertIn("list.csv:8: gone.wav: No such file", r.stderr)
        self.assertFalse(os.path.exists(self.path("same.safetensors")))
        self.run_it(*args, "--force")
        self.assertTrue(os.path.exists(self.path("same.safetensors")))
        with open(self.path("runs/same/own.csv")) as f:
            lines = f.read().splitlines()
        # one recording against two: drawn as often; noise of the collection's validation is not in it
        self.assertTrue(any("noise-0-train" in line and line.endswith(",2") for line in lines), lines)
        self.assertFalse(any("data/noise2" in line for line in lines))

    def test_mistakes(self):
        base = ["--model", "tiny.safetensors", "-o", "bad.safetensors"]
        for args, code, says in (
                (["--noise", "room"], 2, "a few minutes of your own voice"),
                (["--voice", "me"], 2, "--noise"),
                (["--noise", "nowhere", "--voice", "me"], 1, "nowhere"),
                (["--noise", "short", "--voice", "me"], 1, "too little noise"),
                (["--noise", "room", "--voice", "short"], 1, "too little speech"),
                (["--noise", "room", "--voice", "me", "-O", "optim.nonsense=1"], 1, "nonsense")):
            with self.subTest(args):
                r = self.run_it(*base, *args, code=code)
                self.assertIn(says, r.stderr)
        r = self.run_it("--noise", "room", "--voice", "me", "--model", "tiny.safetensors", "-o", "tiny.safetensors",
                        code=1)
        self.assertIn("tiny.safetensors", r.stderr)
        subprocess.run([TINY, self.path("big.safetensors"), NETWORK.replace("hidden_dim = 6", "hidden_dim = 64")], check=True)
        subprocess.run([QUANTISER, "quantize", "big.safetensors", "-o", "int8.safetensors"], cwd=self.dir, check=True,
                       capture_output=True)
        r = self.run_it("--noise", "room", "--voice", "me", "--model", "int8.safetensors", "-o", "x.safetensors",
                        code=1)
        self.assertIn("quantised", r.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
