"""dfnet4 bench: figures that belong together, and clean ends. Never how fast it is."""

import pty
import re
import signal
import time

import support
from support import *

KEYS = {"model", "precision", "isa", "mode", "signal", "streams", "hops", "seconds", "hop_us_p50",
        "hop_us_p99", "hop_us_p999", "hop_us_max", "rtf", "preempted", "rss_kib", "load_ms", "instructions"}
SIGNALS = ["speech", "noise", "silence", "denormal", "loud", "nan"]


class Bench(support.Case):
    def setUp(self):
        super().setUp()
        self.tmp = self.folder("tmp")
        self.env["TMPDIR"] = self.tmp

    def tearDown(self):
        self.assertEqual(self.tree("tmp"), [], "a temporary model stays behind")

    def bench(self, *args, **options):
        return json.loads(self.dfnet4("bench", "--json", *args, **options).out)

    def plausible(self, row):
        self.assertLessEqual(KEYS, set(row))
        self.assertTrue(0 < row["hop_us_p50"] <= row["hop_us_p99"] <= row["hop_us_p999"] <= row["hop_us_max"], row)
        self.assertAlmostEqual(row["seconds"], row["hops"] / 100)
        # RTF is the mean of all hops over 10 ms: half of them are at least the median, and none
        # is above the worst
        mean = row["rtf"] * 1e4
        self.assertTrue(0.499 * row["hop_us_p50"] <= mean <= 1.001 * row["hop_us_max"], row)
        self.assertTrue(row["hop_us_p50"] * (row["hops"] // 2) / row["hops"] <= mean * 1.001, row)
        if row["instructions"] is not None:
            self.assertGreater(row["instructions"], 1000)
        self.assertGreater(row["load_ms"], 0)
        self.assertGreater(row["rss_kib"], 0)
        self.assertTrue(row["complete"])

    def test_one_model(self):
        rows = self.bench("--seconds=0.3", self.model)
        self.assertEqual([r["mode"] for r in rows], ["hot", "paced"])
        for r in rows:
            self.plausible(r)
            self.assertEqual((r["model"], r["precision"], r["signal"], r["streams"], r["hops"], r["ratio"],
                              r["random_weights"], r["stream_us_p50"]),
                             (self.model, "f32", "speech", 1, 30, 1, False, r["hop_us_p50"]))

    def test_many_hops(self):
        """Enough for each figure to have a place of its own."""
        row, = self.bench("--seconds=20", "--mode=hot", self.model)
        self.assertEqual(row["hops"], 2000)
        self.plausible(row)

    def test_preset(self):
        row, = self.bench("--seconds=0.1", "--mode=hot", "lite")
        self.plausible(row)
        self.assertEqual((row["model"], row["random_weights"]), ("lite", True))
        # its 361,137 float32 weights are mapped or copied, and all are read in the first hop
        self.assertGreater(row["rss_kib"], 361137 * 4 / 1024)

    def test_config(self):
        """A network that there is no model of yet: what it needs is that of its own weights."""
        text = self.dfnet4("info", "--template=lite").out
        large = re.sub(r"(?m)^(emb|df)_hidden_dim = 128$", r"\1_hidden_dim = 512", text)
        path = self.write("large.ini", large.encode())
        parameters = json.loads(self.dfnet4("info", "--json", "--config", path).out)["parameters"]
        self.assertGreater(parameters, 3e6)
        row, = self.bench("--seconds=0.1", "--mode=hot", path)
        self.plausible(row)
        self.assertEqual((row["model"], row["random_weights"]), (path, True))
        self.assertGreater(row["rss_kib"], parameters * 4 / 1024)

    def test_bad_config(self):
        text = self.dfnet4("info", "--template=lite").out
        bad = self.write("bad.ini", text.replace("conv_ch =", "conv_hc =").encode())
        line = text[:text.index("conv_ch =")].count("\n") + 1
        self.fails("bench", "--seconds=0.1", "--mode=hot", bad, says=f"{bad}:{line}: ")
        missing = self.path("missing.ini")
        self.fails("bench", "--seconds=0.1", "--mode=hot", missing, says=f"{missing}: No such file")

    def test_default_models(self):
        rows = self.bench("--seconds=0.1", "--mode=hot")
        self.assertEqual([r["model"] for r in rows], [self.model, "full", "lite"])
        del self.env["DFNET4_MODEL"]
        if not any(os.path.exists(d + "/dfnet4/default.safetensors") for d in ("/usr/share", "/usr/local/share")):
            rows = self.bench("--seconds=0.1", "--mode=hot")
            self.assertEqual([(r["model"], r["random_weights"]) for r in rows],
                             [("default", False)] * bool(DEFAULT) + [("full", True), ("lite", True)])

    def test_paced_keeps_time(self):
        """Twenty hops, one every 10 ms; the process sleeps in between."""
        start = time.monotonic()
        row, = self.bench("--mode=paced", "--seconds=0.2", self.model)
        self.assertEqual(row["hops"], 20)
        self.assertGreaterEqual(time.monotonic() - start, 0.2)

    def test_streams(self):
        for options in ([], ["--batch"]):
            row, = self.bench("--mode=hot", "--seconds=0.2", "--streams=4", *options, self.model)
            self.plausible(row)
            self.assertEqual((row["streams"], row["batch"]), (4, bool(options)))
            self.assertLess(row["stream_us_p50"], row["hop_us_p50"])
            self.assertLessEqual(row["stream_us_max"], row["hop_us_max"])
            check = self.assertIsNone if options else self.assertIsNotNone
            check(row["rss_kib_per_stream"])

    def test_hops_together(self):
        one, = self.bench("--mode=hot", "--seconds=2", "lite")
        row, = self.bench("--mode=hot", "--seconds=2", "--hops=16", "lite")
        self.plausible(row)
        self.assertEqual((one["hops_together"], row["hops_together"]), (1, 16))
        self.assertEqual((one["hops"], row["hops"]), (200, 208)) # whole sixteens: 12.5 of them, rounded
        # the time of one of them, not of all sixteen: at least as fast as alone, but for noise
        self.assertLess(row["hop_us_p50"], 3 * one["hop_us_p50"])
        start = time.monotonic()
        row, = self.bench("--mode=paced", "--seconds=0.32", "--hops=8", self.model)
        self.plausible(row)
        self.assertEqual(row["hops"], 32)
        self.assertGreaterEqual(time.monotonic() - start, 0.32)
        self.assertIn("; 8 hops at a time", self.dfnet4("bench", "--mode=hot", "--seconds=0.1", "--hops=8", self.model).out)
        self.fails("bench", "--ops", "--hops=2", self.model, says="--ops runs one hop at a time", code=2)

    def test_signals(self):
        rows = self.bench("--mode=hot", "--seconds=0.3", "--signal=all", self.model)
        self.assertEqual([r["signal"] for r in rows], SIGNALS)
        for r in rows:
            self.plausible(r)
            self.assertAlmostEqual(r["ratio"], r["hop_us_p50"] / rows[0]["hop_us_p50"], 6)
        row, = self.bench("--mode=hot", "--seconds=0.1", "--signal=loud", self.model)
        self.assertEqual((row["signal"], row["ratio"]), ("loud", 1))

    def test_precisions(self):
        rows = self.bench("--mode=hot", "--seconds=0.2", "--precision=all", "lite")
        self.assertEqual([r["precision"] for r in rows], ["f32", "bf16", "int8"])
        for r in rows:
            self.plausible(r)
        bytes = [self.bench("--ops", "--seconds=0.1", "--precision=" + p, "lite")[0]["total"]["weight_bytes"]
                 for p in ("f32", "bf16", "int8")]
        self.assertTrue(bytes[0] > 1.5 * bytes[1] > 2 * bytes[2], bytes)

    def test_compare(self):
        rows = self.bench("--mode=hot", "--seconds=0.3", "--cpu=none", "--compare=detect", self.model)
        self.assertEqual((len(rows), rows[0]["isa"], rows[0]["hops"], rows[1]["hops"]), (2, "none", 30, 30))
        have = subprocess.run([PROGRAM, "bench", "--cpu=neon+vnni"], capture_output=True, text=True).stderr
        self.assertRegex(have, f"lacks .*; it has {re.escape(rows[1]['isa'])};|portable C only")
        self.assertAlmostEqual(rows[1]["ratio"], rows[1]["hop_us_p50"] / rows[0]["hop_us_p50"], 6)

    def test_ops(self):
        """Every node with its work; the parts add up to the totals, and those to the model's."""
        row, = self.bench("--ops", "--seconds=0.5", "lite")
        info = json.loads(self.dfnet4("info", "--json", "--preset=lite").out)
        total = row["total"]
        for parts in (row["ops"], row["kinds"]):
            for key in ("us", "macs", "weight_bytes", "calls", "floor_us"):
                self.assertAlmostEqual(sum(p[key] for p in parts) / total[key], 1, 6)
            self.assertAlmostEqual(sum(p["share"] for p in parts), 1, 6)
            times = [p["us"] for p in parts]
            self.assertEqual(times, sorted(times, reverse=True))
        for p in row["ops"]:
            self.assertEqual(p["calls"], 1)
            self.assertAlmostEqual(p["gops"] * p["us"] * 1e3, 2 * p["macs"], delta=1e-6 * p["macs"] + 1e-9)
            self.assertAlmostEqual(p["gb_s"] * p["us"] * 1e3, p["weight_bytes"],
                                   delta=1e-6 * p["weight_bytes"] + 1e-9)
        self.assertEqual(total["macs"], info["macs_per_hop"])
        # packed weights are padded to whole tiles
        self.assertTrue(1 <= total["weight_bytes"] / 4 / info["parameters"] < 1.2, total)
        self.assertEqual({p["name"] for p in row["ops"] if p["op"] == "signal"}, {"analysis", "hand on", "synthesis"})
        self.assertLessEqual({"linear", "conv2d", "selective_scan"}, {k["op"] for k in row["kinds"]})
        # both medians come from hops in turn: a stream does what the nodes do, and a little more
        self.assertTrue(0.2 < total["us"] / row["hop_us_p50"] < 5, total["us"])
        self.check_peaks(row["peaks"])

    def check_peaks(self, peaks):
        self.assertEqual(peaks["multiply"][0]["isa"], "none")
        for m in peaks["multiply"]:
            self.assertGreater(m["gops"], 0)
        self.assertEqual(list(peaks["read_gb_s"]), ["L1", "L2", "L3", "memory"])
        for speed in peaks["read_gb_s"].values():
            self.assertGreater(speed, 0)

    def test_peaks(self):
        row, = self.bench("--peaks", "--mode=hot", "--seconds=0.1", self.model)
        self.plausible(row)
        self.check_peaks(row["peaks"])

    def test_ops_as_text(self):
        r = self.dfnet4("bench", "--ops", "--mode=paced", "--seconds=0.1", "--streams=2", self.model)
        self.assertRegex(r.out, "(?m), paced, .*, 2 streams$")
        for head in ("  NODE ", "  KIND ", "  total ", "one core at its best"):
            self.assertEqual(r.out.count("\n" + head), 1, head)
        for line in r.out.splitlines()[3:]:
            self.assertLessEqual(len(line), 79, line)

    def test_text(self):
        r = self.dfnet4("bench", "--seconds=0.1", "--pin=0", "--signal=all", self.model)
        self.assertEqual(r.err, "")
        lines = r.out.splitlines()
        self.assertRegex(lines[0], r"pinned to core 0; governor \S+, turbo \S+$")
        self.assertEqual(len([l for l in lines if re.match(r"  (hot  |paced) \w", l)]), 12)
        for line in lines[3:]:
            self.assertLessEqual(len(line), 79, line)
        self.assertRegex(r.out, r": load [\d.]+ ms, [\d.]+ MiB\n")

    def test_failures(self):
        good = ["--json", "--seconds=0.1", "--mode=hot"]
        self.fails("bench", *good, "missing", says=["missing", "No such file"])
        bad = self.write("bad.safetensors", b"nonsense" * 100)
        r = self.fails("bench", *good, bad, self.model, says=bad)
        self.assertEqual([row["model"] for row in json.loads(r.out)], [self.model])
        self.env["TMPDIR"] = self.path("nowhere")
        self.fails("bench", *good, "lite", says=[self.path("nowhere"), "No such file", "temporary"])

    def start(self, *args, **options):
        return subprocess.Popen([PROGRAM, "bench", *args], env=self.env, cwd=self.dir, text=True,
                                stdout=subprocess.PIPE, **options)

    def child(self, p):
        """The process that measures, once it does so for a while."""
        for _ in range(1000):
            time.sleep(0.01)
            with open(f"/proc/{p.pid}/task/{p.pid}/children") as f:
                children = f.read().split()
            if children:
                time.sleep(0.5)
                return int(children[0])
        self.fail("no child")

    def test_crash(self):
        p = self.start("--json", "--mode=paced", "--seconds=100", self.model, stderr=subprocess.PIPE)
        os.kill(self.child(p), signal.SIGKILL)
        out, err = p.communicate()
        self.assertEqual((p.returncode, json.loads(out)), (1, []))
        self.assertRegex(err, rf"^dfnet4: {self.model}: .* crashed \(Killed\)\n$")

    def test_interrupt(self):
        """What was measured is printed, and the program ends by the signal, whoever gets it."""
        for group in (False, True):
            p = self.start("--json", "--mode=paced", "--seconds=100", self.model, "lite",
                           stderr=subprocess.PIPE, start_new_session=True)
            self.child(p)
            (os.killpg if group else os.kill)(p.pid, signal.SIGINT)
            out, err = p.communicate()
            self.assertEqual(p.returncode, -signal.SIGINT)
            self.assertRegex(err, r"^dfnet4: interrupted; .*\n$")
            row, = json.loads(out)
            self.assertTrue(5 < row["hops"] < 5000, row)
            self.assertFalse(row["complete"])

    def test_progress_on_a_terminal(self):
        master, slave = pty.openpty()
        p = self.start("--mode=paced", "--seconds=1", self.model, stderr=slave)
        os.close(slave)
        out = p.communicate()[0]
        self.assertEqual((p.returncode, out.count("paced")), (0, 1))
        seen = os.read(master, 65536)
        os.close(master)
        self.assertRegex(seen, rb"paced: \d+%")
        self.assertTrue(seen.endswith(b"\r\x1b[K"), seen)


if __name__ == "__main__":
    support.main()
