"""The service under a real `systemd --user`, in namespaces of its own: cgroups, mounts, processes.

The outer process makes the namespaces and starts this file in them again; there, it starts a bus
and systemd, and runs the tests. Where that is not possible, it says why and exits with 77."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from process import die_with_parent, wait_for

DFNET4D, DFNET4CTL, UNITS = (os.environ[n] for n in ("DFNET4D", "DFNET4CTL", "DFNET4D_UNITS"))
SYSTEMD = "/lib/systemd/systemd"
ROOT = os.environ.get("DFNET4_SYSTEMD_ROOT")  # inside
SERVER = ("pipewire.socket", "pipewire.service", "wireplumber.service")
PIPEWIRE_CONF = """
context.objects = [
  { factory = adapter args = { factory.name = support.null-audio-sink node.name = mic
    media.class = Audio/Source/Virtual object.linger = true audio.position = [ MONO ] } }
]
"""


def skip(why):
    print(f"skipped: {why}")
    sys.exit(77)


# ---- outside ------------------------------------------------------------------------------

def find_cgroup():
    """The folder of cgroups v2 that we may make more in."""
    for folder in ("/sys/fs/cgroup/unified", "/sys/fs/cgroup"):
        if os.path.exists(folder + "/cgroup.procs") and os.path.exists(folder + "/cgroup.subtree_control"):
            return folder
    skip("there are no cgroups of version 2")


def outside():
    for program in (SYSTEMD, "dbus-daemon", "unshare", "systemctl", "pipewire", "wireplumber"):
        if not shutil.which(program):
            skip(f"not installed: {program}")
    if os.geteuid() != 0:
        skip("namespaces are for root")
    try:
        group = os.path.join(find_cgroup(), f"dfnet4-test-{os.getpid()}")
        os.mkdir(group)
    except OSError as error:
        skip(f"no cgroup of our own: {error}")
    root = tempfile.mkdtemp(prefix="dfnet4-systemd-")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # at a time limit, too: clean up
    space = ["unshare", "--cgroup", "--mount", "--pid", "--fork", "--kill-child", "--propagation",
             "private", "--mount-proc"]
    try:
        def join():
            die_with_parent()
            with open(group + "/cgroup.procs", "w") as f:
                f.write(str(os.getpid()))
        try:
            probe = subprocess.run([*space, "sh", "-c", "mount -t tmpfs tmpfs /run && umount -R /sys/fs/cgroup "
                                    "&& mount -t cgroup2 none /sys/fs/cgroup && mkdir /sys/fs/cgroup/probe "
                                    "&& rmdir /sys/fs/cgroup/probe"],
                                   preexec_fn=join, capture_output=True, text=True)
        except (OSError, subprocess.SubprocessError) as error:
            skip(f"no namespaces: {error}")
        if probe.returncode:
            skip(f"no namespaces: {probe.stderr.strip()}")
        return subprocess.run([*space, sys.executable, __file__], preexec_fn=join, timeout=150,
                              env=dict(os.environ, DFNET4_SYSTEMD_ROOT=root)).returncode
    finally:
        for folder, _, _ in os.walk(group, topdown=False):
            try:
                os.rmdir(folder)
            except OSError:
                pass
        shutil.rmtree(root, ignore_errors=True)


# ---- inside -------------------------------------------------------------------------------

def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as f:
        f.write(text)


def run(*argv, check=True):
    r = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
    if check and r.returncode:
        raise AssertionError(f"{argv}: {r.stdout}")
    return r.stdout.strip()


def systemctl(*argv, **options):
    return run("systemctl", "--user", *argv, **options)


def show(name, unit="dfnet4d"):
    return systemctl("show", "-P", name, unit)


def start_all():
    for name in ("system", "seats", "sessions", "users", "machines"):
        os.makedirs("/run/systemd/" + name)
    os.makedirs("/run/user/0", 0o700)
    os.mkdir("/sys/fs/cgroup/manager")
    with open("/sys/fs/cgroup/manager/cgroup.procs", "w") as f:
        f.write(str(os.getpid()))
    home = ROOT + "/home"
    os.environ.update(HOME=home, XDG_RUNTIME_DIR="/run/user/0", XDG_CONFIG_HOME=home + "/.config",
                      XDG_STATE_HOME=home + "/.local/state", XDG_DATA_HOME=home + "/.local/share",
                      DBUS_SESSION_BUS_ADDRESS="unix:path=/run/user/0/bus", LC_ALL="C")
    units = home + "/.config/systemd/user"
    for name in SERVER:
        write(f"{units}/{name}.d/test.conf", "[Unit]\nConditionUser=\n")  # Debian's are not for root
        os.symlink("/dev/null", f"{units}/{name}")  # not yet
    write(home + "/.config/pipewire/pipewire.conf.d/mic.conf", PIPEWIRE_CONF)
    for name, folder in (("dfnet4d.service", units),
                         ("org.dfnet4.Daemon1.service", home + "/.local/share/dbus-1/services")):
        with open(os.path.join(UNITS, name)) as f:
            text = "".join(line.split("=")[0] + f"={DFNET4D}\n" if line.startswith("Exec") and
                           not line.startswith("ExecReload") else line for line in f)
        write(f"{folder}/{name}", text)
    write(units + "/dfnet4d.service.d/log.conf", f"[Service]\nStandardError=append:{ROOT}/dfnet4d.log\n"
          f"ExecStopPost=/bin/sh -c 'echo $SERVICE_RESULT >>{ROOT}/results'\n")
    log = open(ROOT + "/systemd.log", "w")
    subprocess.Popen(["dbus-daemon", "--session", "--systemd-activation", "--nofork", "--nopidfile",
                      "--nosyslog", "--address=" + os.environ["DBUS_SESSION_BUS_ADDRESS"]], stderr=log)
    wait_for(lambda: os.path.exists("/run/user/0/bus"), 10)
    subprocess.Popen([SYSTEMD, "--user", "--log-target=console", "--log-level=info"], stdout=log, stderr=log)
    wait_for(lambda: os.path.exists("/run/user/0/systemd/private"), 10, "systemd")
    wait_for(lambda: show("ActiveState", "basic.target") == "active", 20, "systemd")


class Service(unittest.TestCase):
    """In the order of their names: they are about one service."""

    def settings(self, text):
        write(os.environ["XDG_CONFIG_HOME"] + "/dfnet4/dfnet4d.conf", text)

    def log(self):
        with open(ROOT + "/dfnet4d.log") as f:
            return f.read()

    def status(self, pid):
        with open(f"/proc/{pid}/status") as f:
            return dict(line.rstrip("\n").split(":\t", 1) for line in f)

    def wait_for_other(self, pid, seconds=10):
        return wait_for(lambda: show("ActiveState") == "active" and
                        show("MainPID") not in ("0", pid) and show("MainPID"), seconds)

    def test_1_starts_without_sound(self):
        """Ready all the same, and honest about it. Then PipeWire comes."""
        self.settings("[microphone]\ndevice = mic\n")
        systemctl("start", "dfnet4d")
        self.assertEqual(show("ActiveState"), "active")
        self.assertEqual(show("StatusText"), "microphone: waits for the sound server (pipewire)")
        for name in SERVER:
            os.remove(f"{os.environ['XDG_CONFIG_HOME']}/systemd/user/{name}")
        systemctl("daemon-reload")
        systemctl("start", *SERVER)
        wait_for(lambda: show("StatusText") == "microphone: idle", 15, "idle")
        self.assertIn("dfnet4.microphone", run("pw-cli", "ls", "Node"))

    def test_2_is_sandboxed(self):
        status = self.status(show("MainPID"))
        self.assertEqual((status["NoNewPrivs"], status["Seccomp"]), ("1", "2"))

    def test_3_reloads(self):
        pid = show("MainPID")
        self.settings("[microphone]\ndevice = mic\nlimit_db = 12\n")
        systemctl("reload", "dfnet4d")
        wait_for(lambda: run(DFNET4CTL, "get", "limit_db") in ("12", "12 dB"), 5)
        self.assertEqual((show("ActiveState"), show("MainPID")), ("active", pid))

    def test_4_comes_back(self):
        pid = show("MainPID")
        os.kill(int(pid), signal.SIGKILL)
        other = self.wait_for_other(pid)
        self.assertEqual(show("NRestarts"), "1")
        systemctl("restart", "pipewire")  # goes on through that
        wait_for(lambda: show("StatusText") == "microphone: idle", 15)
        self.assertEqual(show("MainPID"), other)

    def test_5_watchdog(self):
        """A daemon that hangs is killed and started again."""
        write(os.environ["XDG_CONFIG_HOME"] + "/systemd/user/dfnet4d.service.d/fast.conf",
              "[Service]\nWatchdogSec=1\n")
        systemctl("daemon-reload")
        systemctl("restart", "dfnet4d")
        pid = show("MainPID")
        time.sleep(2.5)
        self.assertEqual(show("MainPID"), pid)  # it feeds the watchdog
        os.kill(int(pid), signal.SIGSTOP)
        self.wait_for_other(pid)
        with open(ROOT + "/results") as f:
            self.assertEqual(f.read().split()[-1], "watchdog")

    def test_6_wrong_settings(self):
        """It says so and stays down: trying again would not help."""
        self.settings("[microphone]\nspeed = 1\n")
        systemctl("reload", "dfnet4d", check=False)  # the running one goes on
        wait_for(lambda: "dfnet4d.conf:2: unknown key 'speed'" in self.log(), 5)
        self.assertEqual(show("ActiveState"), "active")
        systemctl("restart", "dfnet4d", check=False)
        wait_for(lambda: show("ActiveState") == "failed", 5)
        self.assertEqual((show("ExecMainStatus"), show("Result")), ("2", "exit-code"))
        time.sleep(1.5)  # RestartSec
        self.assertEqual(show("ActiveState"), "failed")

    def test_7_somebody_calls(self):
        """The first call on the bus starts the service, under systemd."""
        self.settings("[microphone]\ndevice = mic\n")
        systemctl("reset-failed", "dfnet4d")
        run("busctl", "--user", "--timeout=20", "introspect", "org.dfnet4.Daemon1", "/org/dfnet4/Daemon1")
        self.assertEqual(show("ActiveState"), "active")
        self.assertEqual(self.status(show("MainPID"))["Seccomp"], "2")

    def test_8_stops(self):
        systemctl("stop", "dfnet4d")
        self.assertEqual((show("ActiveState"), show("ExecMainStatus"), show("Result")),
                         ("inactive", "0", "success"))
        self.assertNotIn("dfnet4.microphone", run("pw-cli", "ls", "Node"))


def inside():
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True)
    subprocess.run(["umount", "-R", "/sys/fs/cgroup"], check=True)
    subprocess.run(["mount", "-t", "cgroup2", "none", "/sys/fs/cgroup"], check=True)
    try:
        start_all()
        result = unittest.main(exit=False, verbosity=2, failfast=True).result
        good = result.wasSuccessful() and result.testsRun
    except AssertionError as error:
        print(error)
        good = False
    if not good:
        print(systemctl("status", "--no-pager", "dfnet4d", "pipewire", "wireplumber", check=False))
        for name in ("systemd.log", "dfnet4d.log"):
            if os.path.exists(f"{ROOT}/{name}"):
                with open(f"{ROOT}/{name}") as f:
                    print(f"---- {name}\n{f.read()[-6000:]}")
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    if ROOT:
        inside()
    sys.exit(outside())
