"""A session bus of our own, and a daemon without sound on it (control_stub.c).

The programs come from the environment: DFNET4_STUB, DFNET4CTL, DFNET4_TINY (a model)."""

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from process import die_with_parent, wait_for

CTL = os.environ["DFNET4CTL"]
STUB = os.environ["DFNET4_STUB"]
NAME, PATH, INSTANCE = "org.dfnet4.Daemon1", "/org/dfnet4/Daemon1", "org.dfnet4.Instance1"

BUS_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path=%s</listen><servicedir>%s</servicedir><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>
<allow own="*"/></policy></busconfig>
"""


class Stub:
    def __init__(self, case, names):
        self.log_path = case.path("stub.log")
        with open(self.log_path, "ab") as log:
            self.popen = subprocess.Popen(
                [STUB, case.model, case.settings, *names], env=case.env, cwd=case.dir,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, bufsize=1,
                preexec_fn=die_with_parent)

    def tell(self, *words):
        """The stub's answer to a command; "ok" if all is well."""
        self.popen.stdin.write(" ".join(map(str, words)) + "\n")
        if not select.select([self.popen.stdout], [], [], 10)[0]:
            raise AssertionError(f"no answer to {words}")
        return self.popen.stdout.readline().strip()

    def log(self):
        with open(self.log_path) as f:
            return f.read()

    def stop(self):
        """SIGTERM; the exit status."""
        if self.popen.poll() is None:
            self.popen.terminate()
        status = self.popen.wait(timeout=10)
        self.popen.stdin.close()
        self.popen.stdout.close()
        return status


class Case(unittest.TestCase):
    """A test in a folder of its own, with a model and a bus in it; names: instances to begin with."""
    names = ["microphone"]
    with_bus = True
    with_stub = True

    @classmethod
    def setUpClass(cls):
        cls.models = tempfile.TemporaryDirectory(prefix="dfnet4-bus-")
        cls.model = os.path.join(cls.models.name, "tiny.safetensors")
        cls.other_model = os.path.join(cls.models.name, "other.safetensors")
        subprocess.run([os.environ["DFNET4_TINY"], cls.model], check=True)
        shutil.copy(cls.model, cls.other_model)

    @classmethod
    def tearDownClass(cls):
        cls.models.cleanup()

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="dfnet4-bus-")
        self.addCleanup(shutil.rmtree, self.dir)
        self.env = {k: v for k, v in os.environ.items()
                    if not k.startswith(("DBUS_", "XDG_", "DISPLAY", "SYSTEMD_"))}
        self.env.update(HOME=self.dir, XDG_RUNTIME_DIR=self.dir, XDG_STATE_HOME=self.path("state"))
        self.settings = self.path("state", "dfnet4", "settings.json")
        self.bus = self.stub = None
        if self.with_bus:
            self.start_bus()
        if self.with_stub:
            self.start_stub()

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def start_bus(self, socket=None):
        socket = socket or self.path("bus")
        if os.path.exists(socket):
            os.unlink(socket)
        with open(self.path("bus.conf"), "w") as f:
            f.write(BUS_CONFIG % (socket, self.path("services")))
        self.bus = subprocess.Popen(["dbus-daemon", "--nofork", "--config-file=" + self.path("bus.conf")],
                                    env=self.env, stderr=subprocess.DEVNULL, preexec_fn=die_with_parent)
        self.addCleanup(self.stop_bus, self.bus)
        wait_for(lambda: os.path.exists(socket), what="a bus")

    def stop_bus(self, bus=None):
        bus = bus or self.bus
        if bus.poll() is None:
            bus.kill()
        bus.wait()

    def start_stub(self, *names, wait=True):
        self.stub = Stub(self, names or self.names)
        self.addCleanup(self.stub.stop)
        if wait and self.with_bus:
            self.wait_for_name()
        return self.stub

    def restart_stub(self):
        self.assertEqual(self.stub.stop(), 0, self.stub.log())
        self.start_stub()

    def owned(self):
        """Whether there is a daemon on the bus."""
        r = self.busctl("call", "org.freedesktop.DBus", "/org/freedesktop/DBus",
                        "org.freedesktop.DBus", "NameHasOwner", "s", NAME, code=None)
        return r.stdout == "b true\n"

    def wait_for_name(self):
        wait_for(self.owned, what="the daemon on the bus: " + self.stub.log())

    # ---- programs ----

    def busctl(self, *args, code=0):
        r = subprocess.run(["busctl", "--user", "--timeout=10", *map(str, args)], env=self.env,
                           stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)
        if code is not None:
            self.assertEqual(r.returncode, code, f"{args}: {r.stdout}{r.stderr}")
        return r

    def ctl(self, *args, code=0, **options):
        options.setdefault("env", self.env)
        r = subprocess.run([CTL, *map(str, args)], stdin=subprocess.DEVNULL, capture_output=True,
                           text=True, timeout=30, cwd=self.dir, **options)
        if code is not None:
            self.assertEqual(r.returncode, code, f"{args}: {r.stdout}{r.stderr}")
        for line in r.stderr.splitlines():
            self.assertTrue(line.startswith("dfnet4ctl: "), line)
        return r

    def fails(self, *args, says, code=1, **options):
        """dfnet4ctl fails with one line that holds every text of `says`."""
        r = self.ctl(*args, code=code, **options)
        self.assertEqual(len(r.stderr.splitlines()), 1, r.stderr)
        for text in [says] if isinstance(says, str) else says:
            self.assertIn(text, r.stderr)

    # ---- the bus ----

    def object(self, name="microphone"):
        return PATH + "/" + name.replace("-", "_2d")

    def get(self, prop, name="microphone"):
        r = self.busctl("--json=short", "get-property", NAME, self.object(name), INSTANCE, prop)
        return json.loads(r.stdout)["data"]

    def put(self, prop, kind, value, name="microphone", code=0):
        return self.busctl("set-property", NAME, self.object(name), INSTANCE, prop, kind, "--", value,
                           code=code)

    def call(self, method, *args, name="microphone", code=0):
        return self.busctl("call", NAME, self.object(name), INSTANCE, method, *args, code=code)


def main():
    """Run the calling file's tests; exit 77 if they were skipped: all of them or none."""
    for tool in ("dbus-daemon", "busctl"):
        if not shutil.which(tool):
            print(f"skipped: there is no {tool}")
            sys.exit(1 if os.environ.get("CI") else 77)
    unittest.main(verbosity=2)
