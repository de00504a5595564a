#!/usr/bin/env bash
# install.sh BUILD [--accept]: `meson install` puts the files of files.txt below DESTDIR and nothing else;
# no file names the build's folder or DESTDIR, and the installed programs, extension and library work.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$(cd "$1" && pwd)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
broken=0
check() {
    local text=$1
    shift
    if "$@"; then echo "ok      $text"; else
        echo "BROKEN  $text"
        broken=$((broken + 1))
    fi
}

DESTDIR=$work/root meson install -C "$build" --no-rebuild >"$work/said" 2>&1 || { cat "$work/said"; exit 1; }
# The library folder differs from machine to machine, the GPU module is there only where nvcc is.
(cd "$work/root" && find . ! -type d | sed 's|^\.||; s|/lib/[^/]*-linux-gnu/|/lib/|; s|/lib64/|/lib/|' |
    grep -v '/tamis_cuda\.so$' | LC_ALL=C sort) >"$work/files"
[ "${2:-}" = --accept ] && cp "$work/files" "$here/files.txt"
check 'the list of files' diff -u "$here/files.txt" "$work/files"

prefix=$(cd "$work/root" && find . -name bin -type d | head -n 1)
prefix=$work/root/${prefix%/bin}
library=$(dirname "$(find "$work/root" -name 'libtamis.so')")
grep -rlF -e "$build" -e "$work" "$work/root" >"$work/named"
check 'nothing names the build or DESTDIR' test ! -s "$work/named"
[ ! -s "$work/named" ] || sed 's/^/        /' "$work/named"

export PATH=$prefix/bin:$PATH HOME=$work
cd "$work" || exit 1
printf 'id,amount\n1,2\n2,3\n' >orders.csv
printf 'view: orders\nentity: [id]\n' >orders.yaml
check 'the programs work' sh -c "tamis-ingest -q orders.csv --into raw/orders &&
    tamis-clean -q tamis:raw/orders -m text --into clean/orders && tamis-features define -q orders.yaml &&
    tamis-features put -q orders tamis:clean/orders"
check 'the queries work' test -n "$(sqlite3 -readonly .tamis/catalog.db '.parameter init' \
    ".parameter set :node 'feature/orders@1'" ".read $prefix/share/tamis/queries/upstream.sql")"
if [ "$(ldd "$library/tamis/tamis_sqlite.so" 2>/dev/null | grep -c asan)" = 0 ]; then
    check 'the extension works' test 2 = "$(sqlite3 -cmd ".load $library/tamis/tamis_sqlite" .tamis/catalog.db \
        "CREATE VIRTUAL TABLE temp.o USING arrow('tamis:feature/orders@1'); SELECT count(*) FROM o")"
    export PKG_CONFIG_PATH=$library/pkgconfig PKG_CONFIG_SYSROOT_DIR=$work/root
    check 'the example of the library is made by pkg-config alone' sh -c \
        "cc -o lookup '$prefix/share/doc/tamis/examples/lookup/lookup.c' $(pkg-config --cflags --libs tamis)"
    check 'and works' sh -c "LD_LIBRARY_PATH=$library ./lookup .tamis orders 2 | grep -q 3"
else
    echo 'skipped: extension and library under a sanitizer'
fi
[ "$broken" -eq 0 ] && echo 'all of it holds'
[ "$broken" -eq 0 ]
