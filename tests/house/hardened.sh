#!/usr/bin/env bash
# The programs and the SQLite module are built to resist: position independent, relocations
# read-only from the start, no executable stack, stack protector, FORTIFY, shadow stack, and every
# object of ours with landing pads for indirect branches (IBT).
#
#   tests/house/hardened.sh BUILD
build=$(cd "$1" && pwd)
. "$(dirname "$0")/check.sh"

programs="$build/ingest/tamis-ingest $build/clean/tamis-clean $build/features/tamis-features"
libraries="$build/lineage/tamis_sqlite.so"

if nm -D "$build/clean/tamis-clean" | grep -qE '__(asan|tsan|ubsan|msan)_'; then
    echo 'skipped: a sanitizer takes the place of these'
    exit 77
fi

# What a binary has not; one line for each.
missing() {
    local file=$1 name headers symbols
    name=$(basename "$file")
    headers=$(readelf -hldW "$file")
    symbols=$(nm -D "$file")
    grep -q 'Type: *DYN' <<<"$headers" || echo "$name: not position independent"
    grep -q 'GNU_RELRO' <<<"$headers" || echo "$name: no GNU_RELRO segment"
    grep -q 'BIND_NOW' <<<"$headers" || echo "$name: relocations are not bound at the start"
    grep -qE 'GNU_STACK.* RW +0x' <<<"$headers" || echo "$name: executable stack"
    grep -qE 'LOAD.* RWE ' <<<"$headers" && echo "$name: a segment that is written and executed"
    grep -qE '\((RPATH|TEXTREL)\)' <<<"$headers" && echo "$name: RPATH or TEXTREL"
    grep -q '__stack_chk_fail' <<<"$symbols" || echo "$name: no stack protector"
    grep -q '__[a-z]*_chk@' <<<"$symbols" || echo "$name: no FORTIFY"
    if [ "$(uname -m)" = x86_64 ]; then
        readelf -nW "$file" | grep -q 'x86 feature.*SHSTK' || echo "$name: no shadow stack (SHSTK)"
    fi
}

# A program's entry is position independent code, not just a library's.
not_pie() {
    local file
    for file in $programs; do
        readelf -dW "$file" | grep -q 'Flags:.*PIE' || echo "$(basename "$file"): not a PIE"
    done
}

# Objects of ours without IBT: Debian's crt1.o has none, so the programs cannot say it themselves.
without_landing_pads() {
    [ "$(uname -m)" = x86_64 ] || return 0
    local object
    for room in base columnar lineage ingest clean features; do
        for object in "$build/$room"/*.p/*.c.o; do
            [ -f "$object" ] || continue
            readelf -nW "$object" | grep -q 'x86 feature.*IBT' || basename "$object"
        done
    done
}

for file in $programs $libraries; do
    missing "$file" | complain 'not hardened'
done
not_pie | complain 'not hardened'
without_landing_pads | complain 'no landing pads (IBT)'
finish
