#!/usr/bin/env bash
# version.sh BUILD: the version is written once, in meson.build; everything that tells it tells the same, and
# CHANGELOG.md and debian/changelog begin with it.
set -u
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$(cd "$1" && pwd)
version=$(sed -n "s/^ *version: '\(.*\)',$/\1/p" "$top/meson.build" | head -n 1)
broken=0
same() {
    [ "$2" = "$version" ] && { echo "ok      $1"; return; }
    echo "BROKEN  $1: expected \"$version\", found \"$2\""
    broken=$((broken + 1))
}
for program in ingest clean features; do
    same "tamis-$program --version" "$("$build/$program/tamis-$program" --version | sed "s/^tamis-$program //")"
    same "the page of tamis-$program" "$(sed -n 's/^\.Os "tamis \(.*\)"$/\1/p' "$build/pages/tamis-$program.1")"
done
same 'tamis.pc' "$(sed -n 's/^Version: //p' "$build/meson-private/tamis.pc")"
same 'the library' "$(basename "$(readlink -f "$build/features/libtamis.so")" | sed 's/^libtamis\.so\.//')"
same 'CHANGELOG.md' "$(sed -n 's/^## \([0-9.]*\).*/\1/p' "$top/CHANGELOG.md" | head -n 1)"
same 'debian/changelog' "$(sed -n '1s/^tamis (\(.*\)-[0-9]*) .*/\1/p' "$top/debian/changelog")"
[ "$broken" -eq 0 ]
