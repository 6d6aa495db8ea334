#!/usr/bin/env python3
"""Count the results of `meson test`.

Usage: count_tests.py testlog.json [--skips NAME,NAME...]

The last line is "N passed, N failed", with ", N skipped" if there are any. Exit status 1 if
anything failed, if nothing ran, or - with --skips - if the skipped tests are not exactly
those named: a skip must never look like a pass.
"""
import argparse
import json
import sys

PASSED = {"OK", "EXPECTEDFAIL"}


def read_results(path):
    """[(name, result)] of a log of one JSON object per line; [] if there is no log."""
    try:
        with open(path, encoding="utf-8") as log:
            tests = [json.loads(line) for line in log if line.strip()]
    except FileNotFoundError:
        return []
    return [(test["name"], test["result"]) for test in tests]


def judge_skips(skipped, expected):
    """Names that are skipped but should not be, and the other way round."""
    for name in sorted(skipped ^ expected):
        what = "was skipped, unexpectedly" if name in skipped else "should have been skipped"
        print(f"test '{name}' {what}")
    return len(skipped ^ expected)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("log")
    parser.add_argument("--skips", help="the tests that must be skipped; '' for none")
    args = parser.parse_args()

    results = read_results(args.log)
    passed = sum(result in PASSED for _, result in results)
    skipped = {name for name, result in results if result == "SKIP"}
    failed = len(results) - passed - len(skipped)
    if not results:
        print("no test ran")
        failed = 1
    if args.skips is not None:
        failed += judge_skips(skipped, {n for n in args.skips.split(",") if n})
    for name, result in results:
        if result not in PASSED and result != "SKIP":
            print(f"{result}: {name}")
    for name in sorted(skipped):
        print(f"SKIP: {name}")
    tail = f", {len(skipped)} skipped" if skipped else ""
    print(f"{passed} passed, {failed} failed{tail}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
