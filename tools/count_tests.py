#!/usr/bin/env python3
"""Count the results of `meson test`.

Usage: count_tests.py testlog.json [--skips NAME,NAME...]
       count_tests.py testlog.json --failed-live

The last line is "N passed, N failed", with ", N skipped" if there are any. Exit status 1 if
anything failed, if nothing ran, or - with --skips - if the skipped tests are not those
named: a skip must never look like a pass. A name with "?" may be skipped and may run.

A test in real time (suite live) that failed may be run once more, alone: its second result, added
to the log, counts, and is told. --failed-live prints the names of those.
"""
import argparse
import json
import re
import sys

PASSED = {"OK", "EXPECTEDFAIL"}


def read_results(path):
    """[(name, result)] of a log of one JSON object per line; [] if there is no log. Names come
    as "project:suite / name" or "project:suite+slow / name", here suite/name; those of the suite
    live stay suite+live/name."""
    try:
        with open(path, encoding="utf-8") as log:
            tests = [json.loads(line) for line in log if line.strip()]
    except FileNotFoundError:
        return []
    return [(re.sub(r"\+(?!live)\w+", "", test["name"].split(":", 1)[-1]).replace(" / ", "/"),
             test["result"])
            for test in tests]


def merge(results):
    """([(name, result)], complaints): of a test in real time the last result."""
    last = {name: result for name, result in results if "+live" in name}
    merged, told = [], []
    for name, result in results:
        if "+live" not in name:
            merged.append((name, result))
        elif name in last:
            plain = name.replace("+live", "")
            merged.append((plain, last.pop(name)))
            if result not in PASSED and result != merged[-1][1]:
                told.append(f"{result} at first, then {merged[-1][1]}: {plain}")
    return merged, told


def judge(results, expected_skips=None):
    """(passed, failed, skipped, complaints) of [(name, result)]."""
    passed = sum(result in PASSED for _, result in results)
    skips = [name for name, result in results if result == "SKIP"]
    failed = len(results) - passed - len(skips)
    complaints = [f"{result}: {name}" for name, result in results
                  if result not in PASSED and result != "SKIP"]
    if not results:
        complaints.append("no test ran")
        failed = 1
    if expected_skips is not None:
        allowed = {name.rstrip("?") for name in expected_skips if name.endswith("?")}
        expected = {name for name in expected_skips if not name.endswith("?")}
        for name in sorted((set(skips) ^ expected) - allowed):
            complaints.append(f"skipped, but should run: {name}" if name in skips
                              else f"should have been skipped: {name}")
            failed += 1
    return passed, failed, len(skips), complaints + [f"SKIP: {name}" for name in skips]


def self_test():
    cases = [
        ([("a", "OK"), ("b", "OK")], None, (2, 0, 0)),
        ([("a", "OK"), ("b", "FAIL")], None, (1, 1, 0)),
        ([("a", "TIMEOUT"), ("b", "ERROR"), ("c", "INTERRUPT")], None, (0, 3, 0)),
        ([("a", "OK"), ("b", "UNEXPECTEDPASS")], None, (1, 1, 0)),
        ([("a", "OK"), ("b", "SKIP")], None, (1, 0, 1)),
        ([("a", "OK"), ("b", "SKIP")], set(), (1, 1, 1)),
        ([("a", "OK"), ("b", "SKIP")], {"b"}, (1, 0, 1)),
        ([("a", "OK"), ("b", "OK")], {"b"}, (2, 1, 0)),
        ([("a", "OK"), ("b", "SKIP")], {"b?"}, (1, 0, 1)),
        ([("a", "OK"), ("b", "OK")], {"b?"}, (2, 0, 0)),
        ([("a", "OK"), ("b", "FAIL")], {"b?"}, (1, 1, 0)),
        ([], None, (0, 1, 0)),
    ]
    wrong = [case for case in cases if judge(case[0], case[1])[:3] != case[2]]
    for case in wrong:
        print("wrong:", case, "gave", judge(case[0], case[1]))
    merges = [
        ([("d+live/a", "FAIL"), ("d+live/b", "OK"), ("e/a", "OK"), ("e/a", "OK"), ("d+live/a", "OK")],
         ([("d/a", "OK"), ("d/b", "OK"), ("e/a", "OK"), ("e/a", "OK")],
          ["FAIL at first, then OK: d/a"])),
        ([("d+live/a", "FAIL"), ("d+live/a", "FAIL")], ([("d/a", "FAIL")], [])),
    ]
    wrong_merges = [results for results, want in merges if merge(results) != want]
    for results in wrong_merges:
        print("wrong:", results, "gave", merge(results))
    return 1 if wrong or wrong_merges else 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("log", nargs="?", default="")
    parser.add_argument("--skips", help="the tests that must be skipped; '' for none")
    parser.add_argument("--failed-live", action="store_true")
    parser.add_argument("--self-test", action="store_true")
    args = parser.parse_args()
    if args.self_test:
        return self_test()

    results, told = merge(read_results(args.log))
    if args.failed_live:
        live = {name.replace("+live", "") for name, _ in read_results(args.log) if "+live" in name}
        print(*[name.split("/")[1] for name, result in results
                if name in live and result not in PASSED | {"SKIP"}])
        return 0
    expected = None if args.skips is None else {n for n in args.skips.split(",") if n}
    passed, failed, skipped, complaints = judge(results, expected)
    print("\n".join(told + complaints + [f"{passed} passed, {failed} failed"
                                  + (f", {skipped} skipped" if skipped else "")]))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
