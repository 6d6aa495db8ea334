"""The daemon on the bus: properties, signals, hostile callers, a bus that goes and comes."""

import re

import bus
from bus import *
from process import figures


class Properties(bus.Case):
    names = ["microphone", "head-set"]

    def test_introspection(self):
        out = self.busctl("introspect", NAME, self.object(), INSTANCE).stdout
        with open(os.environ["DFNET4_PARAMS"]) as f:
            symbols = re.findall(r"^DFN_PARAM\((\w+),", f.read(), re.M)
        self.assertIn("limit_db", symbols)
        for s in symbols:
            self.assertRegex(out, rf"(?m)^\.{s} +property +d .* emits-change writable$")
        for text in (r"\.State +property +s", r"\.Monitor +property +b .* emits-change writable",
                     r"\.SetModel +method +s +-", r"\.Toggle +method +- +b",
                     r"\.GetMeters +method +- +a\{sd\}", r"\.LatencySeconds +property +d"):
            self.assertRegex(out, "(?m)^" + text)
        out = self.busctl("introspect", NAME, PATH, NAME).stdout
        self.assertRegex(out, r'(?m)^\.Version +property +s +"1\.2\.3" +const')
        tree = self.busctl("tree", "--list", NAME).stdout.split()
        self.assertIn(self.object("head-set"), tree)

    def test_values(self):
        self.assertEqual(self.get("Name", "head-set"), "head-set")
        self.assertEqual(self.get("limit_db"), 100)
        self.assertEqual(self.get("State"), "no-server")
        self.assertEqual(self.get("LatencySeconds"), self.get("Latency") / 48000)
        self.assertEqual(self.stub.tell("report microphone running mic the detail"), "ok")
        for prop, value in (("State", "running"), ("Linked", "mic"), ("Detail", "the detail"),
                            ("Rate", 48000), ("Quantum", 256)):
            self.assertEqual(self.get(prop), value)
        self.assertEqual(self.get("State", "head-set"), "no-server")

    def test_set(self):
        self.put("post_filter", "d", 0.05)  # its limit, which no float equals
        self.assertEqual(self.get("post_filter"), 0.05)
        self.put("limit_db", "d", 24.5)
        self.assertEqual(self.get("limit_db"), 24.5)
        self.assertEqual(self.get("limit_db", "head-set"), 100)

    def test_toggle(self):
        self.assertEqual(self.call("Toggle").stdout, "b true\n")
        self.assertEqual(self.get("bypass"), 1)
        self.assertEqual(self.call("Toggle").stdout, "b false\n")
        self.assertEqual(self.get("bypass"), 0)

    def test_model(self):
        self.call("SetModel", "s", self.other_model)
        self.assertEqual(self.get("Model"), self.other_model)
        r = self.call("SetModel", "s", self.path("none"), code=1)
        self.assertIn(self.path("none"), r.stderr)
        self.assertEqual(self.get("Model"), self.other_model)

    def test_meters(self):
        def meters():
            r = self.busctl("--json=short", "call", NAME, self.object(), INSTANCE, "GetMeters")
            return json.loads(r.stdout)["data"][0]
        self.assertEqual(meters()["input_db"], -120)
        self.stub.tell("report microphone running mic -")
        self.assertEqual(self.stub.tell("audio microphone 20"), "ok")
        m = meters()
        self.assertAlmostEqual(m["input_db"], -6.02, 1)  # 0.5 of full scale, a square wave
        self.assertEqual(set(m), {"input_db", "output_db", "lsnr_db", "reduction_db", "vad", "load",
                                  "load_max", "overloads", "xruns"})
        self.stub.tell("report microphone idle mic -")
        self.assertEqual(meters()["input_db"], -120)  # no old news

    def test_objects(self):
        def paths():
            r = self.busctl("--json=short", "get-property", NAME, PATH, NAME, "Instances")
            return json.loads(r.stdout)["data"]
        self.assertEqual(paths(), [self.object(), self.object("head-set")])
        r = self.busctl("--json=short", "call", NAME, PATH, "org.freedesktop.DBus.ObjectManager",
                        "GetManagedObjects")
        self.assertEqual(set(json.loads(r.stdout)["data"][0]), set(paths()))
        self.assertEqual(self.stub.tell("remove head-set"), "ok")
        self.assertEqual(paths(), [self.object()])
        self.busctl("get-property", NAME, self.object("head-set"), INSTANCE, "State", code=1)
        self.assertEqual(self.stub.tell("add other"), "ok")
        self.assertEqual(paths(), [self.object(), self.object("other")])

    def test_reload(self):
        self.busctl("call", NAME, PATH, NAME, "Reload")
        r = self.busctl("call", NAME, PATH, NAME, "Reload", code=1)
        self.assertIn("dfnet4d.conf:3: nonsense", r.stderr)


class Signals(bus.Case):
    def signals(self, act, count):
        """What is told while `act` runs: the changed properties of each of the first `count` signals."""
        rule = "type='signal',interface='org.freedesktop.DBus.Properties',path='%s'" % self.object()
        log = self.path("monitor.log")
        with open(log, "wb") as f:
            monitor = subprocess.Popen(["busctl", "--user", "--json=short", "--match", rule, "monitor"],
                                       env=self.env, stdout=f, stderr=subprocess.STDOUT)
        def told():
            with open(log) as f:
                return [json.loads(line)["payload"]["data"][1] for line in f if line[0] == "{" and line[-1] == "\n"]
        try:
            wait_for(lambda: os.path.getsize(log), 5, "a monitor")
            act()
            wait_for(lambda: len(told()) >= count, 5, f"{count} signals")
            time.sleep(0.2)  # and no more
            return [{k: v["data"] for k, v in one.items()} for one in told()]
        finally:
            monitor.kill()
            monitor.wait()

    def test_only_what_changed(self):
        def act():
            self.put("limit_db", "d", 30)
            self.put("limit_db", "d", 30)  # nothing new
            self.stub.tell("report microphone running mic -")
            self.stub.tell("report microphone running mic -")
            self.call("Toggle")
            self.put("Monitor", "b", "true")
        told = self.signals(act, 4)
        self.assertEqual(told, [{"limit_db": 30}, {"State": "running", "Linked": "mic", "Rate": 48000,
                                                   "Quantum": 256}, {"bypass": 1}, {"Monitor": True}])


class Hostile(bus.Case):
    names = ["microphone", "deaf"]

    def test_values(self):
        for value in ("nan", "inf", "-inf", "-0.001", "100.001", "1e300", "-1e300"):
            r = self.put("limit_db", "d", value, code=1)
            self.assertIn("limit_db must be a number from 0 to 100", r.stderr)
        self.assertEqual(self.get("limit_db"), 100)

    def test_types(self):
        for kind, value in (("s", "30"), ("i", "30"), ("b", "true"), ("t", "30")):
            r = self.put("limit_db", kind, value, code=1)
            self.assertIn("limit_db", r.stderr)
        self.put("Monitor", "d", "1", code=1)
        for args in (["Set", "ss", INSTANCE, "limit_db"], ["Set", "sssd", INSTANCE, "limit_db", "x", 3],
                     ["Set", "ssv", "org.example.None", "limit_db", "d", 3],
                     ["Set", "ssv", INSTANCE, "no_such", "d", 3], ["Get", "s", INSTANCE],
                     ["Set", "ssv", INSTANCE, "limit_db", "av", 2, "d", 1, "d", 2],
                     ["GetAll", "s", "x"], ["Nonsense"]):
            self.busctl("call", NAME, self.object(), "org.freedesktop.DBus.Properties", *args, code=1)
        for args in (["SetModel"], ["SetModel", "d", 1], ["SetModel", "ss", "a", "b"], ["Toggle", "b", "true"],
                     ["GetMeters", "s", "x"], ["Nonsense"]):
            self.call(*args, code=1)
        self.assertEqual(self.get("limit_db"), 100)

    def test_read_only(self):
        for prop, kind, value in (("State", "s", "running"), ("Xruns", "t", 1), ("Model", "s", "x")):
            self.assertIn("not writable", self.put(prop, kind, value, code=1).stderr)

    def test_texts(self):
        for name in ("x" * 5000, "x" * 4096, "\x01\x1b[2J", "/", ".", "/dev/zero", "/proc/self/mem", "~"):
            self.call("SetModel", "s", name, code=1)
        self.call("SetModel", "s", "x" * 100000, code=1)
        self.assertEqual(self.get("Model"), self.model)

    def test_objects(self):
        for path in (PATH + "/none", PATH + "/microphone/x", "/", "/org", PATH + "/" + "x" * 5000):
            self.busctl("get-property", NAME, path, INSTANCE, "State", code=1)

    def test_backend_that_fails(self):
        r = self.put("Monitor", "b", "true", name="deaf", code=1)
        self.assertIn("no default output", r.stderr)  # although its text is not UTF-8
        self.assertEqual(self.get("Monitor", "deaf"), False)

    def tearDown(self):
        self.assertEqual(self.get("State"), "no-server")
        self.assertEqual(self.stub.stop(), 0, self.stub.log())


class BusGone(bus.Case):
    def test_restart(self):
        self.put("limit_db", "d", 30)
        for _ in range(3):
            self.stop_bus()
            self.assertEqual(self.stub.tell("report microphone running mic -"), "ok")
            self.assertEqual(self.stub.tell("add other"), "ok")
            self.assertEqual(self.stub.tell("remove other"), "ok")
            self.start_bus()
            self.wait_for_name()
            self.assertEqual(self.get("limit_db"), 30)
            self.assertEqual(self.get("State"), "running")
        self.assertEqual(self.stub.log().count("it is gone"), 3)

    def test_two_daemons(self):
        first, second = self.stub, self.start_stub()
        wait_for(lambda: "another dfnet4d runs" in second.log(), 5)
        first.stop()
        self.wait_for_name()
        self.assertEqual(self.get("State"), "no-server")
        self.stub = second

    def tearDown(self):
        self.assertEqual(self.stub.stop(), 0, self.stub.log())


class NoBus(bus.Case):
    with_bus = False

    def test_folder_comes_and_goes(self):
        """As /run/user/UID does at a login."""
        self.stub.stop()
        self.env["XDG_RUNTIME_DIR"] = self.path("later")
        os.mkdir(self.path("later"))
        self.start_stub()
        wait_for(lambda: "no session bus" in self.stub.log(), 5)
        os.rmdir(self.path("later"))
        time.sleep(0.5)
        os.mkdir(self.path("later"))
        self.start_bus(self.path("later", "bus"))
        self.wait_for_name()

    def test_no_bus(self):
        wait_for(lambda: "no session bus" in self.stub.log(), 5)
        self.assertEqual(self.stub.tell("report microphone running mic -"), "ok")
        time.sleep(5)  # several attempts, told once; then it waits to be told that there is a bus
        self.assertEqual(len(self.stub.log().splitlines()), 1, self.stub.log())
        before = figures(self.stub.popen.pid).wakeups
        time.sleep(2)
        self.assertEqual(figures(self.stub.popen.pid).wakeups, before)
        self.start_bus()
        self.wait_for_name()
        self.assertEqual(self.get("State"), "running")


if __name__ == "__main__":
    bus.main()
