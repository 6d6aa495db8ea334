#!/usr/bin/env python3
"""Rules of the source tree that a compiler does not enforce.

    check_layers.py [ROOT]       check the tree; one line per offence, exit status 1 if any
    check_layers.py --self-test  plant one offender per rule and see that it is found

Rules: dependencies between folders point one way; public headers need only public headers;
libraries are used where they belong; core and streaming never print, abort or exit; files
stay under 400 lines and functions under 60.
"""
import pathlib
import re
import sys
import tempfile

# What a folder may include besides itself. Nothing may include tests.
LAYERS = {
    "core": set(),
    "streaming": {"core"},
    "command": {"core"},
    "plugin-lv2": {"core", "streaming"},
    "daemon": {"core", "streaming", "command"},
    "cli": {"core", "streaming", "command"},
    "trainer": {"core", "command"},
    "tests": {"core", "streaming", "command", "plugin-lv2", "daemon", "cli", "trainer"},
}
# Who may include private headers of whom: the trainer builds on the inside of the library.
PRIVATE = {("trainer", "core")}
# Where headers of other projects belong: the first pattern that matches decides, and headers
# that match none may be used anywhere. tests may use all.
LIBRARIES = [
    (r"kiss_?fft", {"core"}),
    (r"ini\.h$", {"core", "daemon", "trainer"}),
    (r"jansson", {"core", "command", "cli", "daemon", "trainer"}),
    (r"protobuf-c/|archive", {"core"}),
    (r"samplerate", {"streaming", "trainer"}),
    (r"sndfile", {"cli", "trainer"}),
    (r"cairo", {"cli", "trainer"}),
    (r"lv2/", {"plugin-lv2"}),
    (r"pipewire/|spa/|systemd/|portaudio", {"daemon"}),
    (r"cblas|mpi\.h$", {"trainer"}),
    (r"pthread|threads\.h$", {"command", "daemon", "cli", "trainer"}),
]
FORBIDDEN = re.compile(
    r"\b(abort|_?exit|_Exit|quick_exit|assert|v?f?printf|f?puts|f?putc|putchar|perror|"
    r"syslog)\s*\(|\b(stdout|stderr)\b")
MAX_FILE, MAX_FUNCTION = 400, 60
SUFFIXES = {".c", ".h", ".def"}


def source_files(root):
    for layer in LAYERS:
        for path in sorted((root / layer).rglob("*")):
            if path.suffix in SUFFIXES and path.is_file():
                yield layer, path


def strip_text(code):
    """Blank out comments and strings, keeping line breaks, so that words in them pass."""
    def blank(match):
        return re.sub(r"[^\n]", " ", match.group())
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank,
                  code, flags=re.S)


def is_public(root, path):
    return path.relative_to(root).parts[1:2] == ("include",)


def find_header(root, includer, name):
    """The file of ours that `name` means, or None: the includer's own folder comes first."""
    layer = includer.relative_to(root).parts[0]
    folders = [includer.parent]
    for other in [layer] + [o for o in LAYERS if o != layer]:
        folders += [root / other / "include", root / other]
    folders.append(root / "tests" / "support")
    for folder in folders:
        if (folder / name).is_file():
            return (folder / name).resolve()
    return None


def check_include(root, layer, path, name):
    header = find_header(root, path, name)
    if header is None:
        if name.startswith("dfnet4/"):
            return f"includes {name}, which does not exist"
        for pattern, users in LIBRARIES:
            if re.match(pattern, name):
                return None if layer in users | {"tests"} else f"{layer} must not use {name}"
        return None
    target = header.relative_to(root).parts[0]
    if target != layer and target not in LAYERS[layer]:
        return f"{layer} must not include {target} ({name})"
    if is_public(root, path) and not is_public(root, header):
        return f"public header includes private {name}"
    inside = target == layer or layer == "tests" or (layer, target) in PRIVATE
    if not inside and not is_public(root, header):
        return f"{layer} must not include private {target} ({name})"
    return None


def check_functions(code):
    """Functions are told by their braces, which stand alone in the first column."""
    start = None
    for number, line in enumerate(code.split("\n"), 1):
        if line == "{":
            start = number
        elif line == "}" and start:
            if number - start + 1 > MAX_FUNCTION:
                yield start, f"function of {number - start + 1} lines, at most {MAX_FUNCTION}"
            start = None


def check_file(root, layer, path):
    """Yield (line, message)."""
    text = path.read_text(encoding="utf-8")
    code = strip_text(text)
    for match in re.finditer(r'^[ \t]*#[ \t]*include[ \t]*[<"]([^>"]+)', text, re.M):
        message = check_include(root, layer, path, match.group(1))
        if message:
            yield text.count("\n", 0, match.start()) + 1, message
    if layer in ("core", "streaming"):
        for match in FORBIDDEN.finditer(code):
            word = (match.group(1) or match.group(2))
            yield code.count("\n", 0, match.start()) + 1, f"{layer} must not use {word}"
    lines = text.count("\n")
    if lines > MAX_FILE and "generated" not in text[:200]:
        yield lines, f"{lines} lines, at most {MAX_FILE}"
    yield from check_functions(code)


def check_tree(root):
    root = root.resolve()
    offences, files = [], 0
    for layer, path in source_files(root):
        files += 1
        for line, message in check_file(root, layer, path):
            offences.append(f"{path.relative_to(root)}:{line}: {message}")
    return offences, files


# ---- self-test --------------------------------------------------------------------------

CLEAN = {
    "core/include/dfnet4/a.h": "#include <stddef.h>\n",
    "core/op/real.h": "int x;\n",
    "core/op/a.c": '#include "op/real.h"\n#include <dfnet4/a.h>\n/* abort() */\n'
                   'const char *s = "exit(1) \\" stderr";\n_Static_assert(1, "");\n',
    "streaming/include/dfnet4/s.h": "#include <dfnet4/a.h>\n",
    "cli/main.c": "#include <dfnet4/s.h>\n#include <sndfile.h>\nint main(void)\n{\nprintf(0);\n}\n",
    "tests/support/check.h": "int y;\n",
    "tests/t.c": '#include "check.h"\n#include "op/real.h"\n#include <sndfile.h>\n',
}
OFFENDERS = [  # file, text, what must be reported
    ("core/op/b.c", "#include <dfnet4/s.h>\n", "core must not include streaming"),
    ("streaming/b.c", '#include "../cli/x.h"\n', "streaming must not include cli"),
    ("streaming/b.c", '#include "op/real.h"\n', "must not include private core"),
    ("trainer/b.c", "#include <dfnet4/s.h>\n", "trainer must not include streaming"),
    ("cli/b.c", '#include "../tests/support/check.h"\n', "cli must not include tests"),
    ("core/b.c", '#include "support/check.h"\n', "core must not include tests"),
    ("core/include/dfnet4/b.h", '#  include "op/real.h"\n', "public header includes private"),
    ("core/b.c", "#include <dfnet4/gone.h>\n", "does not exist"),
    ("core/b.c", "#include <sndfile.h>\n", "core must not use sndfile.h"),
    ("streaming/b.c", "#include <pthread.h>\n", "streaming must not use pthread.h"),
    ("core/b.c", "void f(void) { /* ok */ abort (); }\n", "core must not use abort"),
    ("core/b.c", "void f(void) { exit(1); }\n", "core must not use exit"),
    ("core/b.h", "#define F() fprintf(x, 1)\n", "core must not use fprintf"),
    ("streaming/b.c", "void f(void) { g(stderr); }\n", "streaming must not use stderr"),
    ("streaming/b.c", "void f(void) { assert(1); }\n", "streaming must not use assert"),
    ("tests/b.c", "\n" * 401, "401 lines"),
    ("cli/b.c", "int f(void)\n{\n" + "\n" * 59 + "}\n", "function of 61 lines"),
]


def write_tree(root, files):
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")


def self_test():
    failed = 0
    for name, text, expected in [("", "", "")] + OFFENDERS:
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            write_tree(root, CLEAN | {"cli/x.h": "\n"} | ({name: text} if name else {}))
            found, _ = check_tree(root)
        good = len(found) == 1 and expected in found[0] if name else not found
        print(f"{'ok' if good else 'FAILED'}: {expected or 'a clean tree'}")
        if not good:
            failed += 1
            print("  reported:", found)
    return 1 if failed else 0


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parents[1]
    offences, files = check_tree(root)
    print("\n".join(offences + [f"{files} files, {len(offences)} offences"]))
    return 1 if offences or not files else 0


if __name__ == "__main__":
    sys.exit(main())
