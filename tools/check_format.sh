#!/bin/sh
# Is every C file formatted as .clang-format says?  check_format.sh [CLANG-FORMAT]
# To format: clang-format -i FILE...
set -eu
cd "$(dirname "$0")/.."
find core streaming plugin-lv2 daemon cli trainer tests -name '*.[ch]' -print0 2>/dev/null |
    xargs -0r "${1:-clang-format}" --dry-run --Werror
