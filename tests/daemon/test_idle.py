"""Nobody listens: for a minute the daemon makes not one system call, and so never wakes up. With a
watchdog of systemd it does what that asks for and no more."""

import os
import shutil
import sys
import tempfile
import time

import lockstep
import pipewire
from notify import Notify
from pipewire import *

DAEMON = os.environ["DFNET4D"]
SECONDS = int(os.environ.get("DFN_IDLE_SECONDS", "60"))


class Idle(pipewire.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if not shutil.which("strace"):
            assert not os.environ.get("CI"), "not installed: strace"
            raise unittest.SkipTest("not installed: strace")

    def begin(self, **env):
        """A daemon that has done something and rests now; its trace."""
        pw = self.pipewire(mics=["mic"])
        pw.start("dbus")
        pw.start("wireplumber")
        trace = os.path.join(pw.folder, "trace")
        daemon = pw.spawn("dfnet4d", ["strace", "-f", "-ttt", "-o", trace, DAEMON], **env)
        wait_for(lambda: pw.linked("mic", "dfnet4.microphone.capture"), 20)
        recorder = pw.record("dfnet4.microphone", os.path.join(pw.folder, "out.wav"))
        wait_for(lambda: pw.node("dfnet4.microphone").state == "running", 10)
        pw.finish(recorder)
        wait_for(lambda: pw.node("mic").state == "suspended", 20)
        size = lambda: os.path.getsize(trace)
        wait_for(lambda: (lambda before: (time.sleep(4), size() == before)[1])(size()), 60, "it rests")
        return pw, daemon, trace

    def calls(self, trace, since):
        """System calls since then: (time, text). One that began before it is none."""
        with open(trace) as f:
            lines = [l.split(None, 2) for l in f]
        return [(float(at), call.strip()) for _, at, call in lines if float(at) > since]

    def test_nothing(self):
        pw, daemon, trace = self.begin()
        start = time.time()
        time.sleep(SECONDS)
        self.assertEqual(self.calls(trace, start), [])
        recorder = pw.record("dfnet4.microphone", os.path.join(pw.folder, "out.wav"))
        wait_for(lambda: pw.node("dfnet4.microphone").state == "running", 10)
        self.assertNotEqual(self.calls(trace, start), [])  # it was traced, and can still do it
        pw.finish(recorder)

    def test_watchdog(self):
        """A minute, as the unit has it."""
        folder = tempfile.mkdtemp(prefix="dfnet4-notify-")
        self.addCleanup(shutil.rmtree, folder)
        n = Notify(folder, 60)
        self.addCleanup(n.close)
        _, _, trace = self.begin(**n.env)
        start, told = time.time(), len(n.values("WATCHDOG"))
        time.sleep(SECONDS)
        calls = self.calls(trace, start)
        told = len(n.values("WATCHDOG")) - told
        wakeups = sum(call.startswith("epoll_wait(") for _, call in calls)  # it waits again after each
        print(f"watchdog: told {told} times in {SECONDS} s, {wakeups} wake-ups, {len(calls)} system calls",
              *sorted({call.split("(")[0] for _, call in calls}), file=sys.stderr)
        self.assertLessEqual(told, SECONDS / 15)  # sd-event tells after a quarter to three of the time
        self.assertLessEqual(wakeups, told)


if __name__ == "__main__":
    main(jobs=2)
