"""The model inside the program: used when none is named, and the file that it was made of."""

import shutil
import struct

import support
from support import *

SYSTEM = "/usr/share/dfnet4/default.safetensors"


@unittest.skipUnless(DEFAULT, "built without a default model")
class Default(support.Case):
    def test_same_as_its_file(self):
        """Without a name, by its name and from the file: the same sound, sample for sample."""
        if os.path.exists(SYSTEM):
            self.skipTest(SYSTEM + " goes before it")
        env, a = self.no_model_env(), self.make("a.wav", frames=48000, kind="tones")
        self.dfnet4("enhance", "-q", "-o", "file.wav", "-m", DEFAULT, a, env=env)
        r = self.dfnet4("enhance", "--json", a, env=env)
        self.assertEqual(json.loads(r.out)["model"], "lite")
        self.dfnet4("enhance", "-q", "-o", "name.wav", "--model=lite", a, env=env)
        self.dfnet4("enhance", "-q", "-o", "variable.wav", a, env={**env, "DFNET4_MODEL": "lite"})
        self.assertGreater(self.show(self.path("file.wav"))["energy"], 0)
        for name in ("a-enhanced.wav", "name.wav", "variable.wav"):
            self.assertEqual(self.read(name), self.read("file.wav"), name)
        self.dfnet4("enhance", "-q", "-o", "other.wav", "-m", self.model, a, env=env)
        self.assertNotEqual(self.read("other.wav"), self.read("file.wav"))

    def test_info(self):
        file = json.loads(self.dfnet4("info", "--json", DEFAULT).out)
        named = json.loads(self.dfnet4("info", "--json", "lite").out)
        self.assertEqual((named.pop("embedded"), file.pop("file")), ("lite", DEFAULT))
        self.assertEqual(named, file)
        self.assertRegex(self.dfnet4("info", "lite").out, "^embedded    lite\nmodel       deepfilternet4\n")
        if not os.path.exists(SYSTEM):
            unnamed = json.loads(self.dfnet4("info", "--json", env=self.no_model_env()).out)
            self.assertEqual(unnamed["embedded"], "lite")

    def test_order(self):
        """A file in the data folders goes before it, its name in the variable goes before those."""
        env = self.no_model_env()
        self.folder(".local/share/dfnet4")
        path = shutil.copy(self.model, self.path(".local/share/dfnet4/default.safetensors"))
        info = lambda *args: json.loads(self.dfnet4("info", "--json", *args, env=env).out)
        self.assertEqual(info()["file"], path)
        env["DFNET4_MODEL"] = "lite"
        self.assertEqual(info()["embedded"], "lite")
        env["DFNET4_MODEL"] = ""  # as if it were not set
        self.assertEqual(info()["file"], path)

    def test_file_of_its_name(self):
        shutil.copy(self.model, self.path("lite"))
        self.assertIn("embedded", json.loads(self.dfnet4("info", "--json", "lite").out))
        self.assertEqual(json.loads(self.dfnet4("info", "--json", "./lite").out)["file"], "./lite")
        self.fails("info", "Lite", says="Lite: No such file")

    def test_installed(self):
        """Models in the data folders have names; a file of that name goes before them."""
        env = self.no_model_env()
        self.folder(".local/share/dfnet4/models")
        path = shutil.copy(self.model, self.path(".local/share/dfnet4/models/big.safetensors"))
        info = lambda *args: json.loads(self.dfnet4("info", "--json", *args, env=env).out)
        self.assertEqual(info("big")["file"], path)
        self.assertEqual(info("big.safetensors")["file"], path)
        a = self.make("a.wav", frames=4800)
        self.dfnet4("enhance", "-q", "--model=big", "-o", "b.wav", a, env=env)
        self.dfnet4("enhance", "-q", "--model", self.model, "-o", "c.wav", a, env=env)
        self.assertEqual(self.read("b.wav"), self.read("c.wav"))
        self.fails("info", "models/big", says="models/big: No such file")
        shutil.copy(self.model, self.path("big"))
        self.assertEqual(info("big")["file"], "big")

    def test_bench(self):
        row, = json.loads(self.dfnet4("bench", "--json", "--mode=hot", "--seconds=0.1", "default",
                                      env={**self.env, "DFNET4_MODEL": "lite"}).out)
        self.assertEqual((row["model"], row["random_weights"]), ("default", False))
        row, = json.loads(self.dfnet4("bench", "--json", "--mode=hot", "--seconds=0.1", "default").out)
        self.assertEqual(row["model"], self.model)

    def test_in_the_program(self):
        """Once, in a segment that is never writable, on a cache line."""
        with open(PROGRAM, "rb") as f:
            program = f.read()
        with open(DEFAULT, "rb") as f:
            model = f.read()
        self.assertEqual(program.count(model), 1)
        # and nothing else of its size: a program without it is smaller by the file alone, but for
        # rounding to pages of at most 64 KiB in each segment
        more = len(program) - os.path.getsize(os.environ["DFNET4_NONE"])
        self.assertTrue(len(model) - (1 << 17) <= more <= len(model) + (1 << 17), more)
        at = program.index(model)
        if program[:6] != b"\x7fELF\x02\x01":  # the fields below are those of 64 bits
            self.skipTest("not a 64-bit little-endian program")
        table, = struct.unpack_from("<Q", program, 32)
        size, count = struct.unpack_from("<HH", program, 54)
        homes = []
        for i in range(count):
            kind, flags, offset, address, _, length = struct.unpack_from("<IIQQQQ", program, table + i * size)
            if kind == 1 and offset <= at < offset + length:
                homes.append((flags, (address + at - offset) % 64))
        self.assertEqual(homes, [(4, 0)])  # readable only


if __name__ == "__main__":
    support.main()
