"""Where settings come from: files, drop-ins, options; and what is said if they are bad."""

import os
import re

import starter

CONF, DROP = "dfnet4/dfnet4d.conf", "dfnet4/dfnet4d.conf.d/"


class Files(starter.Case):
    def dump(self, *args, code=0):
        """{section: {key: value}} of --dump-config."""
        found = {}
        for line in self.dfnet4d("--dump-config", *args, code=code).stdout.splitlines():
            if line.startswith("["):
                section = found.setdefault(line[1:-1], {})
            elif line and line[0] != "#":
                key, value = line.split("=", 1)
                section[key.strip()] = value.strip()
        return found

    def test_nothing_is_one_microphone(self):
        self.assertEqual(list(self.dump()), ["daemon", "microphone microphone"])

    def test_order(self):
        """Each place changes one more key than the next; the last one counts."""
        places = [f"etc2/{CONF}", f"etc2/{DROP}a.conf", f"etc/{CONF}", f"etc/{DROP}b.conf",
                  f"etc/{DROP}c.conf", f"home/{CONF}", f"home/{DROP}d.conf"]
        keys = ["description", "device", "output", "model", "limit_db", "post_filter", "channels"]
        values = lambda n: [f"from {n}"] * 4 + [str(n), f"0.0{n}", str(1 + n % 2)]
        for n in reversed(range(len(places))):
            text = "".join(f"{k} = {v}\n" for k, v in list(zip(keys, values(n)))[:len(places) - n])
            self.write(places[n], f"[microphone]\n{text}")
            self.write(places[n].replace(".conf", ".confs"), "nonsense")  # no settings
        self.write(f"home/{DROP}.hidden.conf", "nonsense")
        got = self.dump()["microphone microphone"]
        for i, key in enumerate(keys):
            n = len(places) - 1 - i
            self.assertEqual(got[key], values(n)[i], key)

    def test_same_name_replaces(self):
        self.write(f"etc2/{DROP}10.conf", "nonsense")
        self.write(f"etc/{DROP}10.conf", "[microphone old]")
        self.write(f"home/{DROP}10.conf", "[microphone new]")
        self.assertEqual(list(self.dump()), ["daemon", "microphone new"])

    def test_one_file_only(self):
        self.write(f"home/{CONF}", "nonsense")
        path = self.write("my.conf", "[microphone a]\nlimit_db = 1\n")
        self.write("my.conf.d/x.conf", "[microphone a]\nlimit_db = 2\n")
        self.assertEqual(self.dump("--config", path)["microphone a"]["limit_db"], "2")
        self.assertEqual(list(self.dump("-c", "/dev/null")), ["daemon", "microphone microphone"])

    def test_options_come_last(self):
        self.write(f"home/{CONF}", "[microphone a]\nlimit_db = 1\nsmart = no\nchannels = 2\n")
        got = self.dump("--limit-db=3", "--smart", "--name", "a", "--backend=portaudio",
                        "--limit-db", "4", "--make-default", "-d", "d", "-m", "m", "--output=o",
                        "--precision", "int8", "--bypass=1")
        want = {"limit_db": "4", "smart": "yes", "make_default": "yes", "device": "d", "model": "m",
                "output": "o", "precision": "int8", "bypass": "1", "channels": "2"}
        self.assertEqual(got["microphone a"], {**got["microphone a"], **want})
        self.assertEqual(got["daemon"]["backend"], "portaudio")
        self.assertEqual(self.dump("--limit-db=5")["microphone a"]["limit_db"], "5")  # the only one
        self.assertEqual(list(self.dump("--name", "b")), ["daemon", "microphone a", "microphone b"])
        self.write(f"home/{CONF}", "[microphone a]\n[incoming b]\n")
        self.fails("--dump-config", "--limit-db=5", says=["2 streams are configured", "--name"])
        self.assertEqual(self.dump("--name=b", "--limit-db=5")["incoming b"]["limit_db"], "5")

    def test_what_is_printed_reads_back(self):
        self.write(f"home/{CONF}", "[microphone a]\nlimit_db = 0.1\ndevice = x # y\n[incoming]\n")
        first = self.dfnet4d("--dump-config").stdout
        again = self.dfnet4d("--dump-config", "-c", self.write("again.conf", first)).stdout
        self.assertEqual(first, again)
        self.assertRegex(first, r"(?m)^# .*\nlimit_db = 0.1$")

    def test_bad_files(self):
        path = self.write(f"home/{CONF}", "\n[microphone]\nspeed = 3\n")
        for args in ([], ["--dump-config"], ["--check-config"], ["--list-devices"]):
            self.fails(*args, says=f"{path}:3: unknown key 'speed'")
        os.truncate(path, 0)
        drop = self.write(f"etc/{DROP}x.conf", b"[daemon]\n\0")
        self.fails("--check-config", says=f"{drop}:2: a zero byte")
        os.remove(drop)
        os.mkdir(drop)
        self.fails("--check-config", says=f"{drop}: Is a directory")
        os.rmdir(drop)
        os.mkfifo(drop)
        self.fails("--check-config", says=f"{drop}: not a regular file")
        os.remove(drop)
        os.symlink("nowhere", drop)
        self.fails("--check-config", says=f"{drop}: No such file")
        os.remove(drop)
        self.fails("--check-config", "-c", self.path("no.conf"), says="no.conf: No such file")
        big = self.write("big.conf", b"#" + b"\n" * (1 << 20))
        self.fails("--check-config", "-c", big, says="big.conf: more than 1048576 bytes")
        self.fails("--check-config", "-c", "/dev/zero", says="/dev/zero: more than")
        self.fails("--check-config", "-c", "x" * 5000, says="more than 4095 bytes")

    def test_no_permission(self):
        """Root may read anything, so that there it is a folder that cannot be opened."""
        path = self.write(f"home/{CONF}", "[daemon]\n")
        os.chmod(path, 0)
        if os.geteuid() == 0:
            os.remove(path)
            os.symlink("dfnet4d.conf", path)
            self.fails("--check-config", says=f"{path}: Too many levels of symbolic links")
        else:
            self.fails("--check-config", says=f"{path}: Permission denied")

    def test_folders_that_do_not_count(self):
        """XDG: only absolute ones; and no file at all is no fault."""
        self.write(CONF, "nonsense")
        for name, value in (("XDG_CONFIG_DIRS", "."), ("XDG_CONFIG_HOME", "."), ("HOME", "/nowhere")):
            self.env[name] = value
        self.assertEqual(list(self.dump()), ["daemon", "microphone microphone"])
        self.env["XDG_CONFIG_DIRS"] = ":" * 100 + self.path("etc") + ":x" * 100
        self.write(f"etc/{CONF}", "[microphone a]")
        self.assertIn("microphone a", self.dump())


if __name__ == "__main__":
    starter.main()
