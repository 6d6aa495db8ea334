"""dfnet4ctl watch: on a terminal, in a pipe, and how it ends."""

import fcntl
import pty
import re
import struct
import termios

import bus
from bus import *


class Terminal:
    """dfnet4ctl watch on a terminal of its own."""

    def __init__(self, case, *args, rows=24, columns=80, term="xterm"):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.slave = slave
        self.before = termios.tcgetattr(slave)
        self.popen = subprocess.Popen([CTL, "watch", *args], env=dict(case.env, TERM=term), cwd=case.dir,
                                      stdin=slave, stdout=slave, stderr=slave, preexec_fn=self.own_terminal)
        case.addCleanup(self.close)
        self.text = ""

    def own_terminal(self):
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # nohup, before us, may have it ignored

    def read(self, seconds):
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if select.select([self.master], [], [], left)[0]:
                self.text += os.read(self.master, 65536).decode()
        return self.text

    def wait_for(self, text):
        def seen():
            return text in self.read(0.02)
        wait_for(seen, 10, text)

    def frames(self):
        return self.text.split("\033[J")[:-1]

    def close(self):
        if self.popen.poll() is None:
            self.popen.kill()
        self.popen.wait()
        for fd in (self.master, self.slave):
            os.close(fd)


class OnATerminal(bus.Case):
    def setUp(self):
        super().setUp()
        self.stub.tell("report microphone running mic -")
        self.stub.tell("audio microphone 20")

    def restored(self, t):
        t.read(0.1)
        self.assertTrue(t.text.endswith("\033[?25h"), t.text[-40:])
        self.assertEqual(termios.tcgetattr(t.slave), t.before)

    def test_picture(self):
        t = Terminal(self)
        t.wait_for("xruns")
        self.assertNotEqual(termios.tcgetattr(t.slave), t.before)
        for text in ("microphone: running, mic\033[K\r\n", "  in            -6.0 dB [##############################  ]",
                     "  local SNR ", "  reduction ", "  load ", "  0 overloads, 0 xruns"):
            self.assertIn(text, t.text)
        t.popen.send_signal(signal.SIGINT)
        self.assertEqual(t.popen.wait(30), 0)
        self.restored(t)

    def test_in_place_and_ten_a_second(self):
        t = Terminal(self)
        t.wait_for("xruns")
        begin, seen = time.monotonic(), len(t.frames())
        t.read(2)
        rate = (len(t.frames()) - seen) / (time.monotonic() - begin)
        self.assertTrue(6 < rate < 11, rate)  # a busy machine may miss some
        first, *others = t.frames()
        lines = first.count("\n")
        self.assertNotIn("A", re.sub("[^\033A]", "", first))
        for frame in others:
            self.assertTrue(frame.startswith(f"\r\033[{lines}A"), repr(frame[:10]))
            self.assertEqual(frame.count("\n"), lines)

    def test_live(self):
        t = Terminal(self)
        t.wait_for("running")
        self.ctl("toggle")
        t.wait_for("bypassed")
        self.stub.tell("report microphone no-device - -")
        t.wait_for("microphone: no-device, bypassed\033[K")

    def test_small_terminal(self):
        self.stub.tell("report microphone running", "x" * 200, "-")
        for rows, columns in ((4, 20), (2, 5), (1, 1)):
            t = Terminal(self, "-n3", "-s0.02", rows=rows, columns=columns)
            self.assertEqual(t.popen.wait(30), 0)
            t.read(0.1)
            for line in re.sub("\033\\[[?0-9]*[A-Za-z]", "", t.text).split("\n"):
                self.assertLess(len(line.strip("\r")), columns)
            self.assertTrue(all(f.count("\n") < rows for f in t.frames()))

    def test_hostile_text(self):
        self.stub.tell("report microphone running", "\x1b[2Jevil\x07", "-")
        t = Terminal(self, "-n1")
        t.popen.wait(30)
        self.assertIn("?[2Jevil?", t.read(0.1))

    def test_ends(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            t = Terminal(self)
            t.wait_for("xruns")
            t.popen.send_signal(number)
            self.assertEqual(t.popen.wait(30), 0)
            self.restored(t)

    def test_keys(self):
        t = Terminal(self)
        t.wait_for("xruns")
        os.write(t.master, b"typed\n")
        t.read(0.3)
        self.assertNotIn("typed", t.text)
        os.write(t.master, b"\x03")  # Ctrl-C as typed
        self.assertEqual(t.popen.wait(30), 0)
        self.restored(t)

    def test_suspend(self):
        t = Terminal(self)
        t.wait_for("xruns")
        t.popen.send_signal(signal.SIGTSTP)
        _, status = os.waitpid(t.popen.pid, os.WUNTRACED)
        self.assertTrue(os.WIFSTOPPED(status))
        self.restored(t)
        t.text = ""
        t.popen.send_signal(signal.SIGCONT)
        t.wait_for("xruns")
        self.assertTrue(t.text.startswith("\033[?25l"), repr(t.text[:20]))

    def test_daemon_goes(self):
        t = Terminal(self)
        t.wait_for("xruns")
        self.stub.stop()
        self.assertEqual(t.popen.wait(30), 3)
        t.read(0.1)
        self.assertIn("dfnet4d does not run", t.text)
        self.assertEqual(termios.tcgetattr(t.slave), t.before)
        self.assertIn("\033[?25h", t.text)

    def test_dumb(self):
        t = Terminal(self, "-n2", "-s0.02", term="dumb")
        self.assertEqual(t.popen.wait(30), 0)
        self.assertNotIn("\033", t.read(0.1))


class InAPipe(bus.Case):
    def test_lines(self):
        self.stub.tell("report microphone running mic -")
        self.stub.tell("audio microphone 20")
        r = self.ctl("watch", "-n3", "--interval=0.05")
        self.assertNotIn("\033", r.stdout)
        lines = r.stdout.splitlines()
        self.assertEqual(len(lines), 3)
        for line in lines:
            self.assertRegex(line, r"^microphone: running, mic; in -6\.0 dB; out -?\d+\.\d dB; local SNR -?\d+\.\d dB; "
                                   r"reduction -?\d+\.\d dB; load \d+\.\d %; 0 overloads, 0 xruns$")

    def test_reader_goes(self):
        p = subprocess.Popen([CTL, "watch", "-s0.02"], env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        p.stdout.readline()
        p.stdout.close()
        self.assertEqual(p.wait(10), 1)
        self.assertIn(b"standard output: Broken pipe", p.stderr.read())
        p.stderr.close()

    def test_mistakes(self):
        for args, says in ((["-n0"], "1 to"), (["-n", "x"], "1 to"), (["-s", "0"], "0.02 to 3600"), (["x"], "'x' is too much")):
            self.fails("watch", *args, says=says, code=2)


if __name__ == "__main__":
    bus.main()
