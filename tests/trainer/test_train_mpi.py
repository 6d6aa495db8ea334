"""Several processes train one network, each on its part of every batch."""

import train_support
from train_support import *

MPIRUN = shutil.which("mpirun")
STEPS = 10

# In a container: root is all there is, processes may not read each other's memory, there is no
# ssh, and a process that waits must leave the processor to the others.
ENVIRONMENT = {
    "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "OMPI_MCA_btl_vader_single_copy_mechanism": "none", "OMPI_MCA_btl": "self,vader",
    "OMPI_MCA_plm": "isolated", "OMPI_MCA_rmaps_base_oversubscribe": "1",
    "OMPI_MCA_hwloc_base_binding_policy": "none", "OMPI_MCA_mpi_yield_when_idle": "1"}


@unittest.skipUnless(MPIRUN, "there is no mpirun")
class Processes(train_support.Case):
    def setUp(self):
        super().setUp()
        self.env.update(ENVIRONMENT, TMPDIR=self.dir)

    def ranks(self, n, run, *args, code=0):
        return self.train(run, "-o", "train.threads=1", f"--stop-after={STEPS}", *args, code=code,
                          before=(MPIRUN, "-n", str(n)))

    def alone(self, run, *args):
        return self.train(run, "-o", "train.threads=1", f"--stop-after={STEPS}", *args)

    def test_one_shard_each(self):
        """The sum of two numbers has one rounding, wherever it is made."""
        self.alone("one")
        self.ranks(2, "two")
        self.assertEqual(self.log("two"), self.log("one"))
        self.assertEqual(len(self.losses("two")), STEPS)
        self.assertEqual(self.tensors("two", "last.ckpt"), self.tensors("one", "last.ckpt"))

    def test_several_shards_each(self):
        """Gradients are summed in another order, so that they differ by some roundings, 2^-24 of
        their size. Steps of AdamW do not depend on that size: where a gradient is small because
        shards disagree, the part of it that is rounding is larger, 2^-24 times the square root
        of the number of weights if all are alike. Each of ten steps adds as much. What the
        processes must not confuse changes a loss by more than a hundredth: which examples, how
        often each counts."""
        options = ("-o", "optim.batch=0/8,1/12", "-o", "train.seconds=0.25")
        self.alone("one", *options)
        self.ranks(2, "two", *options)
        one, two = self.losses("one"), self.losses("two")
        self.assertEqual(len(two), STEPS)
        self.assertAlmostEqual(one[0], two[0], delta=1e-12)  # means in double of the same numbers
        worst = max(abs(a / b - 1) for a, b in zip(one, two))
        print(f"losses differ by {worst:.2g} at most", file=sys.stderr)
        self.assertLess(worst, 10 * 2**-24 * 20000**0.5)

    def test_goes_on_with_another_number(self):
        self.alone("one", "--stop-after=5")
        self.ranks(2, "two", "--stop-after=3")
        self.alone("two", "--stop-after=2")
        self.assertEqual(self.log("two"), self.log("one"))

    def test_batch_that_cannot_be_divided(self):
        r = self.ranks(3, "three", code=1)
        says = [l for l in r.err.splitlines() if l.startswith("dfnet4-train: ")]
        self.assertEqual(len(says), 1, r.err)
        for text in ("a batch of 4 clips", "3 processes", "shards of 2 clips", "optim.batch"):
            self.assertIn(text, says[0])

    def test_one_that_is_killed_ends_all(self):
        p = self.start("recipe.ini", "-q", "-r", "run", "-o", "train.hours=1000", "-o",
                       "train.threads=1", before=(MPIRUN, "-n", "2"))
        self.wait_for(p, "run", 3)
        children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(p.pid)], capture_output=True,
                                  text=True).stdout.split()
        self.assertEqual(len(children), 2)
        os.kill(int(children[1]), 9)
        self.finish(p, None)
        self.assertNotEqual(p.returncode, 0)
        self.ranks(2, "run", "--stop-after=1")


if __name__ == "__main__":
    train_support.main()
