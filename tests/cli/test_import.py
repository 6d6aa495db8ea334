"""dfnet4 import refuses what it cannot use, and what it would destroy."""

import support
from support import *


class Refused(support.Case):
    def test_sources(self):
        for path in (self.path("missing"), self.folder("empty"), self.make("a.wav"),
                     self.write("junk.tar.gz", b"junk" * 100)):
            self.fails("import", path, "-o", "new.safetensors", says=path)
        self.assertNotIn("new.safetensors", self.tree())

    def test_output(self):
        source = self.write("x.tar.gz", b"junk")
        os.symlink(source, self.path("link"))
        for force in ([], ["-f"]):
            self.fails("import", *force, source, "-o", source, says=[source, "source itself"])
            self.fails("import", *force, source, "-o", "link", says="source itself")
            self.fails("import", *force, source, "-o", self.dir, says="is a folder")
        self.assertEqual(self.read("x.tar.gz"), b"junk")
        self.fails("import", source, "-o", self.model, says=[self.model, "exists already", "--force"])


if __name__ == "__main__":
    support.main()
