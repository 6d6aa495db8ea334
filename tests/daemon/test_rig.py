"""The rig that other tests stand on: does it start, see, notice and clean up what it says?"""

import array
import os
import shutil
import subprocess
import sys
import threading

import lockstep
import pipewire
from pipewire import *


class Rig(pipewire.Case):
    def test_graph(self):
        pw = self.pipewire(rate=44100, quantum=480, mics=["mic", "usb"])
        self.assertEqual({n.name for n in pw.nodes()} & {"mic", "usb", "speakers"},
                         {"mic", "usb", "speakers"})
        self.assertEqual(pw.node("mic").media_class, "Audio/Source/Virtual")
        self.assertIsNone(pw.node("headset"))
        self.assertEqual([(p.direction, p.channel, p.monitor) for p in pw.ports("mic")].count(
            ("output", "MONO", False)), 1)
        self.assertEqual(sum(p.monitor for p in pw.ports("speakers")), 2)
        self.assertEqual(pw.links(), [])
        pw.link("usb", "speakers")
        self.assertEqual({(l.output, l.input) for l in pw.links()}, {("usb", "speakers")})
        self.assertEqual(len(pw.linked("usb", "speakers")), 2)  # mono to both sides
        self.assertFalse(pw.linked("speakers", "usb"))

    def test_killed_server_is_noticed(self):
        pw = self.pipewire()
        old = pw.parts["pipewire"].pid
        pw.kill("pipewire")
        self.assertFalse(pw.parts["pipewire"].running)
        with self.assertRaises(Gone):
            pw.links()
        with self.assertRaises(AssertionError):
            wait_for(lambda: pw.node("mic"), 0.3)
        pw.start("pipewire")
        self.assertNotEqual(pw.parts["pipewire"].pid, old)
        self.assertTrue(pw.node("mic"))

    def test_replug(self):
        pw = self.pipewire(mics=["mic", "usb"])
        pw.start("wireplumber")
        wait_for(lambda: pw.default_source() == "mic", 5)
        for _ in range(3):
            old = pw.node("mic").props["object.serial"]
            pw.remove_mic("mic")
            wait_for(lambda: pw.default_source() == "usb", 5)
            pw.add_mic("mic")
            wait_for(lambda: pw.default_source() == "mic", 5)
            self.assertNotEqual(pw.node("mic").props["object.serial"], old)
        pw.set_default("usb")
        wait_for(lambda: pw.default_source() == "usb", 5)
        pw.crash()
        self.assertTrue(pw.parts["wireplumber"].running)
        wait_for(lambda: pw.default_source() in ("mic", "usb"), 5)

    def test_nothing_stays(self):
        """Also when the test dies of its time limit."""
        code = ("import pipewire, sys, time\n"
                "with pipewire.PipeWire() as pw:\n"
                "    pw.start('wireplumber')\n"
                "    print(pw.parts['pipewire'].pid, pw.parts['wireplumber'].pid, pw.folder, flush=True)\n"
                "    sys.stdin.read()\n"
                "    {}\n")
        for end, status in ("raise OSError('planted')", 1), ("", 0), ("kill", -9):
            test = subprocess.Popen([sys.executable, "-c", code.format(end if end != "kill" else "")],
                                    cwd=os.path.dirname(os.path.abspath(__file__)),
                                    stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                    stderr=subprocess.PIPE)
            *pids, folder = test.stdout.readline().decode().split()
            self.assertEqual(len(pids), 2)
            if end == "kill":
                test.kill()
                self.addCleanup(shutil.rmtree, folder, True)
            _, err = test.communicate(timeout=60)
            self.assertEqual(test.returncode, status)
            self.assertEqual(b"---- pipewire runs" in err, status == 1)
            wait_for(lambda: not any(os.path.exists(f"/proc/{p}") for p in pids), 5)
            if end != "kill":
                self.assertFalse(os.path.exists(folder))

    def test_figures(self):
        pw = self.pipewire()
        sleeper = pw.spawn("sleeper", ["sleep", "100"])
        busy = pw.spawn("busy", [sys.executable, "-c", "while True: pass"])
        wait_for(lambda: figures(busy.pid).cpu_seconds > 0.2, 30)
        self.assertLess(figures(sleeper.pid).cpu_seconds, 0.1)
        self.assertEqual(figures(sleeper.pid).threads, 1)
        self.assertEqual(figures(sleeper.pid).fds, 3)
        self.assertGreater(figures(busy.pid).rss_kib, 1000)
        sleeper.kill()
        with self.assertRaises(Gone):
            figures(sleeper.pid)

    def test_lockstep_loses_nothing(self):
        for rate, quantum in ((48000, 64), (44100, 480), (96000, 1024)):
            with self.subTest(rate=rate, quantum=quantum):
                with lockstep.on_core(), PipeWire(rate, quantum) as pw:
                    x = lockstep.noise(60 * rate)
                    y = lockstep.run(pw, x, tail=quantum)
                    delay = lockstep.find_delay(x, y, quantum)
                    self.assertIn(delay, (0, quantum))
                    self.assertEqual(y[:delay], array.array("f", bytes(4 * delay)))
                    self.assertTrue(y[delay:delay + len(x)] == x)

    def test_lockstep_fails(self):
        """It never waits for ever, and never measures another graph than it was asked for."""
        pw = self.pipewire(quantum=480)
        x = array.array("f", bytes(4 * 300 * pw.rate))
        pw.set_quantum(512)
        with self.assertRaisesRegex(AssertionError, "with quantum 512, not at 48000 with 480"):
            lockstep.run(pw, x)
        pw.set_quantum(0)

        def cut():
            link, = pw.linked("lockstep.play", "lockstep.record")
            pw.run("pw-cli", "destroy", str(link.id))

        for disturb, says in ((cut, "nothing arrives after frame [1-9]"),
                              (lambda: pw.kill("pipewire"), "PipeWire")):
            with self.assertRaisesRegex(AssertionError, says):
                self.disturbed(pw, disturb, lambda: lockstep.run(pw, x, quantum=16))

    def disturbed(self, pw, disturb, action):
        """action() with a disturb() when its graph runs."""
        def wait():
            wait_for(lambda: pw.linked("lockstep.play", "lockstep.record"), 30)
            pid = pw.spawned[-1].pid
            idle = figures(pid).cpu_seconds  # until the first cycle
            wait_for(lambda: figures(pid).cpu_seconds > idle + 0.1, 30)
            disturb()
        thread = threading.Thread(target=wait)
        thread.start()
        try:
            action()
        finally:
            thread.join()


if __name__ == "__main__":
    main(jobs=3)
