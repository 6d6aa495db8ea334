"""The number of threads changes the time that a run takes, nothing else."""

import train_support
from train_support import *


class Threads(train_support.Case):
    def test_same_model(self):
        """Shards are summed in one order, so that not even a rounding differs."""
        runs = (("one", 1, 1), ("two", 2, 2), ("four", 4, 0), ("many", 3, 5))
        for run, threads, loaders in runs:
            self.train(run, "-o", "optim.batch=0/8,1/6", "-o", f"train.threads={threads}",
                       "-o", f"train.loader_threads={loaders}", "--stop-after=14")
        for run, _, _ in runs[1:]:
            self.assertEqual(self.log(run), self.log("one"), run)
            self.assertEqual(self.tensors(run, "last.ckpt"), self.tensors("one", "last.ckpt"), run)
            self.assertEqual(self.read(run, "best-1.safetensors"), self.read("one", "best-1.safetensors"))
        self.assertEqual(len(self.losses("one")), 14)


if __name__ == "__main__":
    train_support.main()
