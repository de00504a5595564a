#!/usr/bin/env bash
# Invariant 2, truncated input: a stream or file that was cut or damaged is refused, and nobody
# downstream takes it for a short one.
. "$(dirname "$0")/lib.sh"

make_table 2000 >people.csv
make_recipe >recipe.yaml
exits 0 bash -c 'tamis-ingest people.csv --no-store >whole.arrows'
exits 0 tamis-ingest people.csv --no-store -o whole.arrow

refused() { # TEXT FILE
    exits 1 tamis-features cat "$2" --format csv -o never.csv
    check "$1 is explained" test -s stderr.txt
    exits 1 tamis-clean "$2" --recipe recipe.yaml --into clean/people -o -
    check "$1 gives no output" test ! -e never.csv
}

for form in arrows arrow; do
    size=$(stat -c %s whole.$form)
    exits 0 tamis-features cat whole.$form --format csv -o whole.csv
    for cut in 0 1 7 8 100 $((size / 3)) $((size / 2)) $((size - 100)) $((size - 8)) $((size - 1)); do
        head -c "$cut" whole.$form >cut.$form
        refused "$cut of $size bytes ($form)" cut.$form 2>&1
    done >log 2>&1
    same "$form: 40 of 40 checks" '40 0' "$(grep -c '^ok' log) $(grep -c '^BROKEN' log)"
    grep -A 3 '^BROKEN' log
done

# one damaged byte in the compressed body of a file
cp whole.arrow damaged.arrow
printf '\377\000\377' | dd of=damaged.arrow bs=1 seek=$(($(stat -c %s whole.arrow) / 2)) conv=notrunc 2>/dev/null
exits 1 tamis-features cat damaged.arrow --format csv -o never.csv

# through a pipe: the failing stage hands on no end marker
head -c $(($(stat -c %s whole.arrows) / 2)) whole.arrows >cut.arrows
tamis-clean cut.arrows -m text --no-store 2>/dev/null >handed-on
same 'clean fails' 1 $?
exits 1 tamis-features cat handed-on --format csv -o never.csv
same 'nothing was committed' 0 "$([ ! -e "${store:-.tamis}/catalog.db" ] && echo 0 || ask 'SELECT count(*) FROM versions')"
finish
