"""Help, manual page and completion of dfnet4-train tell the same."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

PROGRAM, MAN, COMPLETION = map(os.path.abspath, sys.argv[1:4])
COMMANDS = ("run", "finetune", "scan", "score", "plot", "bench")


def run(*args):
    return subprocess.run([PROGRAM, *args], capture_output=True, text=True, timeout=60)


def options(command):
    return re.findall(r"^  (?:-\w, |    )(--[a-z-]+)(=\S+)?", run(command, "--help").stdout, re.M)


def with_program():
    return {**os.environ, "PATH": os.path.dirname(PROGRAM) + ":" + os.environ["PATH"]}


class Help(unittest.TestCase):
    def test_fits_a_terminal(self):
        for args in ([], *([c] for c in COMMANDS)):
            r = run(*args, "--help")
            self.assertEqual((r.returncode, r.stderr), (0, ""))
            for line in r.stdout.splitlines():
                self.assertLessEqual(len(line), 82, line)

    def test_every_command_is_listed(self):
        listed = re.findall(r"^  (\w+) +[A-Z]", run("--help").stdout, re.M)
        self.assertEqual(listed, list(COMMANDS))

    def test_manual(self):
        """Each option of each help stands under its command, and no other does."""
        with open(MAN) as f:
            parts = re.split(r"^\.S[sh] (.*)\n", f.read(), flags=re.M)
        section = dict(zip(parts[1::2], parts[2::2]))
        for c in COMMANDS:
            told = {name[2:]: bool(value) for name, value in options(c)}
            written = dict(re.findall(r"^\.It .*?Fl -([a-z-]+)( Ns = )?", section[f"dfnet4-train {c}"], re.M))
            self.assertEqual({name: bool(value) for name, value in written.items()}, told, c)

    def test_every_option_is_taken(self):
        for c in COMMANDS:
            for name, value in options(c):
                if name == "--help":
                    continue
                r = run(c, name, *([] if value else ["--nonsense"]))
                self.assertEqual(r.returncode, 2, r.stderr)
                self.assertIn("needs a value" if value else "'--nonsense'", r.stderr)

    def test_completion(self):
        script = 'source "$1"; COMP_WORDS=(dfnet4-train "${@:3}"); COMP_CWORD=$(($# - 2)); ' \
                 '_dfnet4_train "$2"; printf "%s\\n" "${COMPREPLY[@]}"'
        with tempfile.TemporaryDirectory() as folder:
            os.mkdir(os.path.join(folder, "room"))
            for name in ("lite.ini", "other.txt"):
                open(os.path.join(folder, name), "w").close()

            def offers(*words):
                return subprocess.check_output(["bash", "-c", script, "bash", COMPLETION, PROGRAM, *words], text=True,
                                               cwd=folder).split()

            self.assertEqual(offers(""), [*COMMANDS, "--help", "--version", "lite.ini"])
            for c in COMMANDS:
                self.assertEqual(offers(c, "--"), [name for name, _ in options(c)])
            self.assertEqual(offers("lite.ini", "--st"), ["--stop-after"])
            self.assertEqual(offers("bench", "--preset", "=", "full"), ["full", "full-ll"])
            self.assertEqual(offers("scan", "-k", ""), ["speech", "noise", "rir"])
            self.assertEqual(offers("finetune", "--noise", ""), ["room"])
            self.assertIn("other.txt", offers("score", ""))

    @unittest.skipUnless(shutil.which("fish"), "there is no fish")
    def test_fish(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in ("lite.ini", "other.txt"):
                open(os.path.join(folder, name), "w").close()

            def offers(line):
                fish = COMPLETION.replace(".bash", ".fish")
                r = subprocess.run(["fish", "--no-config", "-c", f"source {fish}; complete -C '{line}'"], cwd=folder,
                                   env=with_program(), capture_output=True, text=True)
                self.assertEqual((r.returncode, r.stderr), (0, ""))
                return [w.split("\t")[0] for w in r.stdout.splitlines()]

            self.assertLessEqual({*COMMANDS, "lite.ini"}, set(offers("dfnet4-train ")))
            for c in COMMANDS:
                self.assertEqual({w.rstrip("=") for w in offers(f"dfnet4-train {c} --")}, {n for n, _ in options(c)})
            self.assertEqual(offers("dfnet4-train lite.ini --st"), ["--stop-after"])
            self.assertEqual(offers("dfnet4-train bench --preset=full"), ["--preset=full", "--preset=full-ll"])
            self.assertEqual(sorted(offers("dfnet4-train scan -k ")), ["noise", "rir", "speech"])

    @unittest.skipUnless(shutil.which("zsh"), "there is no zsh")
    def test_zsh(self):
        """The options handed to zsh's own completion, without a terminal to see what it makes of them."""
        script = '_call_program() { shift; eval "$*" }; _arguments() { : }; source $1; _dfnet4_train_options $2'
        for c in COMMANDS:
            out = subprocess.check_output(["zsh", "-f", "-c", script, "zsh", COMPLETION.replace(".bash", ".zsh"), c],
                                          env=with_program(), text=True)
            given = re.findall(r"(?m)^(?:\(.*?\)|\*)(--[a-z-]+)(=?)\[", out)
            self.assertEqual([(n, bool(v)) for n, v in given], [(n, bool(v)) for n, v in options(c)])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
