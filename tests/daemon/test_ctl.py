"""dfnet4ctl, as its users have it."""

import re

import bus
from bus import *


LIMIT = 0.5 if os.environ.get("DFNET4_SANITIZED") else 0.05  # seconds; sanitizers start slowly


class Status(bus.Case):
    def test_text(self):
        self.stub.tell("report microphone running alsa_input.usb 48000 Hz, one channel")
        out = self.ctl("status").stdout
        for text in ("dfnet4d 1.2.3, stub", "microphone: running", "  device       alsa_input.usb\n",
                     "48000 Hz, one channel", "blocks of 256, without real-time priority", "0 overloads, 0 xruns",
                     "  limit_db     100 dB\n", "  monitor      off\n"):
            self.assertIn(text, out)
        self.ctl("set", "bypass", "on")
        self.assertIn("microphone: running, bypassed", self.ctl("status").stdout)
        self.assertEqual(self.ctl("list").stdout.split(), ["microphone", "running", "alsa_input.usb"])

    def test_json(self):
        self.stub.tell("report microphone running mic -")
        self.stub.tell("audio microphone 20")
        all = json.loads(self.ctl("status", "--json").stdout)
        self.assertEqual((all["version"], all["backend"], all["realtime"]), ("1.2.3", "stub", False))
        i, = all["instances"]
        self.assertEqual((i["name"], i["state"], i["linked"], i["rate"]), ("microphone", "running", "mic", 48000))
        self.assertEqual(i["latency_seconds"], i["latency"] / 48000)
        self.assertEqual((i["limit_db"], i["bypass"], i["monitor"]), (100, 0, False))
        self.assertAlmostEqual(i["meters"]["input_db"], -6.02, 1)
        self.assertEqual(i["frames"], 20 * 480)
        self.assertEqual(json.loads(self.ctl("list", "--json").stdout), ["microphone"])


class Settings(bus.Case):
    def test_set_and_get(self):
        self.ctl("set", "limit-db", "24.5")
        self.assertEqual(self.ctl("get", "limit_db").stdout, "24.5\n")
        self.assertEqual(self.ctl("get", "limit-db").stdout, "24.5\n")
        self.ctl("set", "post_filter", "0.02")
        self.assertEqual(self.ctl("get", "post-filter").stdout, "0.02\n")
        self.ctl("set", "monitor", "on")
        self.assertEqual(self.ctl("get", "monitor").stdout, "on\n")
        self.assertEqual(self.ctl("get", "state").stdout, "no-server\n")
        self.assertIn("\nlimit_db 24.5\n", self.ctl("get").stdout)

    def test_mistakes(self):
        self.fails("set", "limit_db", "101", says="limit_db must be a number from 0 to 100, not 101")
        self.fails("set", "limit_db", "nan", says="limit_db must be a number from 0 to 100")
        self.fails("set", "limit_db", "much", says="takes a number, on or off, not 'much'", code=2)
        self.fails("set", "monitor", "2", says="takes on or off", code=2)
        self.fails("set", "nonsense", "1", says="no setting is called 'nonsense'", code=2)
        self.fails("get", "nonsense", says="unknown key 'nonsense'", code=2)
        self.fails("set", "limit_db", says="KEY and a VALUE", code=2)
        self.fails("get", "a", "b", says="'b' is too much", code=2)
        self.fails("status", "x", says="'x' is too much", code=2)
        self.fails("nonsense", says="unknown command 'nonsense'", code=2)
        self.fails("--nonsense", says="unknown option '--nonsense'", code=2)


class Actions(bus.Case):
    def test_toggle(self):
        self.assertEqual(self.ctl("toggle").stdout, "bypass on\n")
        self.assertEqual(self.ctl("get", "bypass").stdout, "1\n")
        self.assertEqual(self.ctl("toggle").stdout, "bypass off\n")
        self.assertEqual(self.ctl("get", "bypass").stdout, "0\n")

    def test_model(self):
        self.assertEqual(self.ctl("model").stdout, self.model + "\n")
        os.symlink(self.other_model, self.path("link.safetensors"))
        os.mkdir(self.path("folder"))
        for name in ("link.safetensors", "./link.safetensors", "folder/../link.safetensors"):
            self.ctl("model", self.model)
            self.ctl("model", name)  # relative to us, not to the daemon
            self.assertEqual(self.ctl("model").stdout, os.path.realpath(self.other_model) + "\n")
        self.fails("model", "none.safetensors", says="none.safetensors: No such file")
        self.fails("model", "none", says="none: no such model")
        self.fails("model", "./folder", says="folder")
        os.mkfifo(self.path("fifo.safetensors"))
        self.fails("model", "fifo.safetensors", says="fifo.safetensors")  # and no waiting for it
        self.ctl("model", "default", code=None)  # there need not be one
        self.ctl("model", "--list")
        self.fails("model", "a", "b", says="'b' is too much", code=2)

    def test_monitor(self):
        for word in ("on", "off"):
            self.ctl("monitor", word)
            self.assertEqual(self.ctl("get", "monitor").stdout, word + "\n")
        self.fails("monitor", says="on or off", code=2)
        self.fails("monitor", "perhaps", says="on or off", code=2)

    def test_reload(self):
        self.ctl("reload")
        self.fails("reload", says="dfnet4d.conf:3: nonsense")  # what the daemon found

    def test_reset(self):
        self.ctl("set", "limit_db", "12")
        self.ctl("model", self.other_model)
        self.ctl("reset")
        self.assertEqual(self.ctl("get", "limit_db").stdout, "100\n")
        self.assertEqual(self.ctl("model").stdout, self.model + "\n")


class Several(bus.Case):
    names = ["microphone", "head-set"]

    def test_choice(self):
        self.fails("get", "limit_db", says=["several", "microphone, head-set"], code=2)
        self.ctl("set", "-i", "head-set", "limit_db", "12")
        self.assertEqual(self.ctl("get", "--instance=head-set", "limit_db").stdout, "12\n")
        self.assertEqual(self.ctl("get", "-i", "microphone", "limit_db").stdout, "100\n")
        for command in (["toggle"], ["model"], ["monitor", "on"], ["reset"], ["set", "limit_db", "3"]):
            self.fails(*command, says=["several", "microphone, head-set"], code=2)
        self.assertEqual(self.ctl("get", "-i", "microphone", "bypass").stdout, "0\n")
        self.assertEqual(len(self.ctl("watch", "-n1").stdout.splitlines()), 2)
        self.assertEqual(len(self.ctl("watch", "-n1", "-i", "head-set").stdout.splitlines()), 1)
        self.fails("watch", "-n1", "-i", "none", says="no instance 'none'")
        for name in ("none", "", "a/b", "x" * 300, "\x1b[2J"):
            self.fails("get", "-i", name, "limit_db", says=["no instance", "microphone, head-set"])
        self.assertEqual(len(json.loads(self.ctl("status", "--json").stdout)["instances"]), 2)

    def test_none(self):
        for name in self.names:
            self.stub.tell("remove", name)
        self.fails("get", "limit_db", says="no instance")
        self.assertEqual(json.loads(self.ctl("status", "--json").stdout)["instances"], [])


class Unreachable(bus.Case):
    with_stub = False
    COMMANDS = (["status"], ["status", "--json"], ["list"], ["get", "limit_db"], ["set", "limit_db", "3"],
                ["toggle"], ["model"], ["model", "x"], ["model", "--list"], ["monitor", "on"], ["watch"], ["reload"], ["reset"])

    def test_no_daemon(self):
        for command in self.COMMANDS:
            self.fails(*command, says=["dfnet4d does not run", "systemctl --user start dfnet4d"], code=3)

    def test_starts_nothing(self):
        """Although the bus knows how to start the daemon."""
        self.stop_bus()
        os.mkdir(self.path("services"))
        with open(self.path("services", NAME + ".service"), "w") as f:
            f.write(f"[D-BUS Service]\nName={NAME}\n"
                    f"Exec=/bin/sh -c 'touch {self.path('started')}; exit 1'\n")
        self.start_bus()
        for command in self.COMMANDS:
            self.fails(*command, says="dfnet4d does not run", code=3)
        self.assertFalse(os.path.exists(self.path("started")))
        self.busctl("introspect", NAME, PATH, code=1)  # the same call of somebody else
        self.assertTrue(os.path.exists(self.path("started")))

    def test_no_bus(self):
        self.stop_bus()
        for command in self.COMMANDS:
            self.fails(*command, says=["no session bus at " + self.dir + "/bus", "XDG_RUNTIME_DIR"])

    def test_addresses(self):
        self.env["DBUS_SESSION_BUS_ADDRESS"] = "unix:path=" + self.path("bus")
        del self.env["XDG_RUNTIME_DIR"]
        self.fails("status", says="does not run", code=3)
        self.env["DBUS_SESSION_BUS_ADDRESS"] = "nonsense"
        self.fails("status", says="no session bus at nonsense")
        del self.env["DBUS_SESSION_BUS_ADDRESS"]
        r = subprocess.run([CTL, "status"], env=self.env, capture_output=True, text=True)
        self.assertIn(r.returncode, (1, 3), r.stderr)  # what there is on this machine
        self.assertRegex(r.stderr, f"no session bus at /run/user/{os.getuid()}/bus|does not run")


class Speed(bus.Case):
    def test_answers_within_50_ms(self):
        for command in (["status", "--json"], ["get", "limit_db"], ["set", "limit_db", "30"]):
            best = min(self.seconds(*command) for _ in range(10))  # the machine may be busy
            self.assertLess(best, LIMIT, command)

    def seconds(self, *command):
        begin = time.monotonic()
        subprocess.run([CTL, *command], env=self.env, check=True, stdout=subprocess.DEVNULL)
        return time.monotonic() - begin


if __name__ == "__main__":
    bus.main()
