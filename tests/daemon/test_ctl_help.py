"""dfnet4ctl's help, manual page and completions say the same as the program does."""

import re

import bus
from bus import *

COMMANDS = ["status", "watch", "list", "get", "set", "toggle", "model", "monitor", "reload", "reset"]


def read(variable):
    with open(os.environ[variable]) as f:
        return f.read()


def parameters():
    return re.findall(r"^DFN_PARAM\((\w+),", read("DFNET4_PARAMS"), re.M)


class Help(bus.Case):
    with_bus = with_stub = False

    def options(self, command):
        return re.findall(r"^  (?:-(\w), |    )--([a-z-]+)(=\S+)?", self.ctl(command, "--help").stdout, re.M)

    def test_fits_a_terminal(self):
        for args in ([], *([c] for c in COMMANDS)):
            r = self.ctl(*args, "--help")
            self.assertEqual(r.stderr, "")
            for line in r.stdout.splitlines():
                self.assertLessEqual(len(line), 80, line)
            self.assertTrue(r.stdout.startswith("Usage: dfnet4ctl"))
            self.assertIn("Examples:", r.stdout)
            self.assertEqual(r.stdout, self.ctl(*args, "-h").stdout)

    def test_every_command(self):
        out = self.ctl("--help").stdout
        self.assertEqual(re.findall(r"(?m)^  ([a-z]+) +[A-Z]", out), COMMANDS)
        for c in COMMANDS:
            self.assertIn(f"\n.Ss dfnet4ctl {c}\n", read("DFNET4CTL_MAN"))
        r = subprocess.run([CTL], env=self.env, capture_output=True, text=True)
        self.assertEqual((r.returncode, r.stdout, r.stderr), (2, "", out))

    def test_every_option_is_told_and_taken(self):
        """What the help lists, the program takes, and manual page and completions know."""
        sections = re.split(r"(?m)^\.Ss dfnet4ctl ", read("DFNET4CTL_MAN"))
        man = {s.split("\n", 1)[0]: s for s in sections}
        for c in COMMANDS:
            options = self.options(c)
            self.assertIn(("h", "help", ""), options)
            for short, name, value in options:
                self.assertRegex(man[c], rf"(?m)^\.It Fl {short} , Fl -{name}\b", c)
                self.assertIn(f"{{-{short},--{name}{'=' if value else ''}}}", read("DFNET4CTL_ZSH"))
                self.assertIn(f"-s {short} -l {name} ", read("DFNET4CTL_FISH"))
                if value:
                    self.fails(c, "--" + name, code=2, says=[f"--{name}", "needs a value"])
                elif name != "help":
                    self.fails(c, "--" + name, "--nonsense", code=2, says="'--nonsense'")
            told = re.findall(r"(?m)^\.It Fl \w , Fl -([a-z]+)", re.split(r"(?m)^\.S[hs] ", man[c])[0])
            self.assertEqual(sorted(told), sorted(name for _, name, _ in options), c)

    def test_every_parameter(self):
        for s in parameters():
            self.assertIn(f"\n  {s}: ", self.ctl("set", "--help").stdout)
            self.assertIn(f"\n.It Cm {s}\n", read("DFNET4CTL_MAN"))

    def test_version(self):
        for option in ("--version", "-V"):
            self.assertRegex(self.ctl(option).stdout, r"^dfnet4ctl \d+\.\d+\.\d+\n")

    def test_full_standard_output(self):
        for args in (["--help"], ["--version"], ["set", "--help"]):
            with open("/dev/full", "w") as full:
                r = subprocess.run([CTL, *args], env=self.env, stdout=full, stderr=subprocess.PIPE)
            self.assertEqual(r.returncode, 1, args)
            self.assertRegex(r.stderr, b"standard output: (No space left|write error)")


class Manual(bus.Case):
    def test_every_key(self):
        all = json.loads(self.ctl("status", "--json").stdout)
        i, = all["instances"]
        man = re.sub(r"\\-", "-", read("DFNET4CTL_MAN"))
        for key in [*all, *i, *i["meters"]]:
            self.assertRegex(man, rf"\b{key}\b")

    def test_every_method(self):
        out = self.busctl("introspect", NAME, self.object(), INSTANCE).stdout
        out += self.busctl("introspect", NAME, PATH, NAME).stdout
        methods = re.findall(r"(?m)^\.(\w+) +method", out)
        self.assertEqual(len(methods), 6)
        for m in methods:
            self.assertRegex(read("DFNET4CTL_MAN"), rf"(?m)^\.It Fn (Daemon1|Instance1)\.{m}\b")


class Completion(bus.Case):
    names = ["microphone", "head-set"]

    def offers(self, *words):
        script = 'source "$1"; COMP_WORDS=(dfnet4ctl "${@:3}"); COMP_CWORD=$(($# - 2)); ' \
                 '_dfnet4ctl "$2"; printf "%s\\n" "${COMPREPLY[@]}"'
        return subprocess.check_output(
            ["bash", "-c", script, "bash", os.environ["DFNET4CTL_BASH"], CTL, *words],
            text=True, cwd=self.dir, env=self.env).split()

    def test_bash(self):
        self.assertEqual(self.offers(""), [*COMMANDS, "--help", "--version"])
        self.assertEqual(self.offers("re"), ["reload", "reset"])
        for c in COMMANDS:
            told = re.findall(r"^  -\w, (--[a-z-]+)", self.ctl(c, "--help").stdout, re.M)
            self.assertEqual(self.offers(c, "--"), told)
        for words in (["set", "-i", ""], ["get", "--instance", "="], ["watch", "--instance", "=", ""]):
            self.assertEqual(self.offers(*words), self.names)
        keys = [*parameters(), "monitor"]
        self.assertEqual(self.offers("set", ""), keys)
        self.assertEqual(self.offers("set", "-i", "head-set", ""), keys)
        self.assertEqual(self.offers("set", "bypass", ""), ["on", "off"])
        self.assertEqual(self.offers("monitor", "o"), ["on", "off"])
        self.assertEqual(self.offers("get", "lat"), ["latency", "latency_seconds"])
        self.assertEqual(self.offers("model", "def"), ["default"])
        with open(self.path("default.safetensors"), "w"):
            self.assertEqual(sorted(self.offers("model", "def")), ["default", "default.safetensors"])

    def test_bash_without_a_daemon(self):
        self.stub.stop()
        self.assertEqual(self.offers("set", "-i", ""), [])
        self.assertEqual(self.offers("get", ""), [])
        self.assertEqual(self.offers("set", "bypass", "of"), ["off"])

    @unittest.skipUnless(shutil.which("fish"), "there is no fish")
    def test_fish(self):
        self.env["PATH"] = os.path.dirname(CTL) + ":" + self.env["PATH"]
        def offers(line):
            r = subprocess.run(["fish", "--no-config", "-c", f"source {os.environ['DFNET4CTL_FISH']}; complete -C '{line}'"],
                               env=self.env, cwd=self.dir, capture_output=True, text=True)
            self.assertEqual((r.returncode, r.stderr), (0, ""))
            return [w.split("\t")[0] for w in r.stdout.splitlines()]
        self.assertEqual(sorted(offers("dfnet4ctl ")), sorted(COMMANDS))
        self.assertEqual(offers("dfnet4ctl get --instance="), ["--instance=" + n for n in sorted(self.names)])
        self.assertIn("limit_db", offers("dfnet4ctl set lim"))
        self.assertEqual(offers("dfnet4ctl get latency_"), ["latency_seconds"])
        self.assertIn("default", offers("dfnet4ctl model def"))

    @unittest.skipUnless(shutil.which("zsh"), "there is no zsh")
    def test_zsh(self):
        subprocess.run(["zsh", "-n", os.environ["DFNET4CTL_ZSH"]], check=True)


if __name__ == "__main__":
    bus.main()
