"""A run that is better ended: it says why, keeps what it has, and ends the same when it is called
again."""

import train_support
from train_support import *


class Stops(train_support.Case):
    def ends(self, why, *options):
        """Its number of steps, of those that the recipe's hours would make."""
        r = self.train("run", *options)
        self.assertIn("stopped after", r.out + r.err)
        self.assertIn(why, r.out + r.err)
        first = self.log("run")
        again = self.train("run", *options)
        self.assertIn(why, again.out + again.err)
        self.assertEqual(self.log("run"), first)
        self.assertTrue(os.path.exists(os.path.join(self.dir, "run", "model.safetensors")))
        return len(self.losses("run"))

    def test_patience(self):
        """Steps far too large: the second validation is not better than the first, and so on."""
        steps = self.ends("validation has not improved", "-o", "train.patience=2", "-o", "optim.lr=0.5",
                          "-o", "optim.schedule=constant")
        self.assertLess(steps, 0.02 * 3600 / 0.5 / 4)

    def test_gradients_that_are_not_finite(self):
        """Larger than any number: every step is skipped and counted, until there are too many."""
        steps = self.ends("not finite", "-o", "train.nan_limit=3", "-o", "loss.si_sdr=1e6", "-o", "loss.spectral=1e6",
                          "-o", "optim.lr=1", "-o", "optim.clip=0", "-o", "optim.warmup=0",
                          "-o", "optim.schedule=constant")
        with open(os.path.join(self.dir, "run", "log.jsonl")) as f:
            skipped = [s["skipped"] for s in map(json.loads, f) if s["kind"] == "train"]
        self.assertEqual(skipped[-1] - (skipped[-4] if steps > 3 else 0), 3)


if __name__ == "__main__":
    train_support.main()
