"""Help, version and usage errors."""

import re
import shutil
import unittest

import support
from support import *

COMMANDS = ("enhance", "info", "import", "quantize", "bench")


class Help(support.Case):
    def test_fits_a_terminal(self):
        for args in ([], *([c] for c in COMMANDS)):
            r = self.dfnet4(*args, "--help")
            self.assertEqual(r.err, "")
            for line in r.out.splitlines():
                self.assertLessEqual(len(line), 80, line)
            self.assertTrue(r.out.startswith("Usage: dfnet4"))
            self.assertIn("Examples:", r.out)
            self.assertEqual(r.out, self.dfnet4(*args, "-h").out)

    def test_every_command_is_listed(self):
        out = self.dfnet4("--help").out
        for c in COMMANDS:
            self.assertRegex(out, rf"(?m)^  {c} ")

    def test_every_option_is_told_and_taken(self):
        """What the help lists, the program takes, and the man page explains."""
        with open(os.environ["DFNET4_MAN"]) as f:
            man = f.read()
        for c in COMMANDS:
            options = re.findall(r"^  (?:-\w, |    )--([a-z-]+)(=\S+)?", self.dfnet4(c, "--help").out, re.M)
            self.assertIn(("help", ""), options)
            for name, value in options:
                self.assertRegex(man, rf"(?m)^\.(It|Op) .*Fl -{name}\b", f"{c} --{name}")
                if name == "help":
                    continue
                if value:
                    self.fails(c, "--" + name, code=2, says=[f"--{name}", "needs a value"])
                else:  # taken, so that only the next one is unknown
                    self.fails(c, "--" + name, "--nonsense", code=2, says="'--nonsense'")

    def test_every_parameter_is_an_option(self):
        with open(os.environ["DFNET4_PARAMS"]) as f:
            text = f.read()
        symbols = re.findall(r"^DFN_PARAM\((\w+),", text, re.M)
        self.assertIn("limit_db", symbols)
        out = self.dfnet4("enhance", "--help").out
        for s in symbols:
            check = self.assertNotIn if s == "bypass" else self.assertIn
            check("--" + s.replace("_", "-"), out)

    def test_completion(self):
        """Each command, and each option of its help, is offered."""
        script = 'source "$1"; COMP_WORDS=(dfnet4 "${@:3}"); COMP_CWORD=$(($# - 2)); ' \
                 '_dfnet4 "$2"; printf "%s\\n" "${COMPREPLY[@]}"'
        offers = lambda *words: subprocess.check_output(
            ["bash", "-c", script, "bash", os.environ["DFNET4_COMPLETION"], PROGRAM, *words],
            text=True, cwd=self.dir).split()
        self.assertEqual(offers("i"), ["info", "import"])
        for c in COMMANDS:
            self.assertIn(c, offers(""))
            told = re.findall(r"^  (?:-\w, |    )(--[a-z-]+)", self.dfnet4(c, "--help").out, re.M)
            self.assertEqual(offers(c, "--"), told)
        presets = ["full", "lite", "full-ll", "lite-ll"]
        for words in (["-p", ""], ["--template", ""], ["--preset", "="], ["--preset", "=", ""]):
            self.assertEqual(offers("info", *words), presets)
        self.assertEqual(offers("info", "--preset", "=", "li"), ["lite", "lite-ll"])
        self.assertEqual(offers("quantize", "-o", "li"), [])
        for name in presets:
            self.dfnet4("info", "-p", name)
        self.assertEqual(offers("enhance", "ti"), ["tiny.safetensors"])
        self.assertEqual(offers("bench", "ti"), ["tiny.safetensors"])
        self.assertEqual(offers("bench", "li"), ["lite", "lite-ll"])
        self.assertEqual(offers("bench", "def"), ["default"])
        for words in (["enhance", "-m", "li"], ["enhance", "--model", "=", "li"], ["info", "li"],
                      ["quantize", "li"], ["quantize", "-f", "li"]):
            self.assertEqual(offers(*words), ["lite"])
        for option, words in (("--mode", "hot paced both"), ("--signal", "speech noise silence denormal loud nan all"),
                              ("--precision", "file f32 bf16 int8 all"), ("--seconds", "")):
            self.assertEqual(offers("bench", option, "="), words.split())
        for level in offers("bench", "--cpu", "="):  # known, whether or not this machine has it
            r = subprocess.run([PROGRAM, "bench", "--cpu", level, "--nonsense"], capture_output=True, text=True)
            self.assertNotIn("does not know", r.stderr)

    @unittest.skipUnless(shutil.which("fish"), "there is no fish")
    def test_fish(self):
        fish = os.environ["DFNET4_COMPLETION"].replace(".bash", ".fish")
        env = {**os.environ, "PATH": os.path.dirname(PROGRAM) + ":" + os.environ["PATH"]}
        def offers(line):
            r = subprocess.run(["fish", "--no-config", "-c", f"source {fish}; complete -C '{line}'"],
                               env=env, cwd=self.dir, capture_output=True, text=True)
            self.assertEqual((r.returncode, r.stderr), (0, ""))
            return [w.split("\t")[0] for w in r.stdout.splitlines()]
        self.assertEqual(sorted(offers("dfnet4 ")), sorted(COMMANDS))
        for c in COMMANDS:
            told = re.findall(r"^  (?:-\w, |    )(--[a-z-]+)", self.dfnet4(c, "--help").out, re.M)
            self.assertEqual({w.rstrip("=") for w in offers(f"dfnet4 {c} --")}, set(told))
        self.assertEqual(offers("dfnet4 info --preset full"), ["full", "full-ll"])
        self.assertEqual(offers("dfnet4 enhance -m li"), ["lite"])
        self.assertEqual(offers("dfnet4 bench --mode=p"), ["--mode=paced"])

    @unittest.skipUnless(shutil.which("zsh"), "there is no zsh")
    def test_zsh(self):
        """The options handed to zsh's own completion, without a terminal to see what it makes of them."""
        zsh = os.environ["DFNET4_COMPLETION"].replace(".bash", ".zsh")
        env = {**os.environ, "PATH": os.path.dirname(PROGRAM) + ":" + os.environ["PATH"]}
        script = '_call_program() { shift; eval "$*" }; _arguments() { : }; source $1; _dfnet4_options $2'
        for c in COMMANDS:
            out = subprocess.check_output(["zsh", "-f", "-c", script, "zsh", zsh, c], env=env, text=True)
            told = re.findall(r"^  (?:-\w, |    )(--[a-z-]+)(=?)", self.dfnet4(c, "--help").out, re.M)
            self.assertEqual(re.findall(r"(?m)^\(.*?\)(--[a-z-]+)(=?)\[", out), told)

    def test_version(self):
        for option in ("--version", "-V"):
            self.assertRegex(self.dfnet4(option).out, r"^dfnet4 \d+\.\d+\.\d+\n")

    def test_full_standard_output(self):
        for args in (["--help"], ["--version"], ["enhance", "--help"], ["info"], ["info", "--json"],
                     ["info", "--dot"], ["info", "--template=full"]):
            with open("/dev/full", "w") as full:
                r = subprocess.run([PROGRAM, *args], env=self.env, stdout=full, stderr=subprocess.PIPE)
            self.assertEqual(r.returncode, 1, args)
            self.assertRegex(r.stderr, b"standard output: (No space left|write error)")


class Usage(support.Case):
    def test_mistakes(self):
        a = self.make("a.wav")
        for args, says in (
                (["nonsense"], "unknown command 'nonsense'"), (["--nonsense"], "unknown option"),
                (["enhance"], "no INPUT"), (["enhance", "--nonsense", a], "'--nonsense'"),
                (["enhance", "-X", a], "'-X'"), (["enhance", a, "-o"], "'-o' needs a value"),
                (["enhance", "--quiet=1", a], "'--quiet' takes no value"),
                (["enhance", "--limit-db=101", a], "0 to 100"),
                (["enhance", "--limit-db=-1", a], "0 to 100"),
                (["enhance", "--limit-db=nan", a], "0 to 100"),
                (["enhance", "--limit-db=5x", a], "'5x'"), (["enhance", "--limit-db=", a], "''"),
                (["enhance", "--jobs=0", a], "1 to 256"), (["enhance", "-j", "1.5", a], "1 to 256"),
                (["enhance", "--bypass=1", a], "'--bypass=1'"), (["enhance", "-o", "", a], "empty"),
                (["enhance", "-o", "-", a], "standard output is not supported"),
                (["info", "a", "b"], "more than one MODEL"),
                (["import", "-o", "c"], "no SOURCE"),
                (["import", "a", "b", "-o", "c"], "more than one SOURCE"),
                (["import", "a"], "no output"),
                (["quantize"], "no MODEL"), (["quantize", "a", "b"], "more than one MODEL"),
                (["quantize", "--precision=f32", "a"], "'f32'"), (["quantize", "-o", "", "a"], "empty"),
                (["quantize", "--target-db=60", "a"], "0 to 59"), (["quantize", "--target-db=nan", "a"], "0 to 59"),
                (["bench", "--mode=warm"], "'warm'"), (["bench", "--seconds=0"], "0.1 to 36000"),
                (["bench", "--streams=65"], "1 to 64"), (["bench", "--precision=f64"], "'f64'"),
                (["bench", "--cpu=avx"], "'avx'"), (["bench", "--compare=sse+"], "'sse+'"),
                (["bench", "--signal=music"], "'music'"), (["bench", "--pin=-1"], "0 to 1023"),
                (["bench", "--pin=1023"], "no such processor"),
                (["bench", "--compare=none", "--signal=all"], "one signal"),
                (["bench", "--ops", "--compare=none"], "one level"),
                (["bench", "--ops", "--signal=all"], "one signal")):
            with self.subTest(" ".join(args)):
                self.fails(*args, code=2, says=[says, "--help'"])
        self.assertEqual(self.tree(), ["a.wav", "tiny.safetensors"])

    def test_no_command(self):
        r = subprocess.run([PROGRAM], capture_output=True, text=True)
        self.assertEqual((r.returncode, r.stdout), (2, ""))
        self.assertTrue(r.stderr.startswith("Usage:"))

    def test_double_dash(self):
        self.make("-a.wav")
        self.dfnet4("enhance", "-o", "b.wav", "--", "-a.wav")
        self.assertIn("b.wav", self.tree())


if __name__ == "__main__":
    support.main()
