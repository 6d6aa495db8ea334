"""Programs that a test starts: each in a process group of its own, with a log, and never left behind.

    p = Process("dfnet4d", [path, "--device", "mic"], env, folder)
    p.stop()                       SIGTERM, its exit status; SIGKILL if it does not end
    p.kill()                       kill -9
    p.running, p.pid, p.log()
    figures(p.pid)                 memory, descriptors, threads, processor time, wake-ups

wait_for(condition, seconds, what) is how tests wait: it returns the first true value, or fails."""

import collections
import ctypes
import os
import signal
import subprocess
import time

PR_SET_PDEATHSIG = 1
libc = ctypes.CDLL(None)

Figures = collections.namedtuple("Figures", "rss_kib fds threads cpu_seconds wakeups anon_kib")


class Gone(Exception):
    """What was asked is not there to answer: PipeWire is down, a process has ended."""


def wait_for(condition, seconds=10, what=None):
    """The first true value of condition(), which counts as false while it raises Gone."""
    end = time.monotonic() + seconds
    why = None
    while True:
        try:
            value = condition()
            if value:
                return value
            why = repr(value)
        except Gone as gone:
            why = gone
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what or condition.__name__} ({why})")
        time.sleep(0.02)


def die_with_parent():
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Process:
    def __init__(self, name, argv, env, folder, stdin=subprocess.DEVNULL):
        self.name = name
        self.argv = [os.fspath(a) for a in argv]
        self.log_path = os.path.join(folder, name + ".log")
        with open(self.log_path, "ab") as log:
            self.popen = subprocess.Popen(
                self.argv, env=env, cwd=folder, stdin=stdin, stdout=log,
                stderr=subprocess.STDOUT, start_new_session=True, preexec_fn=die_with_parent)
        self.pid = self.popen.pid

    @property
    def running(self):
        return self.popen.poll() is None

    def wait(self, seconds=10):
        """Its exit status; fails if it does not end by itself."""
        try:
            return self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} does not end within {seconds} s") from None

    def send(self, number):
        if self.running:
            self.popen.send_signal(number)

    def kill(self):
        """kill -9 of the whole group; its exit status."""
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        return self.popen.wait(10)

    def stop(self, number=signal.SIGTERM, seconds=10):
        """Ask it to end, and kill what does not listen; its exit status."""
        self.send(number)
        try:
            return self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            return self.kill()
        finally:
            self.kill()

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            return log.read()


def figures(pid):
    """What a process uses now. `anon_kib` is the memory that only it can have asked for: not the pages
    of files, which come when they are first used. `wakeups` counts how often one of its threads went
    on after waiting."""
    try:
        with open(f"/proc/{pid}/status") as f:
            status = dict(line.split(":", 1) for line in f)
        with open(f"/proc/{pid}/stat") as f:
            stat = f.read().rpartition(")")[2].split()
        fds = len(os.listdir(f"/proc/{pid}/fd"))
        wakeups = 0
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/status") as f:
                wakeups += sum(int(line.split()[1]) for line in f
                               if line.startswith("voluntary_ctxt_switches"))
    except (FileNotFoundError, ProcessLookupError):
        raise Gone(f"no process {pid}") from None
    ticks = int(stat[11]) + int(stat[12])
    return Figures(int(status.get("VmRSS", "0 kB").split()[0]), fds, int(status["Threads"]),
                   ticks / os.sysconf("SC_CLK_TCK"), wakeups,
                   int(status.get("RssAnon", "0 kB").split()[0]))
