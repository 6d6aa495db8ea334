"""A disk without room: a small file system of our own, where we may mount one."""

import support
from support import *


class FullDisk(support.Case):
    def test_whole_or_not_at_all(self):
        self.folder("out")
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", self.path("out")],
                          stderr=subprocess.DEVNULL).returncode != 0:
            self.skipTest("cannot mount a file system here; test_safety limits file sizes instead")
        self.addCleanup(subprocess.run, ["umount", self.path("out")], check=True)
        source = self.make("a.wav", frames=48000)
        self.fails("enhance", "-o", "out", source, says=[source, "No space left on device"])
        self.assertEqual(self.tree("out"), [])


if __name__ == "__main__":
    support.main()
