"""The unit and the activation file: valid, hardened, and about the program that is installed."""

import configparser
import os
import re
import shutil
import subprocess

import starter

UNITS = os.environ["DFNET4D_UNITS"]
FOLDER = os.environ["DFNET4D_FOLDER"]
# `systemd-analyze security` counts, in tenths, what a service of the system could drop, too; one of
# a user cannot drop all of that. PipeWire's own unit has 71.
EXPOSURE = 61


class Units(starter.Case):
    def setUp(self):
        super().setUp()
        with open(os.path.join(UNITS, "dfnet4d.service")) as f:
            self.unit = f.read()
        for section in "15":
            os.makedirs(self.path("man", "man" + section))
        shutil.copy(os.path.join(FOLDER, "dfnet4d.1"), self.path("man", "man1"))
        shutil.copy(os.path.join(FOLDER, "dfnet4d.conf.5"), self.path("man", "man5"))

    def analyze(self, command, text):
        """(exit status, output) for a unit that runs our program."""
        text = re.sub(r"(?m)^ExecStart=.*", "ExecStart=" + starter.PROGRAM, text)
        if not shutil.which("man"):
            text = re.sub(r"(?m)^Documentation=.*\n", "", text)
        path = self.write("units/dfnet4d.service", text)
        r = subprocess.run(["systemd-analyze", *command, path], capture_output=True, text=True,
                           timeout=50, env=dict(self.env, MANPATH=self.path("man")))
        return r.returncode, r.stdout + r.stderr

    def test_verify(self):
        self.assertEqual(self.analyze(["verify", "--user"], self.unit), (0, ""))
        status, out = self.analyze(["verify", "--user"], self.unit.replace("WatchdogSec", "WatchdgSec"))
        self.assertIn("WatchdgSec", out)
        status, out = self.analyze(["verify", "--user"], self.unit.replace("@system-service", "@sistem"))
        self.assertIn("@sistem", out)

    def test_security(self):
        command = ["security", "--offline=true", f"--threshold={EXPOSURE}"]
        status, out = self.analyze(command, self.unit)
        self.assertEqual(status, 0, out[-200:])
        worse = re.sub(r"(?m)^(NoNewPrivileges|SystemCallFilter)=.*\n", "", self.unit)
        self.assertNotEqual(self.analyze(command, worse)[0], 0)

    def test_what_matters(self):
        self.assertNotRegex(self.unit, r"(?m)^RestrictRealtime=")  # would take SCHED_FIFO away
        # These need user namespaces, or a capability that users have not: the unit would not start.
        self.assertNotRegex(self.unit, r"(?m)^(Private|Protect|CapabilityBounding|BindsTo|ConditionUser)")
        for line in ("Type=notify", "Restart=on-failure", "ExecReload=/bin/kill -HUP $MAINPID"):
            self.assertIn(f"\n{line}\n", self.unit)
        seconds = int(re.search(r"(?m)^WatchdogSec=(\d+)$", self.unit)[1])
        self.assertGreaterEqual(seconds, 30)  # it wakes the idle daemon twice in that time

    def test_activation(self):
        bus = configparser.ConfigParser()
        bus.optionxform = str
        bus.read(os.path.join(UNITS, "org.dfnet4.Daemon1.service"))
        program = re.search(r"(?m)^ExecStart=(.*)$", self.unit)[1]
        self.assertRegex(program, r"^/.*/dfnet4d$")
        self.assertEqual(dict(bus["D-BUS Service"]), {
            "Name": "org.dfnet4.Daemon1", "Exec": program, "SystemdService": "dfnet4d.service"})
        with open(os.path.join(FOLDER, "bus.h")) as f:
            self.assertIn('#define DFND_BUS_NAME "org.dfnet4.Daemon1"', f.read())


if __name__ == "__main__":
    starter.main()
