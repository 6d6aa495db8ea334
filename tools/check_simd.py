#!/usr/bin/env python3
"""Instruction sets stay where they belong.

    check_simd.py [--x86] [--expect WORD,WORD...] SIMD.DEF LIBRARY...

A library libdfn_<set>.a may hold only kernels dfn_<name>_<set> that SIMD.DEF lists for that
set, because only those are tested (tests/variants), and must hold all of them; no other library
may hold one. The transform of tests/dsp/test_stft960.c is none of the table's kernels. With --x86, machine code is read, too: AVX registers only in such libraries, and
those of AVX-512 only in those that need it. One line per offence, exit status 1 if any. With
--expect, exactly the named things must offend: a check of the check.
"""
import argparse
import os
import re
import subprocess
import sys

SETS = {"DFN_SIMD": {"avx2", "avx512", "neon"},
        "DFN_SIMD_BF16": {"avx2", "avx512", "bf16", "neon"},
        "DFN_SIMD_DOT16": {"bf16"},
        "DFN_SIMD_INT8": {"avx2", "vnni", "neon", "dotprod"}}
TESTED_ELSEWHERE = {"stft960_analyse", "stft960_synthesise"}
LIBRARY = re.compile(r"libdfn_(avx2|avx512|vnni|bf16|neon|dotprod)\.a$")
# bf16 is a number format as well, so that other names may end in it.
VARIANT = re.compile(r"dfn_\w+_(avx2|avx512|vnni|neon|dotprod)$")
AVX = re.compile(r"%[yz]mm|\tv[a-z0-9]+ .*%xmm")
AVX512 = re.compile(r"%zmm|%k[0-7]\b|%[xy]mm(1[6-9]|2\d|3[01])\b")


def run(program, *args):
    command = [os.environ.get(program.upper(), program), *args]
    return subprocess.run(command, check=True, text=True, capture_output=True).stdout


def variants(path):
    """{(kernel, set)} that the list at `path` promises."""
    with open(path, encoding="utf-8") as file:
        lines = re.findall(r"^(DFN_SIMD\w*)\((\w+)\)", file.read(), re.M)
    return {(name, isa) for macro, name in lines for isa in SETS[macro]}


def check_symbols(library, isa, listed):
    names = set(re.findall(r" [A-Z] (\S+)$", run("nm", "-g", "--defined-only", library), re.M))
    if isa is None:
        for name in sorted(filter(VARIANT.match, names)):
            yield name, "is a variant outside of the SIMD libraries"
        return
    wanted = {f"dfn_{name}_{isa}" for name, other in listed if other == isa}
    elsewhere = {f"dfn_{name}_{isa}" for name in TESTED_ELSEWHERE}
    for name in sorted(n for n in names - wanted - elsewhere if n.startswith("dfn_")):
        yield name, "is not listed in simd.def, so nothing tests it"
    for name in sorted(wanted - names):
        yield name, "is listed in simd.def and missing"


def check_code(library, isa):
    if isa not in (None, "avx2"):
        return
    where, seen = "?", set()
    for line in run("objdump", "-d", "--no-show-raw-insn", library).splitlines():
        if line.endswith(">:"):
            where = line.split("<")[1][:-2]
        elif where not in seen and (AVX if isa is None else AVX512).search(line):
            seen.add(where)
            yield where, "has an instruction that is not for every processor here: " + \
                " ".join(line.split()[1:])


def offences(libraries, listed, x86):
    for library in libraries:
        match = LIBRARY.search(library)
        isa = match and match.group(1)
        found = list(check_symbols(library, isa, listed))
        if x86:
            found += check_code(library, isa)
        for name, why in found:
            yield os.path.basename(library), name, why


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--x86", action="store_true")
    parser.add_argument("--expect")
    parser.add_argument("definitions")
    parser.add_argument("libraries", nargs="+")
    args = parser.parse_args()
    listed = variants(args.definitions)
    if not listed:
        sys.exit(f"check_simd: no kernels in {args.definitions}")
    found = list(offences(args.libraries, listed, args.x86))
    for library, name, why in found:
        print(f"{library}: {name} {why}")
    print(f"{len(listed)} variants, {len(args.libraries)} libraries, {len(found)} offences")
    if args.expect is not None:
        return {name for _, name, _ in found} != set(args.expect.split(","))
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
