"""dfnet4d as a user starts it: a folder of its own for settings and runtime files."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest

PROGRAM = os.environ["DFNET4D"]


class Case(unittest.TestCase):
    def setUp(self):
        self.dir = os.path.realpath(tempfile.mkdtemp(prefix="dfnet4d-test-"))
        self.addCleanup(shutil.rmtree, self.dir)
        for name in ("home", "etc", "etc2", "run"):
            os.mkdir(self.path(name), 0o700)
        keep = {k: v for k, v in os.environ.items()
                if k.startswith(("LD_", "ASAN", "UBSAN", "LSAN", "TSAN", "PATH"))}
        self.env = dict(keep, HOME=self.path("home"), XDG_CONFIG_HOME=self.path("home"),
                        XDG_STATE_HOME=self.path("state"), XDG_RUNTIME_DIR=self.path("run"),
                        XDG_CONFIG_DIRS=f"{self.path('etc')}:{self.path('etc2')}")

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def write(self, name, text):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(text if isinstance(text, bytes) else text.encode())
        return path

    def dfnet4d(self, *args, code=0, **options):
        """Run the program to its end; errors are whole lines. The result."""
        options.setdefault("env", self.env)
        r = subprocess.run([PROGRAM, *map(os.fspath, args)], stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=30,
                           cwd=self.dir, text=True, **options)
        self.assertEqual(r.returncode, code, f"{args}: {r.stdout}{r.stderr}")
        for line in r.stderr.splitlines():
            self.assertTrue(line.startswith("dfnet4d: "), line)
        return r

    def fails(self, *args, says, code=2, **options):
        """It fails with one line that holds every text of `says`."""
        r = self.dfnet4d(*args, code=code, **options)
        self.assertEqual(len(r.stderr.splitlines()), 1, r.stderr)
        for text in [says] if isinstance(says, str) else says:
            self.assertIn(text, r.stderr)
        return r


def main():
    result = unittest.main(exit=False, verbosity=2).result
    sys.exit(0 if result.wasSuccessful() and result.testsRun and not result.skipped else 1)
