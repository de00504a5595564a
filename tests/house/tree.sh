#!/usr/bin/env bash
# What the tree promises: sizes, names, lists that are complete.
. "$(dirname "$0")/check.sh"

long_files() {
    files '*.c' '*.h' '*.cu' '*.sh' '*.sql' | while IFS= read -r file; do
        lines=$(wc -l <"$file")
        [ "$lines" -le 700 ] || echo "$file: $lines lines"
    done
}

# Every test_*.c of a room is named in that room's meson.build.
unlisted_tests() {
    files 'tests/unit/*/test_*.c' | while IFS= read -r file; do
        name=$(basename "$file" .c)
        grep -qE "\\b$name\\b|'${name#test_}'" "$(dirname "$file")/meson.build" || echo "$file"
    done
}

# Every source file is named in its room's meson.build.
unlisted_sources() {
    local room
    for room in base columnar lineage ingest clean features; do
        files "$room/*.c" | while IFS= read -r file; do
            grep -qF "'${file#"$room"/}'" "$room/meson.build" || echo "$file"
        done
    done
}

# Paths of one machine and helpers of one workplace do not belong into a repository.
foreign_paths() {
    local w=/wor t=/tm
    files '*' | grep -vE '\.(png|jpg|jpeg|arrow)$' |
        xargs -r grep -nIE "(^|[^a-zA-Z0-9_.])(${w}k/|${t}p/(wt|helpers|peers)|/hom[e]/|/roo[t]/)" || true
}

unfinished() {
    local t=TO f=FIX
    files '*.c' '*.h' '*.cu' '*.sh' '*.sql' '*.build' '*.md' |
        xargs -r grep -nE "\\b(${t}DO|${f}ME|XX[X])\\b" || true
}

# Scripts that are run must be executable.
not_executable() {
    git ls-files -s 2>/dev/null | awk '$1 == "100644" {print $4}' | while IFS= read -r file; do
        case $file in *.sh | setup | quickstart | .ci/run | */run) ;; *) continue ;; esac
        head -n 1 "$file" | grep -q '^#!' && echo "$file"
    done
}

long_files | complain 'longer than 700 lines'
unlisted_tests | complain 'a test that no meson.build lists'
unlisted_sources | complain 'a source that no meson.build lists'
foreign_paths | complain 'a path of one machine'
unfinished | complain 'unfinished'
not_executable | complain 'a script that cannot be run'
finish
