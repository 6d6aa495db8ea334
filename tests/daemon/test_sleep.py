"""The computer sleeps: settings are saved before, sound is there again at once after it. A logind of
our own (logind.c), on a bus of our own, tells of sleeps that do not happen."""

import os
import subprocess
import time

import pipewire
import sound
from pipewire import *

DAEMON, CTL, LOGIND = (os.environ[n] for n in ("DFNET4D", "DFNET4CTL", "DFNET4_LOGIND"))
BACKENDS = os.environ["DFNET4D_BACKENDS"].split()
SOURCE, CAPTURE = "dfnet4.microphone", "dfnet4.microphone.capture"
BACK = 2  # seconds


class Sleep(pipewire.Case):
    def begin(self, *argv, logind=True, bus=True, mics=("mic",)):
        pw = self.pw = self.pipewire(mics=mics)
        pw.start("dbus")
        pw.start("wireplumber")
        address = pw.env["DBUS_SYSTEM_BUS_ADDRESS"] = "unix:path=" + pw.runtime("system-bus")
        if bus:
            pw.spawn("system-bus", ["dbus-daemon", "--session", "--nofork", "--nopidfile",
                                    "--nosyslog", "--address=" + address])
            wait_for(lambda: os.path.exists(pw.runtime("system-bus")), 10)
        if logind:
            self.logind = pw.spawn("logind", [LOGIND], stdin=subprocess.PIPE)
            self.addCleanup(self.logind.popen.stdin.close)
            self.said("ready", 1)
        self.daemon = pw.spawn("dfnet4d", [*(argv or [DAEMON]), "-vv"])
        if not argv:
            wait_for(lambda: pw.linked("mic", CAPTURE), 20)

    def said(self, what, times):
        wait_for(lambda: self.logind.log().split().count(what) == times, 5, f"{what}, {times} times")

    def tell(self, what):
        self.logind.popen.stdin.write(what.encode() + b"\n")
        self.logind.popen.stdin.flush()

    def serial(self, name):
        node = self.pw.node(name)
        return node and node.props["object.serial"]

    def linked_anew(self, before):
        node = self.pw.node(CAPTURE)
        return (node and node.props["object.serial"] != before and self.pw.linked("mic", CAPTURE)
                and self.pw.node(SOURCE).state == "running")

    def test_sleep(self):
        self.begin()
        pw = self.pw
        settings = os.path.join(pw.env["XDG_STATE_HOME"], "dfnet4", "settings.json")
        sound.write(os.path.join(pw.folder, "tone.wav"), sound.sine(440, 60, level=0.5))
        path = os.path.join(pw.folder, "out.wav")
        pw.play(os.path.join(pw.folder, "tone.wav"), "mic")
        recorder = pw.record(SOURCE, path)
        wait_for(lambda: pw.node(SOURCE).state == "running", 10)
        source = self.serial(SOURCE)
        for times in (1, 2, 3):
            self.said("inhibited", times)
            self.assertEqual(self.logind.log().count("released"), times - 1)
            capture, value = self.serial(CAPTURE), 0.25 / times
            pw.run(CTL, "set", "limit_db", str(value))  # the noise stays, and the tone
            start = time.monotonic()
            self.tell("sleep")
            self.said("released", times)
            if time.monotonic() - start < 0.9:  # later it is saved anyway
                with open(settings) as f:
                    self.assertAlmostEqual(json.load(f)["microphone"]["limit_db"], value, 5)
            self.tell("wake")
            wait_for(lambda: self.linked_anew(capture), BACK, "it is back")
            print(f"saved and released after {time.monotonic() - start:.2f} s")
        self.assertEqual(self.serial(SOURCE), source)  # who listens goes on
        self.assertTrue(pw.linked(SOURCE, recorder.name))
        time.sleep(0.5)
        pw.finish(recorder)
        heard = sound.read(path)[0]
        self.assertGreater(max(heard[-9600:]), 0.4)
        self.assertEqual(self.daemon.stop(), 0, self.daemon.log())
        self.said("released", 4)

    if "portaudio" in BACKENDS:
        def test_portaudio(self):
            """Its streams are closed and opened again."""
            self.begin("pw-jack", DAEMON, "--backend=portaudio", "--device=mic", "--output=clean",
                       mics=("mic", "clean"))
            linked = lambda: self.pw.linked("mic", "PortAudio") and self.pw.linked("PortAudio", "clean")
            wait_for(linked, 30)
            before = self.serial("PortAudio")
            self.said("inhibited", 1)
            self.tell("sleep")
            self.said("released", 1)
            self.assertEqual(self.serial("PortAudio"), before)
            self.tell("wake")
            wait_for(lambda: self.serial("PortAudio") not in (None, before) and linked(), BACK,
                     "its streams are back")
            self.assertIn("the computer is awake", self.daemon.log())
            self.assertEqual(self.daemon.stop(), 0)

    def test_without_a_bus(self):
        self.begin(logind=False, bus=False)
        self.assertEqual(self.daemon.log().count("nobody tells of a sleep"), 1)
        self.assertEqual(self.daemon.stop(), 0)

    def test_without_logind(self):
        self.begin(logind=False)
        wait_for(lambda: "it does not wait for us before a sleep" in self.daemon.log(), 10)
        self.assertEqual(self.daemon.stop(), 0)


if __name__ == "__main__":
    pipewire.main(jobs=4)
