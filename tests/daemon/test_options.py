"""Help, man pages, completion and settings agree."""

import os
import re
import shutil
import subprocess

import starter

FOLDER = os.environ["DFNET4D_FOLDER"]


def read(name):
    with open(os.path.join(FOLDER, name)) as f:
        return f.read()


class Options(starter.Case):
    def options(self):
        """(short or "", long, value or "") of each option in the help."""
        found = re.findall(r"^  (?:-(\w), |    )--([a-z-]+)(?:=(\S+))?", self.dfnet4d("--help").stdout, re.M)
        self.assertIn(("h", "help", ""), found)
        return found

    def test_help_fits_a_terminal(self):
        out = self.dfnet4d("--help").stdout
        self.assertTrue(out.startswith("Usage: dfnet4d [OPTION]...\n"), out)
        self.assertEqual(out, self.dfnet4d("-h").stdout)
        for line in out.splitlines():
            self.assertLessEqual(len(line), 80, line)
        for status in re.findall(r"\b(\d) [a-z]", out[out.index("Exit status"):]):
            self.assertIn(f".It {status}\n", read("dfnet4d.1"))

    def test_version(self):
        for option in ("--version", "-V"):
            self.assertRegex(self.dfnet4d(option).stdout, r"^dfnet4d \d+\.\d+\.\d+\n")

    def test_man_page(self):
        """It has each option of the help, and no other; so have the completions."""
        options = self.options()
        page = re.findall(r"(?m)^\.It (?:Fl (\w) , )?Fl -([a-z-]+)(?: Ns = Ns Ar (\S+))?$", read("dfnet4d.1"))
        self.assertEqual({(s, l, bool(v)) for s, l, v in page}, {(s, l, bool(v)) for s, l, v in options})
        fish = re.findall(r"(?m)^complete -c dfnet4d (?:-s (\w) )?-l ([a-z-]+)( -[xr])?", read("dfnet4d.fish"))
        self.assertEqual({(s, l, bool(v)) for s, l, v in fish}, {(s, l, bool(v)) for s, l, v in options})
        zsh = re.findall(r"(?:\{-(\w),)?--([a-z-]+)(=?)[\['}]", read("dfnet4d.zsh"))
        self.assertEqual({(s, l, bool(v)) for s, l, v in zsh}, {(s, l, bool(v)) for s, l, v in options})

    def test_options_are_taken(self):
        for short, name, value in self.options():
            for word in ["--" + name] + (["-" + short] if short else []):
                if value:
                    self.fails(word, says=["needs a value", word.lstrip("-")])
                elif name not in ("help",):  # taken, so that only the next one is unknown
                    self.fails(word, "--nonsense", says="'--nonsense'")

    def test_parameters(self):
        with open(os.environ["DFNET4_PARAMS"]) as f:
            symbols = re.findall(r"^DFN_PARAM\((\w+),", f.read(), re.M)
        self.assertIn("limit_db", symbols)
        for s in symbols:
            self.assertIn(s.replace("_", "-"), [name for _, name, _ in self.options()])

    def test_page_of_settings(self):
        """It has each key of --dump-config, and no other, and its sections are taken."""
        keys = re.findall(r"(?m)^(\w+) =", self.dfnet4d("--dump-config").stdout)
        page = read("dfnet4d.conf.5")
        self.assertEqual(sorted(re.findall(r"(?m)^\.It Cm (\w+)$", page)), sorted(keys))
        self.assertEqual(len(keys), len(set(keys)))
        example = page[page.index(".Bd -literal"):page.index(".Ed")].split("\n", 1)[1]
        self.dfnet4d("--check-config", "-c", self.write("example.conf", example))

    def test_pages_are_clean(self):
        if not shutil.which("mandoc") and not shutil.which("groff"):
            return  # nothing to look with
        for page in ("dfnet4d.1", "dfnet4d.conf.5"):
            path = os.path.join(FOLDER, page)
            tool = ["groff", "-mdoc", "-Tutf8", "-ww", "-z", path] if shutil.which("groff") else \
                ["mandoc", "-Tlint", "-Wwarning", path]
            r = subprocess.run(tool, capture_output=True, text=True)
            self.assertEqual((r.stdout + r.stderr).strip(), "")

    def test_bash(self):
        """Options come from the help; the values of each are offered."""
        self.write("bin/dfnet4d", f"""#!/bin/sh
            case $1 in
            --list-devices) printf 'microphone   usb mic\\n%13sA microphone\\nmicrophone * inner\\nincoming   * speakers\\n' '' ;;
            *) exec {starter.PROGRAM} "$@" ;;
            esac""")
        tool = self.path("bin", "dfnet4d")
        os.chmod(tool, 0o755)
        script = 'source "$1"; COMP_WORDS=(dfnet4d "${@:3}"); COMP_CWORD=$(($# - 2)); ' \
                 '_dfnet4d "$2"; printf "%s\\n" "${COMPREPLY[@]}"'

        def offers(*words):
            out = subprocess.check_output(
                ["bash", "-c", script, "bash", os.path.join(FOLDER, "dfnet4d.bash"), tool, *words],
                text=True, cwd=self.dir, env=self.env, stderr=subprocess.STDOUT)
            return out.split("\n")[:-1]
        self.assertEqual(offers("--"), ["--" + name for _, name, _ in self.options()])
        self.assertEqual(offers("--channels", "="), ["1", "2"])
        self.assertEqual(offers("--device", "=", ""), ["usb mic", "inner"])
        self.assertEqual(offers("-d", "u"), ["usb mic"])
        self.assertEqual(offers("--output", ""), ["speakers"])
        self.assertEqual(offers("--limit-db", ""), [""])
        self.write("m.safetensors", "")
        models = [line.split()[0] for line in self.dfnet4d("--list-models").stdout.splitlines()]
        self.assertEqual(offers("-m", "m"), ["m.safetensors"])
        self.assertEqual([m for m in offers("-m", "") if m in models], models)
        for option, choices in (("--precision", 3), ("--backend", 2)):  # each is taken
            self.assertEqual(len(offers(option, "=")), choices)
            for choice in offers(option, "="):
                self.dfnet4d("--dump-config", f"{option}={choice}")
        for words in (["--precision=f32,"], ["--backend=x"]):
            self.fails("--dump-config", *words, says="takes")

    def test_other_shells(self):
        """They can read what is for them, where they are installed."""
        for shell, name in (("zsh", "dfnet4d.zsh"), ("fish", "dfnet4d.fish"), ("bash", "dfnet4d.bash")):
            if shutil.which(shell):
                subprocess.run([shell, "-n", os.path.join(FOLDER, name)], check=True)


if __name__ == "__main__":
    starter.main()
