"""The PipeWire backend under test: drive_pipewire.c, and who is linked with whom meanwhile."""

import os
import re
import subprocess
import time

from process import wait_for

PROGRAM = os.environ.get("DFNET4_DRIVE_PIPEWIRE")


class Backend:
    def __init__(self, pw, *settings, props=None):
        self.process = pw.spawn("drive", [PROGRAM, *settings], props=props, stdin=subprocess.PIPE)
        self.pid = self.process.pid

    def tell(self, line):
        self.process.popen.stdin.write(line.encode() + b"\n")
        self.process.popen.stdin.flush()

    def status(self, name="microphone"):
        """The newest line about an instance: state, linked, rate, quantum, xruns, latency."""
        lines = [l.split() for l in self.process.log().splitlines() if l.startswith(name + " ")]
        return lines[-1][1:] if lines else [None] * 6

    def wait(self, state, linked=None, seconds=10, name="microphone"):
        def reached():
            assert self.process.running, self.process.log()
            return self.status(name)[:2 if linked else 1] == [state, linked][:2 if linked else 1]
        wait_for(reached, seconds, f"{name} is {state}, with {linked}")

    def end(self):
        """SIGTERM; its exit status, which tells of what the guard denied."""
        status = self.process.stop()
        self.process.popen.stdin.close()
        return status


class Watch:
    """Every link that was ever there: pw-link tells each one."""

    def __init__(self, pw):
        self.process = pw.spawn("links", ["stdbuf", "-oL", "pw-link", "-m", "-l"])
        time.sleep(0.3)

    def into(self, node):
        """The nodes whose sound ever went into `node`."""
        return {a for a, b in self.pairs() if b == node}

    def out_of(self, node):
        return {b for a, b in self.pairs() if a == node}

    def pairs(self):
        return set(re.findall(r"^[=+] (\S+):\S+ -> (\S+):\S+$", self.process.log(), re.M))
