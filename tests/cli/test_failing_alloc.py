"""Each allocation of ours made to fail in turn: one line, exit code 1, nothing left behind -
or, where it can be done without, all as ever."""

import shutil

import support
from support import *

support.PROGRAM = os.environ["DFNET4_FAILING"]


class FailingAlloc(support.Case):
    def each(self, *args, step=1):
        """Allocation after allocation of a run, or each step-th. The run after the last of them
        goes well again."""
        self.dfnet4(*args)
        good = self.tree()
        at, failed, well = -1, 0, 0
        while well < 5:  # cues and the like may be left out, but not so many in a row
            at += step
            self.assertLess(at, 2000 * step)
            shutil.rmtree(self.path("out"), ignore_errors=True)
            if os.path.exists(self.path("out.safetensors")):
                os.remove(self.path("out.safetensors"))
            r = subprocess.run([support.PROGRAM, *args], env={**self.env, "FAIL_AT": str(at)},
                               cwd=self.dir, capture_output=True, text=True)
            if r.returncode == 0:
                well += 1
                self.assertEqual((r.stderr, self.tree()), ("", good))
                continue
            well = 0
            failed += 1
            self.assertEqual(r.returncode, 1, f"{at}: {r.stderr}")
            self.assertRegex(r.stderr, "^dfnet4: .*(memory|Cannot allocate).*\n$", at)
            self.assertEqual([f for f in self.tree() if f.startswith("out")], [])
        print(f"{args[0]}: {failed} allocations failed well")
        self.assertGreater(failed, 100)  # the model's alone are more

    def test_enhance(self):
        self.folder("in")
        self.make("in/a.wav", rate=44100, channels=2)
        self.each("enhance", "-j", "1", "--json", "-o", "out", "in")

    def test_info(self):
        self.each("info", "--json")

    def test_info_of_a_configuration(self):
        self.write("a.ini", b"[deepfilternet]\nconv_ch = 8\n")
        self.each("info", "--dot", "--config=a.ini")

    def test_quantize(self):
        """Most of a thousand are those of loading, as above: some will do."""
        config = "[deepfilternet]\nconv_ch = 8\nemb_hidden_dim = 64\ndf_hidden_dim = 64\n"
        subprocess.run([TINY, self.path("big.safetensors"), config], check=True)
        self.make("talk.wav")
        self.each("quantize", "--json", "--target-db=0", "--calibrate=talk.wav", "-o", "out.safetensors",
                  "big.safetensors", step=7)


if __name__ == "__main__":
    support.main()
