"""Sound through a node of the graph, sample by sample and faster than it plays: see lockstep.c.

    daemon = pw.spawn("dfnet4d", [DFNET4D], props=lockstep.JOIN)
    heard = lockstep.run(pw, samples, "dfnet4.microphone.capture", "dfnet4.microphone", tail=9600,
                         settle=daemon)

Without WirePlumber, or else it links what it likes, too. Sounds are array("f"). What comes back
begins with the cycle that heard the first sample, and so with the delay of what is under test.
The graph may add a quantum of its own: let find_delay() look for it."""

import array
import contextlib
import os
import random
import subprocess
import time

from pipewire_conf import PORTS
from process import figures, wait_for

PROGRAM = os.environ.get("DFNET4_LOCKSTEP")
GROUP = "lockstep"
JOIN = f"node.group = {GROUP} {PORTS % 'false'}"  # properties of what is under test


def noise(frames, seed=1):
    """White noise of 16 bits: no sample can be mistaken for its neighbour, no sum is exact."""
    shorts = array.array("h", random.Random(seed).randbytes(2 * frames))
    return array.array("f", [x / 32768 for x in shorts])


def find_delay(given, heard, most, start=0, length=64):
    """The smallest delay, up to `most`, at which a piece of `given` is heard; None if it is not."""
    piece = given[start:start + length]
    return next((d for d in range(most + 1) if heard[start + d:start + d + length] == piece), None)


def settled(process, quiet=0.2):
    """A process that has acted on all it was told: it sleeps."""
    before = figures(process.pid).wakeups
    time.sleep(quiet)
    return figures(process.pid).wakeups == before


@contextlib.contextmanager
def on_core(core=None):
    """What this thread starts meanwhile runs on one processor core: those who take turns need no second one,
    and waking it up is what takes most of the time: 60 s at a quantum of 64 took 3 s instead of 6."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before) if core is None else core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def run(pw, samples, into=None, out_of=None, tail=0, settle=None, rate=None, quantum=None,
        seconds=200):
    """Play `samples` into a node, record the output of a node: as many samples and `tail` more.
    Without nodes: straight from player to recorder. It begins when the process `settle` is at
    rest."""
    rate, quantum = rate or pw.rate, quantum or pw.quantum
    given, heard = (os.path.join(pw.folder, name) for name in ("lockstep.in", "lockstep.out"))
    with open(given, "wb") as f:
        samples.tofile(f)
    driver = pw.spawn("lockstep", [PROGRAM, "--rate", str(rate), "--quantum", str(quantum), "--tail",
                                   str(tail), "--group", GROUP, given, heard],
                      stdin=subprocess.PIPE)
    try:
        wait_for(lambda: "ready" in driver.log() or not driver.running, 30, "lockstep is ready")
        if driver.running:
            if into:
                pw.link("lockstep.play", into)
                pw.link(out_of, "lockstep.record")
            else:
                pw.link("lockstep.play", "lockstep.record")
            if settle:
                wait_for(lambda: settled(settle), 30)
            driver.popen.stdin.write(b"go\n")
            driver.popen.stdin.flush()
        status = driver.wait(seconds)
    finally:
        driver.popen.stdin.close()
        driver.kill()
        pw.spawned.remove(driver)
    log = driver.log()
    os.remove(driver.log_path)
    assert status == 0, f"lockstep: {status}: {log}"
    found = array.array("f")
    with open(heard, "rb") as f:
        found.frombytes(f.read())
    assert len(found) == len(samples) + tail
    return found
