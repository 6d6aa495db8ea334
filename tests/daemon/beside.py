"""The tests of a file; those that mostly wait, side by side."""

import concurrent.futures
import signal
import subprocess
import sys
import unittest

from process import die_with_parent


def names(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from names(test)
        else:
            yield test.id().split(".", 1)[1]


def side_by_side(jobs):
    """Each test of the calling file in a process of its own, with its own PipeWire: most of their time
    they wait."""
    def run(name):
        r = subprocess.run([sys.executable, sys.argv[0], name], stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, preexec_fn=die_with_parent)
        sys.stdout.write(r.stdout.decode(errors="replace"))
        sys.stdout.flush()
        return r.returncode
    tests = names(unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"]))
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        codes = set(pool.map(run, tests))
    return codes.pop() if len(codes) == 1 else 1


def main(jobs=1):
    """Run the calling file's tests, so many at a time; exit 77 if they were skipped."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # at a time limit, too: clean up
    if jobs > 1 and len(sys.argv) == 1:
        sys.exit(side_by_side(jobs))
    result = unittest.main(exit=False, verbosity=2).result
    if not result.wasSuccessful():
        sys.exit(1)
    if result.testsRun == 0 and result.skipped:
        sys.exit(77)  # the whole class
    sys.exit(1 if result.testsRun == 0 or result.skipped else 0)
