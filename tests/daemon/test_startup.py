"""Starting and stopping without any sound server: locks, messages, exit codes, signals."""

import os
import signal
import subprocess
import sys
import time

import starter
from process import Process, figures, wait_for


class Startup(starter.Case):
    def launch(self, *args, **env):
        p = Process("dfnet4d", [starter.PROGRAM, *args], dict(self.env, **env), self.dir)
        self.addCleanup(p.kill)
        return p

    def lock(self):
        return self.path("run", "dfnet4d.lock")

    def holder(self):
        try:
            with open(self.lock()) as f:
                return f.read().strip()
        except FileNotFoundError:
            return None

    def launch_and_wait(self, *args, **env):
        p = self.launch(*args, **env)
        wait_for(lambda: p.running and self.holder() == str(p.pid), 10, "the lock")
        return p

    def test_waits_for_the_server(self):
        """It says so once, and does not ask all the time."""
        p = self.launch_and_wait()
        wait_for(lambda: "waiting for it" in p.log(), 10)
        self.assertIn("microphone: no answer from pipewire", p.log())
        time.sleep(2.5)  # two looks at least: waits grow to two seconds
        before, start = figures(p.pid), time.monotonic()
        time.sleep(4)
        after, seconds = figures(p.pid), time.monotonic() - start
        self.assertEqual(p.log().count("waiting for it"), 1, p.log())
        # A look wakes a handful of threads each two seconds; a busy loop would, thousands of times.
        self.assertLess((after.wakeups - before.wakeups) / seconds, 20)
        self.assertEqual(after.fds, before.fds)
        self.assertEqual(p.stop(), 0)

    def test_signals(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            p = self.launch_and_wait()
            start = time.monotonic()
            self.assertEqual(p.stop(number), 0)
            self.assertLess(time.monotonic() - start, 2)
        p = self.launch_and_wait()
        p.send(signal.SIGHUP)
        wait_for(lambda: "settings read again: 1 stream" in p.log(), 5)
        self.write("home/dfnet4/dfnet4d.conf", "nonsense")
        p.send(signal.SIGHUP)
        wait_for(lambda: "dfnet4d.conf:1: not a section" in p.log(), 5)
        self.assertIn("all settings stay as they were", p.log())
        self.assertEqual(p.stop(), 0)

    def test_second_one(self):
        p = self.launch_and_wait()
        self.fails(says=["another dfnet4d runs", f"process {p.pid}"], code=3)
        p.kill()  # no stale lock
        p = self.launch_and_wait()
        self.dfnet4d("--check-config")  # others need no lock
        self.assertEqual(p.stop(), 0)

    def test_runtime_folder(self):
        for value in (None, "", "relative"):
            env = {k: v for k, v in self.env.items() if k != "XDG_RUNTIME_DIR"}
            self.fails(says="XDG_RUNTIME_DIR is not set", code=1,
                       env=env if value is None else dict(env, XDG_RUNTIME_DIR=value))
        self.fails(says="/nowhere/dfnet4d.lock: No such file", code=1,
                   env=dict(self.env, XDG_RUNTIME_DIR="/nowhere"))
        os.mkdir(self.lock())
        self.fails(says="dfnet4d.lock: Is a directory", code=1)
        os.rmdir(self.lock())
        os.symlink(self.path("precious"), self.lock())
        self.fails(says="dfnet4d.lock: Too many levels of symbolic links", code=1)
        self.assertFalse(os.path.exists(self.path("precious")))

    def test_models(self):
        for name, says in (("no-such", "microphone: "), (self.path("no.safetensors"), "no.safetensors"),
                           (self.write("bad.safetensors", b"\xff" * 100), "bad.safetensors")):
            self.fails("-m", name, says=says, code=1)
            self.fails("--check-config", "-m", name, says=says, code=2)
        r = self.dfnet4d("--check-config")
        self.assertEqual(r.stdout, "microphone: pipewire, device default, model default, f32\n")

    def test_usage(self):
        for args, says in ((["x"], "'x' is no option"), (["--nonsense"], "'--nonsense'"),
                           (["--limit-db=101"], "--limit-db takes a number of 0 to 100, not '101'"),
                           (["--limit-db=nan"], "--limit-db takes"), (["--channels=3"], "--channels takes 1|2"),
                           (["--precision=f64"], "--precision takes"), (["--backend=jack"], "--backend takes"),
                           (["-d", "a\nb"], "--device: not UTF-8"), (["-d"], "'-d' needs a value"),
                           (["--smart=1"], "takes no value"),
                           (["--list-models", "--dump-config"], "choose one")):
            self.fails(*args, says=[says, "see 'dfnet4d --help'"])
        self.fails("--dump-config", "--name=a/b", says="'a/b' is no name")

    def test_journal(self):
        """To the journal, lines have their priority instead of the program's name."""
        path = self.write("home/dfnet4/dfnet4d.conf", "nonsense")
        with open(self.path("log"), "w") as log:
            st = os.fstat(log.fileno())
            r = subprocess.run([starter.PROGRAM], stderr=log, timeout=20,
                               env=dict(self.env, JOURNAL_STREAM=f"{st.st_dev}:{st.st_ino}"))
        self.assertEqual(r.returncode, 2)
        with open(self.path("log")) as log:
            self.assertEqual(log.read(), f"<3>{path}:1: not a section, key or comment\n")

    def test_full_standard_output(self):
        for args in (["--help"], ["--version"], ["--dump-config"], ["--check-config"], ["--list-models"]):
            with open("/dev/full", "w") as full:
                r = subprocess.run([starter.PROGRAM, *args], env=self.env, stdout=full,
                                   stderr=subprocess.PIPE, timeout=20)
            self.assertEqual(r.returncode, 1, args)
            self.assertRegex(r.stderr, b"standard output: (No space left|write error)")

    def test_closed_terminal(self):
        """SIGHUP of a terminal that is gone ends it; else it would go on unseen."""
        import pty
        pid, fd = pty.fork()
        if pid == 0:
            os.execve(starter.PROGRAM, [starter.PROGRAM], self.env)
        wait_for(lambda: self.holder() == str(pid), 10, "the lock")
        os.kill(pid, signal.SIGHUP)
        time.sleep(0.5)
        self.assertEqual(os.waitpid(pid, os.WNOHANG), (0, 0))
        os.close(fd)
        status = wait_for(lambda: os.waitpid(pid, os.WNOHANG)[0] and "ended", 5)
        self.assertEqual(status, "ended")


if __name__ == "__main__":
    starter.main()
