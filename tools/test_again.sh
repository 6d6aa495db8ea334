#!/usr/bin/env bash
# test_again.sh BUILD LOG - run tests in real time that failed (suite live) once more, alone, and add
# the results to the log: other work on the machine may have disturbed them. A second failure counts.
set -euo pipefail

build=$1 log=$2
[ -f "$log" ] || exit 0
read -ra failed <<<"$(python3 "${BASH_SOURCE[0]%/*}/count_tests.py" "$log" --failed-live)"
[ ${#failed[@]} -gt 0 ] || exit 0
printf '\nonce more, in real time: %s\n' "${failed[*]}"
meson test -C "$build" --no-rebuild --print-errorlogs --logbase again --num-processes 1 \
    --timeout-multiplier "${DFN_TIMEOUTS:-1}" --suite live "${failed[@]}" || true
cat "$build"/meson-logs/again.json >>"$log"
