"""The toy recipe, as its head says to use it: within a minute of two cores the loss of the
validation falls by half."""

import resource

import train_support
from train_support import *


class Toy(train_support.Case):
    def test_falls_by_half(self):
        source = os.environ["DFNET4_SOURCE"]
        subprocess.run([sys.executable, os.path.join(source, "tools", "make_toy_data.py"), "toy"],
                       cwd=self.dir, check=True)
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        # hours of audio as in the recipe, for the schedule; the first four validations
        self.train("run", "-o", "data.manifest=toy/manifest.csv", "-o", "data.cache=cache",
                   "--stop-after=185", recipe=os.path.join(source, "presets", "recipes", "toy.ini"))
        seconds = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
        valid = [l for l in self.log("run") if l["kind"] == "valid"]
        losses = [l["loss"] for l in valid]
        print(f"{seconds:.0f} s of CPU, validation {losses}, SI-SDR {valid[-1]['si_sdr']:.1f} dB",
              file=sys.stderr)
        self.assertEqual(len(losses), 4)
        self.assertLess(losses[-1], losses[0] / 2)
        self.assertGreater(valid[-1]["si_sdr"], valid[-1]["si_sdr_noisy"])
        self.assertLess(seconds, 120)


if __name__ == "__main__":
    train_support.main()
