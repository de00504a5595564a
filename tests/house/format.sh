#!/usr/bin/env bash
# Every C file is as clang-format leaves it (.clang-format; Debian 12's version 14). Skipped without it.
. "$(dirname "$0")/check.sh"
command -v clang-format >/dev/null || { echo "skipped: clang-format is not installed"; exit 77; }
files '*.c' '*.h' | xargs -r clang-format --dry-run --Werror 2>&1 | grep -E 'error:' |
    sed 's/: error:.*//; s/:[0-9]*:[0-9]*$//' | sort | uniq -c | complain 'not formatted (lines, file)'
finish
