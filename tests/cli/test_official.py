"""The official model on real recordings: skipped where $DFN_SHARED has none, or failed if
$DFN_REQUIRE_SHARED is set."""

import tarfile

import support
from support import *

SHARED = os.environ.get("DFN_SHARED", "")
OFFICIAL = os.path.join(SHARED, "models", "dfnet3")
CLIPS = os.path.join(SHARED, "data", "eval", "dev")


class Official(support.Case):
    def setUp(self):
        super().setUp()
        for path in (OFFICIAL, CLIPS):
            if not os.path.isdir(path):
                (self.fail if os.environ.get("DFN_REQUIRE_SHARED") else self.skipTest)(f"no {path}")
        self.model = self.path("dfnet3.safetensors")
        r = self.dfnet4("import", OFFICIAL, "-o", self.model)
        self.assertIn(self.model + ": deepfilternet3, ", r.out)
        self.env["DFNET4_MODEL"] = self.model

    def test_import_again(self):
        before = self.read("dfnet3.safetensors")
        self.fails("import", OFFICIAL, "-o", self.model, says="exists already")
        with tarfile.open(self.path("DeepFilterNet3_onnx.tar.gz"), "w:gz") as t:
            t.add(OFFICIAL, "tmp/export")
        self.write("dfnet3.safetensors", b"old")
        self.dfnet4("import", "--force", "DeepFilterNet3_onnx.tar.gz", "-o", self.model)
        self.assertEqual(self.read("dfnet3.safetensors"), before)

    def test_info(self):
        info = json.loads(self.dfnet4("info", "--json").out)
        self.assertEqual(info["latency_samples"], 1920)
        self.assertEqual((info["erb_bands"], info["df_bins"], info["df_order"]), (32, 96, 5))
        # as published, 2.1 million
        self.assertTrue(2.0e6 < info["parameters"] < 2.3e6, info["parameters"])
        self.assertIn("sha256", info["metadata"]["source"])
        for line in self.dfnet4("info").out.splitlines():
            if not line.startswith("file"):
                self.assertLessEqual(len(line), 80, line)

    def test_noise_is_reduced(self):
        """Closer to the clean speech than the noisy clip by far, and aligned with it."""
        for name in ("mix01_snrm5", "mix03_snrp5"):
            noisy, clean = (os.path.join(CLIPS, f"{name}_{k}.flac") for k in ("noisy", "clean"))
            out, soft = self.path(name + ".flac"), self.path(name + "-soft.flac")
            self.dfnet4("enhance", "-o", out, noisy)
            self.dfnet4("enhance", "--limit-db=6", "-o", soft, noisy)
            before, after, little = (self.compare(clean, f)["si_sdr"] for f in (noisy, out, soft))
            print(f"{name}: SI-SDR {before:.2f} dB -> {after:.2f} dB, limited to 6 dB {little:.2f} dB")
            self.assertGreater(after, before + 4)  # 11.6 and 5.8 dB when this was written
            self.assertTrue(before + 2 < little < after)
            self.assertEqual(self.compare(clean, out)["lag"], 0)
            a, b = self.show(noisy), self.show(out)
            self.assertEqual([a[k] for k in ("format", "rate", "channels", "frames")],
                             [b[k] for k in ("format", "rate", "channels", "frames")])


if __name__ == "__main__":
    support.main()
