"""Nothing is ever lost: inputs stay, outputs appear whole or not at all."""

import resource
import shutil
import signal
import time

import support
from support import *


def as_nobody():
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)


class Inputs(support.Case):
    """Each way to name an input as the output is refused, --force or not."""

    def refused(self, *args, says="is an input"):
        before = {f: self.read(f) for f in self.tree()}
        for force in ([], ["--force"]):
            self.fails("enhance", *force, *args, says=says)
            self.assertEqual({f: self.read(f) for f in self.tree()}, before)

    def test_same_name(self):
        a = self.make("a.wav")
        self.refused("-o", a, a)
        self.refused("-o", self.path(".", "a.wav"), a)
        self.refused("-o", "a.wav", a)

    def test_same_folder(self):
        a = self.make("a.wav")
        self.refused("-o", self.dir, a)
        self.refused("-o", ".", "a.wav")
        self.refused("-o", "./", self.dir)

    def test_links(self):
        a = self.make("a.wav")
        os.symlink("a.wav", self.path("soft.wav"))
        os.link(a, self.path("hard.wav"))
        for name in ("soft.wav", "hard.wav"):
            self.refused("-o", name, "a.wav")
            self.refused("-o", "a.wav", name)
        os.symlink(self.dir, self.path("here"))
        self.refused("-o", "here/a.wav", "a.wav")
        self.refused("-o", "here", "a.wav")

    def test_another_input(self):
        a, b = self.make("a.wav"), self.make("a-enhanced.wav")
        before = self.read("a-enhanced.wav")
        r = self.dfnet4("enhance", "-f", a, b, code=1)
        self.assertIn("a.wav: output", r.err)
        self.assertIn("is an input", r.err)
        self.assertEqual(self.read("a-enhanced.wav"), before)
        self.assertIn("a-enhanced-enhanced.wav", self.tree())

    def test_two_inputs_of_one_name(self):
        for d in ("x", "y"):
            self.folder(d)
            self.make(d + "/a.wav")
        self.fails("enhance", "-o", "out", "x/a.wav", "y/a.wav", says=["y/a.wav", "is also that of x/a.wav"])
        self.assertEqual(self.tree("out"), ["a.wav"])

    def test_existing_output(self):
        a = self.make("a.wav")
        self.write("a-enhanced.wav", b"precious")
        self.fails("enhance", a, says=[a, "exists already", "--force"])
        self.assertEqual(self.read("a-enhanced.wav"), b"precious")
        self.dfnet4("enhance", "--force", a)
        self.assertEqual(self.show(self.path("a-enhanced.wav"))["frames"], 9600)

    def test_dangling_link_counts_as_existing(self):
        a = self.make("a.wav")
        os.symlink("nowhere", self.path("a-enhanced.wav"))
        self.fails("enhance", a, says="exists already")
        self.dfnet4("enhance", "-f", a)
        self.assertNotIn("nowhere", self.tree())

    def test_devices_and_folders_are_no_outputs(self):
        a = self.make("a.wav")
        self.fails("enhance", "-f", "-o", "/dev/null", a, says=["/dev/null", "not a regular file"])
        self.assertFalse(os.path.isfile("/dev/null"))
        self.folder("b", "a.wav")
        self.fails("enhance", "-f", "-o", "b", a, says="is a folder")


INTERRUPTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Atomic(support.Case):
    def setUp(self):
        super().setUp()
        self.folder("out")

    def test_limited_size(self):
        """The file system refuses the last byte, or more: formats fail at different times."""
        for name, form in (("a.wav", WAV | PCM_16), ("a.flac", FLAC | PCM_16),
                           ("a.ogg", OGG | VORBIS), ("a.aiff", AIFF | FLOAT), ("a.caf", CAF | PCM_24)):
            source = self.make(name, form=form, frames=48000)
            self.dfnet4("enhance", source)
            size = os.path.getsize(self.path(name.replace(".", "-enhanced.")))
            # Ogg pages carry random numbers but have the same size
            for limit in (1, size // 2, size - 1):
                with self.subTest(f"{name} {limit}"):
                    self.fails("enhance", "-o", "out", source, says=[source, "File too large"],
                               preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
                    self.assertEqual(self.tree("out"), [])

    def interrupt(self, number, *args, ignored=()):
        """Send a signal as soon as an output is being written; standard error.

        Signals that are `ignored` are so from the start, as nohup has it, and are sent first;
        all others are not, whatever this test itself was started with."""
        def dispositions():
            for n in INTERRUPTS:
                signal.signal(n, signal.SIG_IGN if n in ignored else signal.SIG_DFL)

        p = subprocess.Popen([PROGRAM, "enhance", "-o", "out", *args], env=self.env, cwd=self.dir,
                             stderr=subprocess.PIPE, stdout=subprocess.DEVNULL,
                             preexec_fn=dispositions)
        limit = time.monotonic() + 20
        while not any(f.startswith(".dfnet4-") for f in os.listdir(self.path("out"))):
            self.assertIsNone(p.poll(), "ended before it could be interrupted")
            self.assertLess(time.monotonic(), limit)
            time.sleep(0.001)
        for n in ignored:
            p.send_signal(n)
            time.sleep(0.05)
            self.assertIsNone(p.poll(), f"signal {n} was to be ignored")
        p.send_signal(number)
        err = p.communicate(timeout=20)[1].decode()
        self.assertEqual(p.returncode, -number)
        return err

    def test_signals(self):
        source = self.make("long.wav", frames=48000 * 600, kind="zeros")
        for number in INTERRUPTS:
            err = self.interrupt(number, source)
            self.assertEqual(len(err.splitlines()), 1, err)
            self.assertIn("interrupted", err)
            self.assertEqual(self.tree("out"), [])

    def test_ignored_signals(self):
        source = self.make("long.wav", frames=48000 * 600, kind="zeros")
        self.interrupt(signal.SIGTERM, source, ignored=(signal.SIGHUP, signal.SIGINT))
        self.assertEqual(self.tree("out"), [])

    def test_signal_ends_all_threads(self):
        sources = [self.make(f"long{i}.wav", frames=48000 * 300, kind="zeros") for i in range(3)]
        self.interrupt(signal.SIGINT, "-j", "3", *sources)
        self.assertEqual(self.tree("out"), [])

    def test_old_output_survives_a_failure(self):
        source = self.make("a.wav", frames=48000)
        self.write("out/a.wav", b"old")
        self.fails("enhance", "-f", "-o", "out/a.wav", source, says="File too large",
                   preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)))
        self.assertEqual(self.tree("out"), ["a.wav"])
        self.assertEqual(self.read("out/a.wav"), b"old")

    def test_folders_that_cannot_be_written(self):
        source = self.make("a.wav")
        self.fails("enhance", "-o", "missing/a.wav", source, says=[source, "missing/a.wav", "No such file"])
        self.fails("enhance", "-o", "/proc/none/", source, says=[source, "/proc/none"])
        self.write("file", b"")
        self.fails("enhance", "-o", "file/", source, says=[source, "Not a directory"])
        program = shutil.copy(PROGRAM, self.path("program"))
        os.chmod(self.path("out"), 0o555)
        r = subprocess.run([program, "enhance", "-o", "out", source], env=self.env, cwd=self.dir,
                           capture_output=True, text=True, preexec_fn=as_nobody)
        self.assertEqual((r.returncode, r.stdout), (1, ""))
        self.assertIn(f"{source}: Permission denied, writing out/a.wav", r.stderr)

    def test_closed_output(self):
        """Lines that cannot be printed are a failure, but the file is whole."""
        with open("/dev/full", "w") as full:
            r = subprocess.run([PROGRAM, "enhance", "-o", "out", self.make("a.wav")], env=self.env,
                               cwd=self.dir, stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertEqual(r.returncode, 1)
        self.assertIn("standard output: No space left on device", r.stderr)
        self.assertEqual(self.show(self.path("out/a.wav"))["frames"], 9600)


if __name__ == "__main__":
    support.main()
