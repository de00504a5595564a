#!/usr/bin/env bash
# Invariant 2, full disk: an output or a version is there whole or not at all.
. "$(dirname "$0")/lib.sh"

make_table 100000 >people.csv
make_recipe >recipe.yaml
head -n 100 people.csv >small.csv
mkdir small
if mount -t tmpfs -o size=2m tmpfs small 2>/dev/null; then
    echo 'on a file system of 2 MiB'
    limited() { "$@"; }
    space_again() { umount small && mount -t tmpfs -o size=64m tmpfs small; }
else
    echo 'with a file size limit of 500 KiB (a small file system needs root)'
    limited() { (ulimit -f 500 && exec "$@"); }
    space_again() { :; }
fi

# reports TEXT COMMAND...: exit 1 and a sentence about the space.
reports() {
    local text=$1
    shift
    exits 1 limited "$@"
    check "$text says why" grep -qiE 'no space|too large|full' stderr.txt
}

reports 'a file' tamis-ingest people.csv --no-store --compression none -o small/out.arrow
check 'the file is not there' test ! -e small/out.arrow
check 'nothing is left beside it' test -z "$(ls -A small)"

store=small/store
reports 'a version' tamis-ingest people.csv --store small/store --into raw/people --compression none
same 'no version was committed' 0 "$([ ! -e "${store:-.tamis}/catalog.db" ] && echo 0 || ask 'SELECT count(*) FROM versions')"

exits 1 bash -c 'tamis-ingest people.csv --no-store >/dev/full'
check 'stdout says why' grep -q 'No space left' stderr.txt

# clean reads from a good store and, with no memory to spare for rows between passes, spools into a
# full folder
exits 0 tamis-ingest people.csv --into raw/people
TMPDIR=$work/small reports 'a spool' tamis-clean - --recipe recipe.yaml --memory 128M --no-store -o out.arrow < <(
    tamis-features cat tamis:raw/people --format arrow)
check 'no output is left' test ! -e out.arrow

space_again
exits 0 tamis-ingest small.csv --store small/store --into raw/people
same 'with space again the store works' 1 "$(ask "SELECT count(*) FROM versions")"
store=small/store exits 0 tamis-features verify raw/people --store small/store
finish
