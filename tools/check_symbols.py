#!/usr/bin/env python3
"""What code that runs on the audio thread may call.

    check_symbols.py [--expect NAME,NAME...] [--with LIBRARY]... FILE...

Every undefined symbol of the archives and objects FILE must be defined in one of them or in
a LIBRARY, or be on the list below. One line per offence, exit status 1 if any. With --expect,
exactly the named symbols must be found to offend: a check of the check.
"""
import argparse
import os
import re
import subprocess
import sys

MEMORY = {"memcpy", "memmove", "memset", "memcmp", "strcmp", "bcmp"}
MATH = {"exp", "exp2", "log", "log2", "log10", "log1p", "expm1", "pow", "sqrt", "tanh", "sin",
        "cos", "atan2", "erf", "fabs", "fmin", "fmax", "hypot", "copysign", "floor", "ceil",
        "round", "lround", "fma"}
TRANSFORMS = {"kiss_fftr", "kiss_fftri", "src_process", "src_reset"}
ALLOWED = MEMORY | MATH | {name + "f" for name in MATH} | TRANSFORMS
# Only in one object, which says there why: tables placed in memory that is given.
ALLOWED_IN = {"kiss_fftr_alloc": "fft.c.o"}
# What compilers and sanitizers add.
ADDED = re.compile(r"__(asan|ubsan|tsan|msan|lsan|hwasan|sanitizer|sancov|gcov|llvm)_|"
                   r"__mem\w+_chk$|__stack_chk_fail$|_GLOBAL_OFFSET_TABLE_$|"
                   r"__(start|stop)___sancov|\.refptr\.|__isnanf?$|__finitef?$|__isinff?$")


def symbols(path):
    """Yield (object, kind, name) of the global symbols of an archive or object."""
    out = subprocess.run([os.environ.get("NM", "nm"), "-A", "-g", path], check=True,
                         text=True, capture_output=True).stdout
    for line in out.splitlines():
        match = re.match(r"(.*):\s*[0-9a-fA-F]*\s+([A-Za-z])\s+(\S+)$", line)
        if match:
            yield os.path.basename(match.group(1).split(":")[-1]), match.group(2), match.group(3)


def offences(files, libraries):
    wanted, defined, count = [], set(), 0
    for path in files + libraries:
        for member, kind, name in symbols(path):
            if kind not in "Uvw":
                defined.add(name)
            elif path in files:
                wanted.append((member, name))
            count += 1
    if not count:
        sys.exit("check_symbols: no symbols in " + " ".join(files))
    for member, name in sorted(set(wanted)):
        if name in defined or name in ALLOWED or ADDED.match(name):
            continue
        if not (name in ALLOWED_IN and member.endswith(ALLOWED_IN[name])):
            yield member, name


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--expect", default=None)
    parser.add_argument("--with", dest="libraries", action="append", default=[])
    parser.add_argument("files", nargs="+")
    args = parser.parse_args()
    found = list(offences(args.files, args.libraries))
    for member, name in found:
        print(f"{member}: calls {name}, which has no place on the audio thread")
    print(f"{len(args.files)} files, {len(found)} offences")
    names = {name for _, name in found}
    if args.expect is not None:
        return names != set(args.expect.split(","))
    return bool(names)


if __name__ == "__main__":
    sys.exit(main())
