"""Folders, threads, dry runs and summaries."""

import pty
import re

import support
from support import *


class Folders(support.Case):
    def setUp(self):
        super().setUp()
        for d in ("in/a/b", "in/.hidden", "in/empty"):
            self.folder(d)
        for f in ("in/1.wav", "in/a/2.flac", "in/a/b/3.WAV", "in/.hidden/4.wav", "in/.5.wav"):
            self.make(f, form=(FLAC if f.endswith("flac") else WAV) | PCM_16)
        self.write("in/notes.txt", b"text")

    def test_tree_is_kept(self):
        self.dfnet4("enhance", "-o", "out", "in")
        self.assertEqual(self.tree("out"), ["1.wav", "a/2.flac", "a/b/3.WAV"])
        self.dfnet4("enhance", "-o", "deep/new/out/", "in/")
        self.assertEqual(self.tree("deep"), ["new/out/1.wav", "new/out/a/2.flac", "new/out/a/b/3.WAV"])

    def test_beside(self):
        before = self.tree("in")
        self.dfnet4("enhance", "in")
        made = ["1-enhanced.wav", "a/2-enhanced.flac", "a/b/3-enhanced.WAV"]
        self.assertEqual(self.tree("in"), sorted(before + made))
        # once more: what was made is no input
        self.dfnet4("enhance", "--force", "in")
        self.assertEqual(self.tree("in"), sorted(before + made))

    def test_output_inside_the_input(self):
        for _ in range(2):
            self.dfnet4("enhance", "-f", "-o", "in/clean", "in")
            self.assertEqual(self.tree("in/clean"), ["1.wav", "a/2.flac", "a/b/3.WAV"])

    def test_links(self):
        """Links to files count, links to folders do not: they could lead around in circles."""
        os.symlink("..", self.path("in/a/loop"))
        os.symlink("../1.wav", self.path("in/a/link.wav"))
        os.symlink("nowhere", self.path("in/a/dead.wav"))
        self.dfnet4("enhance", "-o", "out", "in")
        self.assertEqual(self.tree("out"), ["1.wav", "a/2.flac", "a/b/3.WAV", "a/link.wav"])

    def test_mixture(self):
        x = self.make("x.wav")
        self.dfnet4("enhance", "-o", "out", "in", x)
        self.assertEqual(self.tree("out"), ["1.wav", "a/2.flac", "a/b/3.WAV", "x.wav"])
        self.fails("enhance", "-o", x, "in", code=2, says=["x.wav is a file", "input"])

    def test_dry_run(self):
        before = self.tree()
        r = self.dfnet4("enhance", "-n", "-o", "out", "in", env={**self.env, "DFNET4_MODEL": "/none"})
        self.assertEqual(self.tree(), before)
        self.assertEqual(sorted(r.out.splitlines()),
                         ["in/1.wav -> out/1.wav", "in/a/2.flac -> out/a/2.flac",
                          "in/a/b/3.WAV -> out/a/b/3.WAV"])
        self.write("in/bad.wav", b"nonsense")
        self.fails("enhance", "-n", "in", says=["in/bad.wav", "not a sound file"])


class Threads(support.Case):
    def test_number_does_not_matter(self):
        sources = [self.make(f"{i}.wav", frames=20000 + 777 * i, channels=1 + i % 2) for i in range(8)]
        for jobs in ("1", "4", "256"):
            self.dfnet4("enhance", "-j", jobs, "-o", "out" + jobs, *sources)
        for f in self.tree("out1"):
            self.assertEqual(self.read("out1/" + f), self.read("out4/" + f))
            self.assertEqual(self.read("out1/" + f), self.read("out256/" + f))
        self.assertEqual(len(self.tree("out256")), 8)

    def test_parameters_reach_the_stream(self):
        a = self.make("a.wav")
        outs = {}
        for options in ((), ("--limit-db=6",), ("--post-filter=0.05",)):
            self.dfnet4("enhance", "-f", *options, "-o", "out.wav", a)
            outs[options] = self.read("out.wav")
        self.assertEqual(len(set(outs.values())), 3)


class Output(support.Case):
    def test_lines(self):
        sources = [self.make(f"{i}.wav", frames=24000) for i in range(2)]
        r = self.dfnet4("enhance", "-o", "out", *sources)
        self.assertEqual(r.err, "")
        for s, line in zip(sources, sorted(r.out.splitlines())):
            self.assertRegex(line, f"^{s} -> out/{os.path.basename(s)}  0.5 s, [0-9.]+x real time$")
        r = self.dfnet4("enhance", "-f", "-q", "-o", "out", *sources)
        self.assertEqual(r.out + r.err, "")

    def test_json(self):
        a, bad = self.make("a.wav", rate=16000, channels=2), self.path("missing.wav")
        r = self.dfnet4("enhance", "--json", "--limit-db=20", a, bad, code=1)
        s = json.loads(r.out)
        self.assertEqual((s["done"], s["failed"], len(s["files"])), (1, 1, 2))
        self.assertEqual(s["parameters"], {"limit_db": 20, "post_filter": 0})
        self.assertEqual(s["model"], self.model)
        good, failed = s["files"]
        self.assertEqual((good["file"], good["output"], good["status"]),
                         (a, self.path("a-enhanced.wav"), "done"))
        self.assertEqual((good["sample_rate"], good["channels"], good["frames"], good["seconds"]),
                         (16000, 2, 9600, 0.6))
        self.assertGreater(good["latency_samples"], 0)
        self.assertAlmostEqual(good["rtf"], good["elapsed"] / good["seconds"])
        self.assertEqual((failed["file"], failed["status"]), (bad, "failed"))
        self.assertIn("No such file", failed["error"])

    def test_json_of_any_name(self):
        """A name that is not UTF-8 must not break the JSON."""
        a = self.make("a.wav")
        name = os.path.join(os.fsencode(self.dir), b"\xff\xc3\xa9\xed\xa0\x80.wav")
        os.rename(a, name)
        s = json.loads(self.dfnet4("enhance", "--json", os.fsdecode(name)).out)
        self.assertTrue(s["files"][0]["file"].endswith("/\ufffd\u00e9\ufffd\ufffd\ufffd.wav"))

    def test_progress_on_a_terminal(self):
        source = self.make("a.wav", frames=48000 * 60)
        master, slave = pty.openpty()
        p = subprocess.Popen([PROGRAM, "enhance", source], env=self.env, stderr=slave,
                             stdout=subprocess.PIPE)
        os.close(slave)
        seen = b""
        while True:
            try:
                part = os.read(master, 4096)
            except OSError:  # the other end is closed
                break
            if not part:
                break
            seen += part
        os.close(master)
        self.assertEqual((p.communicate()[0], p.returncode), (b"", 0))
        self.assertRegex(seen, rb"\[=* *\] +\d+%  [\d.]+x real time")
        self.assertTrue(seen.endswith(b"\r\x1b[K"), "the bar stays behind")
        for line in re.split(rb"\r|\x1b\[K", seen):  # the bar writes over itself
            self.assertLess(len(line), 80)


if __name__ == "__main__":
    support.main()
