"""What was set is there after a restart; a file that is broken does no harm."""

import bus
from bus import *
from process import Process


class Saved(bus.Case):
    def saved(self):
        with open(self.settings) as f:
            return json.load(f)

    def test_over_a_restart(self):
        self.assertFalse(os.path.exists(self.settings))
        self.put("post_filter", "d", 0.02)
        self.put("limit_db", "d", 30)
        self.put("Monitor", "b", "true")
        self.call("SetModel", "s", self.other_model)
        self.assertFalse(os.path.exists(self.settings))  # a moment later, in one go
        self.restart_stub()
        self.assertEqual(self.saved(), {"microphone": {"limit_db": 30, "model": self.other_model,
                                                       "post_filter": 0.0199999996}})
        self.assertEqual(os.stat(self.settings).st_mode & 0o777, 0o600)
        for prop, value in (("post_filter", 0.02), ("limit_db", 30), ("Model", self.other_model),
                            ("Monitor", False), ("bypass", 0)):
            self.assertEqual(self.get(prop), value)

    def test_within_two_seconds(self):
        self.put("limit_db", "d", 30)
        wait_for(lambda: os.path.exists(self.settings), 2, "settings")
        self.stub.popen.kill()
        self.stub.popen.wait()
        self.start_stub()
        self.assertEqual(self.get("limit_db"), 30)

    def test_reset(self):
        self.put("limit_db", "d", 30)
        self.call("SetModel", "s", self.other_model)
        self.call("Reset")
        self.assertEqual((self.get("limit_db"), self.get("Model")), (100, self.model))
        self.put("bypass", "d", 1)
        self.put("bypass", "d", 0)  # as configured: nothing to remember
        self.restart_stub()
        self.assertFalse(os.path.exists(self.settings) and self.saved())

    def test_others_stay(self):
        os.makedirs(os.path.dirname(self.settings))
        with open(self.settings, "w") as f:
            json.dump({"unplugged": {"limit_db": 12}}, f)
        self.restart_stub()
        self.put("limit_db", "d", 30)
        self.restart_stub()
        self.assertEqual(self.saved(), {"unplugged": {"limit_db": 12}, "microphone": {"limit_db": 30}})

    def broken(self, text, says):
        os.makedirs(os.path.dirname(self.settings), exist_ok=True)
        with open(self.settings, "wb") as f:
            f.write(text)
        self.stub.stop()
        os.truncate(self.stub.log_path, 0)
        self.start_stub()
        self.assertEqual(self.get("limit_db"), 100)
        self.assertIn(self.settings, self.stub.log())
        self.assertIn(says, self.stub.log())
        self.assertEqual(len(self.stub.log().splitlines()), 1, self.stub.log())

    def test_broken(self):
        for text, says in ((b"{", "settings.json:1: "), (b'{\n"a": 1,\n}', "settings.json:3: "),
                           (b"[]", "not an object"), (b"\0\xff" * 1000, "settings.json:1: "), (b"", "settings.json:1: "),
                           (b"[" * 100000, "settings.json:1: "),
                           (b'{"microphone": 3}', "'microphone' is not an object"),
                           (b'{"microphone": {"limit_db": "30"}}', "'limit_db' of 'microphone' is no number in range"),
                           (b'{"microphone": {"limit_db": 101}}', "is no number in range"),
                           (b'{"microphone": {"limit_db": 1e308}}', "is no number in range"),
                           (b'{"microphone": {"nonsense": 1}}', "is not known"),
                           (b'{"microphone": {"model": "' + b"x" * 4096 + b'"}}', "is no name of a model")):
            with self.subTest(text=text[:40]):
                self.broken(text, says)
        self.put("limit_db", "d", 30)  # and then it is written anew
        self.restart_stub()
        self.assertEqual(self.get("limit_db"), 30)

    def test_cannot_be_written(self):
        with open(self.path("state"), "w"):
            pass  # a file where the folder should be
        self.put("limit_db", "d", 30)
        self.assertEqual(self.get("limit_db"), 30)
        self.assertEqual(self.stub.stop(), 0)
        self.assertIn("cannot save settings: Not a directory", self.stub.log())


class Daemon(bus.Case):
    """dfnet4d itself, without a sound server."""
    with_stub = False

    def setUp(self):
        super().setUp()
        self.env["DFNET4_MODEL"] = self.model
        self.env["XDG_CONFIG_HOME"] = self.path("config")
        os.makedirs(self.path("config", "dfnet4"))

    def configure(self, text):
        with open(self.path("config", "dfnet4", "dfnet4d.conf"), "w") as f:
            f.write(text)

    def start(self, *args):
        self.daemon = Process("dfnet4d", [os.environ["DFNET4D"], *args], self.env, self.dir)
        self.addCleanup(self.daemon.kill)
        wait_for(lambda: self.owned() or not self.daemon.running, 10, "dfnet4d on the bus")
        self.assertTrue(self.daemon.running, self.daemon.log())

    def stop(self):
        self.assertEqual(self.daemon.stop(), 0, self.daemon.log())

    def value(self, key):
        return self.ctl("get", key).stdout.strip()

    def test_order(self):
        """Configuration, then what was set, then options; reset goes back to the configuration."""
        self.configure("[microphone]\nlimit_db = 40\npost_filter = 0.03\n")
        self.start()
        self.assertEqual(self.value("limit_db"), "40")
        self.ctl("set", "limit_db", "30")
        self.stop()
        self.start()
        self.assertEqual((self.value("limit_db"), self.value("post_filter")), ("30", "0.03"))
        self.stop()
        self.start("--limit-db", "20")
        self.assertEqual((self.value("limit_db"), self.value("post_filter")), ("20", "0.03"))
        self.stop()
        self.start()
        self.assertEqual(self.value("limit_db"), "30")
        self.ctl("reset")
        self.assertEqual(self.value("limit_db"), "40")
        self.stop()
        self.start()
        self.assertEqual(self.value("limit_db"), "40")

    def test_reload(self):
        """What the files say anew counts; what was set otherwise stays, for new streams, too."""
        self.configure("[microphone]\nlimit_db = 40\n")
        self.start()
        self.ctl("set", "limit_db", "30")
        self.ctl("set", "post_filter", "0.02")
        self.configure("[microphone]\nlimit_db = 50\n")
        self.ctl("reload")
        self.assertEqual((self.value("limit_db"), self.value("post_filter")), ("50", "0.02"))
        self.stop()
        self.start()
        self.assertEqual((self.value("limit_db"), self.value("post_filter")), ("50", "0.02"))
        self.configure("[microphone]\nlimit_db = 50\nchannels = 2\n")  # made anew
        self.ctl("reload")
        self.assertEqual((self.value("channels"), self.value("post_filter")), ("2", "0.02"))
        self.configure("[microphone]\nlimit_db = 50\n[microphone b]\n")
        self.ctl("reload")
        self.assertEqual(json.loads(self.ctl("list", "--json").stdout), ["microphone", "b"])
        self.configure("[microphone]\nnonsense = 50\n")
        self.fails("reload", says=["dfnet4d.conf:2", "nonsense"])
        self.stop()

    def test_model_that_is_gone(self):
        gone = self.path("gone.safetensors")
        shutil.copy(self.model, gone)
        self.start()
        self.ctl("model", gone)
        self.assertEqual(self.value("model"), gone)
        self.stop()
        os.remove(gone)
        self.start()
        self.assertEqual(self.value("model"), "")
        self.assertIn("microphone: the model that was chosen is not used: " + gone, self.daemon.log())
        self.stop()

    def test_second_daemon(self):
        self.start()
        r = subprocess.run([os.environ["DFNET4D"]], env=self.env, stderr=subprocess.PIPE, timeout=20)
        self.assertEqual(r.returncode, 3, r.stderr)
        self.assertEqual(self.value("limit_db"), "100")


if __name__ == "__main__":
    bus.main()
