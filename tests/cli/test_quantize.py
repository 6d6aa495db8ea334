"""dfnet4 quantize: the file it writes runs as the report says; what it cannot use, it refuses."""

import math
import signal
import struct
import time

import support
from support import *


def floats(path):
    """Samples of a float WAV file."""
    with open(path, "rb") as f:
        data = f.read()
    at = 12
    while data[at:at + 4] != b"data":
        at += 8 + struct.unpack_from("<I", data, at + 4)[0]
    size = struct.unpack_from("<I", data, at + 4)[0]
    return struct.unpack_from(f"<{size // 4}f", data, at + 8)


def fade(path):
    """By 80 dB from begin to end, so that there are segments to leave out."""
    x = floats(path)
    with open(path, "r+b") as f:
        f.seek(-4 * len(x), os.SEEK_END)
        f.write(struct.pack(f"<{len(x)}f", *(v * 1e-4 ** (i / len(x)) for i, v in enumerate(x))))


def segmental(want, got, segment):
    """As the man page defines it."""
    each = []
    for i in range(0, len(want) - segment + 1, segment):
        energy = sum(x * x for x in want[i:i + segment])
        error = sum((x - y) ** 2 for x, y in zip(want[i:i + segment], got[i:i + segment]))
        if energy >= 1e-6 * segment:
            each.append(min(60, max(-10, 10 * math.log10(energy / (error + 1e-30)))))
    return sum(each) / len(each), len(each)


class Quantize(support.Case):
    def setUp(self):
        super().setUp()
        self.big = self.path("big.safetensors")
        subprocess.run([TINY, self.big, "full"], check=True)
        self.talk = self.make("talk.wav", frames=72000, form=WAV | FLOAT)
        fade(self.talk)
        self.assertEqual(len(floats(self.talk)), 72000)

    def report(self, *args, **options):
        return json.loads(self.dfnet4("quantize", "--json", *args, **options).out)

    def test_runs_as_reported(self):
        for precision, target in (("int8", 0), ("bf16", 0)):
            with self.subTest(precision):
                r = self.report("--precision", precision, f"--target-db={target}", "--calibrate", self.talk, self.big)
                out = self.path(f"big-{precision}.safetensors")
                self.assertEqual((r["output"], r["written"], r["precision"]), (out, True, precision))
                self.assertEqual((r["layers_kept"], r["calibration"]["seconds"]), (0, 1.5))
                self.assertLess(os.path.getsize(out), 0.8 * os.path.getsize(self.big))
                self.assertEqual(r["quantised"]["file_bytes"], os.path.getsize(out))
                self.assertLess(r["quantised"]["packed_bytes"], r["float32"]["packed_bytes"])
                self.assertGreater(r["quantised"]["hop_us"], 0)
                formats = {l["format"] for l in r["layers"]}
                few = {l["format"] for l in r["layers"] if l["reason"] == "few inputs"}
                self.assertEqual(few, {"bf16"} if precision == "int8" else set())
                self.assertEqual(formats, {precision, "float32"} | few)
                sound = {}
                for name, model in (("f32", self.big), (precision, out)):
                    self.dfnet4("enhance", "-f", "-m", model, "-o", name + ".wav", self.talk)
                    sound[name] = floats(self.path(name + ".wav"))
                db, n = segmental(sound["f32"], sound[precision], 960)
                print(f"{precision}: {db:.3f} dB, reported {r['segmental_snr_db']:.3f} dB")
                self.assertEqual(n, r["segments"])
                self.assertTrue(30 < n < 70, n)  # of 75
                self.assertAlmostEqual(db, r["segmental_snr_db"], delta=0.01)
                self.assertTrue(5 < db < 59.9, db)
                self.assertTrue(0 < r["log_spectral_distance_db"] < 20)
                row = json.loads(self.dfnet4("bench", "--json", "--mode=hot", "--seconds=0.1", out).out)[0]
                self.assertEqual(row["precision"], precision)
                about = json.loads(self.dfnet4("info", "--json", out).out)["metadata"]
                self.assertEqual((about["licence"], about["source"]), ("none", "chance"))
                self.fails("quantize", out, "-o", "again.safetensors", says=[out, "quantised already"])

    def test_layers_that_lose_too_much(self):
        """A target just above what int8 reaches: the worst layer alone is the first to be kept."""
        short = self.make("short.wav", frames=24000)
        r = self.report("--target-db=0", "--calibrate", short, self.big)
        target = math.floor(10 * r["segmental_snr_db"]) / 10 + 0.3
        r = self.report("-f", f"--target-db={target}", "--calibrate", short, self.big)
        kept = [l for l in r["layers"] if l["reason"].startswith("kept")]
        taken = [l for l in r["layers"] if l["format"] == "int8"]
        self.assertTrue(r["written"] and kept and taken, r["layers"])
        self.assertEqual(len(kept), r["layers_kept"])
        self.assertGreaterEqual(r["segmental_snr_db"], target)
        self.assertLessEqual(max(l["snr_db"] for l in kept), min(l["snr_db"] for l in taken))
        for l in kept:
            self.assertEqual(l["reason"], f"kept in bf16: {l['snr_db']:.1f} dB alone")
        self.assertTrue(any(l["reason"] == "too small" and l["snr_db"] is None for l in r["layers"]))

    def test_no_target_no_file(self):
        short = self.make("short.wav", frames=12000, rate=16000, channels=2)
        r = self.fails("quantize", "--json", "--target-db=59", "--calibrate", short, self.model,
                       says=[self.model, "59 dB", "no layer in int8", "nothing is written"])
        r = json.loads(r.out)
        self.assertEqual((r["written"], r["quantised"]["file_bytes"]), (False, None))
        self.assertNotIn("int8", [l["format"] for l in r["layers"]])
        self.assertEqual(self.tree(), ["big.safetensors", "short.wav", "talk.wav", "tiny.safetensors"])

    @unittest.skipUnless(DEFAULT, "built without a default model")
    def test_embedded(self):
        """By its name: the file that its own file gives, in the current folder."""
        args = ("--target-db=0", "--calibrate", self.make("short.wav", frames=24000))
        self.write("lite", b"a file of its name is ./lite")
        named = self.report(*args, "lite")
        self.assertEqual((named["model"], named["output"]), ("lite", "lite-int8.safetensors"))
        self.assertEqual((named["written"], named["float32"]["file_bytes"]), (True, None))
        file = self.report(*args, "-o", "file.safetensors", DEFAULT)
        self.assertEqual(file["float32"]["file_bytes"], os.path.getsize(DEFAULT))
        self.assertEqual(self.read("lite-int8.safetensors"), self.read("file.safetensors"))
        self.fails("quantize", *args, "lite", says=["lite-int8.safetensors", "exists already", "--force"])
        self.fails("quantize", *args, "-f", "-o", self.dir, "lite", says="is a folder")
        text = self.dfnet4("quantize", *args, "-f", "lite").out
        self.assertRegex(text, r"(?m)^float32 +- +\d+ ")

    def test_text(self):
        out = self.dfnet4("quantize", "--target-db=0", self.big).out
        for text in ("lossless enough", "Segmental SNR", "20.0 s of made-up"):
            self.assertIn(text, out)
        for line in out.splitlines():
            self.assertLessEqual(len(line), 80, line)
        self.fails("quantize", self.big, says=["big-int8.safetensors", "exists already", "--force"])
        self.folder("in")
        os.rename(self.talk, self.path("in", "talk.wav"))
        r = self.dfnet4("quantize", "-fq", "--target-db=0", "--calibrate", "in", self.big)
        self.assertEqual((r.out, r.err), ("", ""))

    def test_refused(self):
        before = self.tree()
        empty, silent = self.make("empty.wav", frames=0), self.make("silent.wav", kind="zeros")
        junk, none = self.write("junk.wav", b"junk" * 100), self.folder("none")
        self.write("junk.safetensors", b"junk" * 100)
        small = self.path("small.safetensors")
        subprocess.run([TINY, small, "[deepfilternet]\nconv_ch = 8\nemb_hidden_dim = 16\ndf_hidden_dim = 16"],
                       check=True)
        for args, says in (
                (["missing.safetensors"], ["missing.safetensors", "No such file"]),
                (["junk.safetensors"], "junk.safetensors"),
                ([small], [small, "too small"]),
                (["--calibrate", none, self.big], [none, "no sound files"]),
                (["--calibrate", junk, self.big], junk),
                (["--calibrate", "gone.wav", self.big], ["gone.wav", "No such file"]),
                (["--calibrate", empty, self.big], [empty, "no samples"]),
                (["--calibrate", silent, self.big], "silent"),
                (["-f", "-o", self.big, self.big], "source itself"),
                (["-o", self.dir, self.big], "is a folder"),
                (["--target-db=0", "-o", "no/where.safetensors", "--calibrate", self.talk, self.big], "no/where")):
            with self.subTest(" ".join(args)):
                self.fails("quantize", *args, says=says)
        made = {"empty.wav", "silent.wav", "junk.wav", "junk.safetensors", "small.safetensors"}
        self.assertEqual(set(self.tree()) - made, set(before))

    def test_interrupted(self):
        before = self.tree()
        p = subprocess.Popen([PROGRAM, "quantize", "--target-db=59", self.big], env=self.env, cwd=self.dir,
                             stderr=subprocess.DEVNULL)
        time.sleep(0.2)
        p.send_signal(signal.SIGINT)
        self.assertEqual(p.wait(timeout=60), -signal.SIGINT)
        self.assertEqual(self.tree(), before)


if __name__ == "__main__":
    support.main()
