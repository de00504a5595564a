#!/bin/sh
# The groups that hold at least one case; meson makes a test of each.
cd "$(dirname "$0")" || exit 1
for file in */*/cmd; do
    [ -f "$file" ] && echo "${file%%/*}"
done | sort -u
