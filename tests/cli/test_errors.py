"""Bad input: one line that names the file and the reason, exit code 1, nothing written."""

import shutil

import support
from support import *


class BadFiles(support.Case):
    def bad(self, path, *says):
        before = self.tree()
        self.fails("enhance", path, says=[path, *says])
        self.assertEqual(self.tree(), before)

    def test_no_sound(self):
        self.bad(self.write("empty.wav", b""), "the file is empty")
        self.bad(self.write("text.wav", b"This is not sound at all.\n" * 100), "not a sound file")
        self.bad(self.write("random.flac", bytes(range(256)) * 40), "not a sound file")
        self.bad(self.model, "not a sound file")
        self.bad(self.path("missing.wav"), "No such file or directory")
        self.bad(self.folder("nothing"), "no sound files")
        self.bad("-", "standard input is not supported")
        os.mkfifo(self.path("pipe.wav"))
        self.bad(self.path("pipe.wav"), "not a regular file")
        self.bad("/dev/zero", "not a regular file")

    def test_control_characters_do_not_reach_the_terminal(self):
        r = self.fails("enhance", self.path("a\n\x1b[31mb.wav"), says="a??[31mb.wav")
        self.assertNotIn("\x1b", r.err)

    def test_headers_without_sense(self):
        whole = self.read(self.make("a.wav"))
        self.bad(self.write("riff.wav", whole[:12]))
        self.bad(self.write("fmt.wav", whole[:30]))
        self.bad(self.write("junk.wav", whole[:16] + b"\xff" * 40 + whole[56:]))
        self.bad(self.write("rate0.wav", whole[:24] + b"\0\0\0\0" + whole[28:]))
        self.bad(self.write("channels0.wav", whole[:22] + b"\0\0" + whole[24:]))

    def test_cut_off(self):
        for name, form in (("a.wav", WAV | PCM_16), ("a.w64", W64 | PCM_16), ("a.aiff", AIFF | PCM_24),
                           ("a.au", AU | PCM_16), ("a.caf", CAF | PCM_16), ("a.rf64", RF64 | PCM_16),
                           ("a.flac", FLAC | PCM_16), ("a.ogg", OGG | VORBIS)):
            with self.subTest(name):
                whole = self.read(self.make(name, form=form, frames=48000))
                path = self.write("cut-" + name, whole[:len(whole) * 6 // 10])
                r = self.fails("enhance", path, says=path)
                self.assertRegex(r.err, "cut off|damaged")
                self.assertNotIn(f"cut-{name[:1]}-enhanced{name[1:]}", self.tree())

    def test_unfinished_header_is_no_damage(self):
        """Recorders that stream leave the sizes at 0 or at the largest number."""
        whole = self.read(self.make("a.wav"))
        at = whole.index(b"data") + 4
        for name, size in (("zero.wav", b"\0\0\0\0"), ("max.wav", b"\xff\xff\xff\xff")):
            with self.subTest(name):
                riff = b"\x08\0\0\0" if name == "zero.wav" else size
                path = self.write(name, whole[:4] + riff + whole[8:at] + size + whole[at + 4:])
                self.dfnet4("enhance", path)
                self.assertEqual(self.show(path.replace(".wav", "-enhanced.wav"))["frames"], 9600)

        # FLAC made by a pipe: number of samples 0, 36 bits at the end of its first block
        whole = bytearray(self.read(self.make("a.flac", form=FLAC | PCM_16)))
        whole[21] &= 0xF0
        whole[22:26] = bytes(4)
        path = self.write("streamed.flac", whole)
        self.dfnet4("enhance", path)
        self.assertEqual(self.show(self.path("streamed-enhanced.flac"))["frames"], 9600)

    def test_damaged_inside(self):
        whole = bytearray(self.read(self.make("a.flac", form=FLAC | PCM_16, frames=48000)))
        middle = len(whole) // 2
        whole[middle:middle + 2000] = bytes(2000)
        path = self.write("hole.flac", whole)
        r = self.fails("enhance", path, says=path)
        self.assertRegex(r.err, "cut off|damaged")

    def test_not_a_number(self):
        self.bad(self.make("nan.wav", form=WAV | FLOAT, kind="nan"), "every sample is NaN or infinite")
        few = self.make("few.wav", form=WAV | FLOAT, kind="few-nan")
        r = self.dfnet4("enhance", few)
        self.assertIn("note: 10 samples are NaN or infinite", r.err)
        energy = self.show(self.path("few-enhanced.wav"))["energy"]
        self.assertTrue(0 <= energy < 1e6)  # finite

    def test_zero_length_is_fine(self):
        wav = self.make("a.wav", frames=0)
        subprocess.run(["sox", wav, self.path("a.flac")], check=True)
        for name, form in (("a.wav", WAV | PCM_16), ("a.flac", 0), ("a.aiff", AIFF | FLOAT),
                           ("a.caf", CAF | PCM_16), ("a.w64", W64 | PCM_16)):
            with self.subTest(name):
                path = self.make(name, form=form, frames=0) if form else self.path(name)
                r = self.dfnet4("enhance", path)
                self.assertIn(f"{path}: note: has no samples", r.err)
                made = path.replace("a.", "a-enhanced.")
                if form:
                    self.assertEqual(self.show(made)["frames"], 0)
                else:  # in FLAC, 0 stands for an unknown length
                    self.assertEqual(self.read(made), self.read(path))
        # what these encoders make without samples, or do not make, cannot be read
        for name in ("new.flac", "new.opus", "new.mp3"):
            self.fails("enhance", "-o", name, wav, says=[wav, "cannot be stored in this format"])
            self.assertNotIn(name, self.tree())

    def test_others_go_on(self):
        good = [self.make(f"good{i}.wav") for i in range(3)]
        bad = [self.write("bad.wav", b"nonsense"), self.path("missing.wav")]
        r = self.dfnet4("enhance", bad[0], good[0], bad[1], *good[1:], code=1)
        self.assertEqual(len(r.err.splitlines()), 2)
        for path in bad:
            self.assertIn(path, r.err)
        for path in good:
            self.assertEqual(self.show(path.replace(".wav", "-enhanced.wav"))["frames"], 9600)

    def test_unreadable(self):
        from test_safety import as_nobody
        path = self.make("secret.wav")
        os.chmod(path, 0)
        program = shutil.copy(PROGRAM, self.path("program"))
        r = subprocess.run([program, "enhance", path], env=self.env, cwd=self.dir, capture_output=True,
                           text=True, preexec_fn=as_nobody)
        self.assertEqual(r.returncode, 1)
        self.assertIn(f"{path}: Permission denied", r.stderr)


class Models(support.Case):
    def test_none(self):
        """A program without a model of its own."""
        env, program = self.no_model_env(), os.environ["DFNET4_NONE"]
        if os.path.exists("/usr/share/dfnet4/default.safetensors"):
            self.dfnet4("info", env=env, program=program)  # installed on this machine: found last
            return
        for args in (["enhance", self.make("a.wav")], ["info"], ["bench", "default"]):
            self.fails(*args, env=env, program=program,
                       says=["no model", "built without", "$DFNET4_MODEL", "--model",
                             "~/.local/share/dfnet4/default.safetensors", "import"])
        self.fails("info", "lite", env=env, program=program, says="lite: No such file")
        self.dfnet4("info", program=program)  # named: as ever

    def test_search_order(self):
        """Each place is found, and goes before those after it."""
        env = self.no_model_env()
        places = [".local/share", "data", "dirs1", "dirs2"]
        for p in places:
            self.folder(p, "dfnet4")
        put = lambda p: shutil.copy(self.model, self.path(p, "dfnet4", "default.safetensors"))
        found = lambda: json.loads(self.dfnet4("info", "--json", env=env).out)["file"]
        env["XDG_DATA_DIRS"] = self.path("dirs1") + ":" + self.path("dirs2")
        for p in ("dirs2", "dirs1", ".local/share"):
            path = put(p)
            self.assertEqual(found(), path)
        env["XDG_DATA_HOME"] = self.path("data")
        self.assertEqual(found(), self.path("dirs1/dfnet4/default.safetensors"))
        path = put("data")
        self.assertEqual(found(), path)
        env["DFNET4_MODEL"] = self.model
        self.assertEqual(found(), self.model)
        other = shutil.copy(self.model, self.path("other"))
        self.assertEqual(json.loads(self.dfnet4("info", "--json", other, env=env).out)["file"], other)

    def test_bad_models(self):
        a = self.make("a.wav")
        broken = self.write("broken", self.read("tiny.safetensors")[:-4])
        for path in (self.path("missing"), self.write("empty", b""), self.write("junk", b"x" * 500),
                     broken, self.dir):
            self.fails("enhance", "--model", path, a, says=path)
            self.fails("info", path, says=path)
        self.assertNotIn("a-enhanced.wav", self.tree())


if __name__ == "__main__":
    support.main()
