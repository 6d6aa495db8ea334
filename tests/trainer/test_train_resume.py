"""A run that was stopped at any point, in any way, goes on as if it had not been: the same losses
of every step and the same model, bit for bit."""

import signal

import train_support
from train_support import *

# A larger batch on the way: another number of shards from the same loader.
OPTIONS = ("-o", "optim.batch=0/4,1/8")


class Resume(train_support.Case):
    def reference(self):
        self.train("whole", *OPTIONS, "-o", "train.checkpoint_seconds=1e6", "-o", "train.threads=1")

    def compare(self, run):
        self.assertEqual(self.losses(run), self.losses("whole"))
        self.assertEqual(self.log(run), self.log("whole"))
        for name in ("best-1.safetensors", "best-2.safetensors", "model.safetensors"):
            self.assertEqual(self.read(run, name), self.read("whole", name), name)
        self.assertEqual(self.tensors(run, "last.ckpt"), self.tensors("whole", "last.ckpt"))
        self.assertEqual(self.read(run, "recipe.ini").count(b"\n"),
                         self.read("whole", "recipe.ini").count(b"\n"))

    def test_killed_ten_times(self):
        seed = int.from_bytes(os.urandom(4), "little")
        print(f"random seed {seed}", file=sys.stderr)
        rng = random.Random(seed)
        self.reference()
        whole = self.lines("whole")
        kills = 0
        for line in sorted(rng.sample(range(whole - 2), 10)):
            # a checkpoint after each step, so that many are cut off; the threads do not matter
            p = self.start("recipe.ini", "-r", "killed", *OPTIONS, "-o", "train.checkpoint_seconds=0",
                           "-o", f"train.threads={rng.choice((1, 2, 4))}")
            self.wait_for(p, "killed", line)
            time.sleep(rng.uniform(0, 0.05))
            p.kill()
            kills += self.finish(p, None).returncode == -signal.SIGKILL
        self.assertEqual(kills, 10)
        self.train("killed", *OPTIONS)
        self.compare("killed")

    def test_stopped_by_signals(self):
        """A signal: a checkpoint, exit code 0. The same for --stop-after."""
        self.reference()
        for number in (signal.SIGTERM, signal.SIGINT):
            p = self.start("recipe.ini", "-r", "run", *OPTIONS, "-o", "train.checkpoint_seconds=1e6")
            self.wait_for(p, "run", self.lines("run") + 4)
            p.send_signal(number)
            self.finish(p)
            self.assertIn("the same command goes on", p.out + p.err)
            step = self.step("run")
            self.assertEqual(len(self.losses("run")), step)
            self.assertGreaterEqual(step, 3)
        self.train("run", *OPTIONS, "--stop-after=1", "-o", "train.checkpoint_seconds=1e6")
        self.assertEqual(self.step("run"), step + 1)
        self.train("run", *OPTIONS)
        self.compare("run")
        again = self.train("run", *OPTIONS)  # there is nothing left to do
        self.assertIn("done", again.out + again.err)
        self.compare("run")

    def step(self, run):
        """Of its checkpoint."""
        data = self.read(run, "last.ckpt")
        head = json.loads(data[8:8 + int.from_bytes(data[:8], "little")])
        text = head["__metadata__"]["progress"]
        return int(next(l.split("=")[1] for l in text.splitlines() if l.split("=")[0].strip() == "step"))


if __name__ == "__main__":
    train_support.main()
