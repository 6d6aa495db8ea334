#!/bin/sh
# Run one libFuzzer program for a minute, from its committed seeds.
#   fuzz.sh CORPUS-FOLDER ARTEFACT-FOLDER PROGRAM      DFN_FUZZ_SECONDS: instead of 60
set -eu
corpus=$1 found=$2 program=$3
name=$(basename "$program" | sed 's/^fuzz_//')
seconds=${DFN_FUZZ_SECONDS:-60}
new=$(mktemp -d)
status=0
UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 "$program" -max_total_time="$seconds" \
    -print_final_stats=1 -timeout=10 -rss_limit_mb=2048 -artifact_prefix="$found/$name-" \
    "$new" "$corpus/$name" >"$new.log" 2>&1 || status=1
if [ "$status" -ne 0 ]; then
    tail -60 "$new.log"
    echo "$name: FAILED"
else
    echo "$name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$new.log") runs in $seconds s"
fi
rm -r "$new" "$new.log"
exit "$status"
