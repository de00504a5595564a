#!/usr/bin/env bash
# Invariant 5: hostile input gives a clear error or rejected records; never a crash, a hang or an
# unbounded allocation. tests/data/hostile/SOURCE.md says where the files come from.
. "$(dirname "$0")/lib.sh"

limit_mib=256
files=0

# One command over one hostile file: exit 0 to 3, within 20 s, below the limit, and a line of text
# for each failure.
survives() { # FILE COMMAND...
    local file=$1 code mib
    shift
    files=$((files + 1))
    timeout 20 "$measure" report "$@" --memory ${limit_mib}M --no-store </dev/null >out 2>err
    code=$?
    mib=$(peak_mib)
    [ "$code" -le 3 ] || { echo "BROKEN  $(basename "$file"): exit $code: $*"; broken=$((broken + 1)); }
    [ "$code" -eq 0 ] || [ "$code" -eq 3 ] || [ -s err ] ||
        { echo "BROKEN  $(basename "$file"): failed without a word: $*"; broken=$((broken + 1)); }
    [ "${mib:-9999}" -le $limit_mib ] ||
        { echo "BROKEN  $(basename "$file"): $mib MiB: $*"; broken=$((broken + 1)); }
    if LC_ALL=C grep -q "$(printf '[\001-\010\013-\037\177]')" err; then
        echo "BROKEN  $(basename "$file"): control characters on stderr"
        broken=$((broken + 1))
    fi
}

head -c 300000 /dev/zero | tr '\0' 'a' | sed 's/^/id,name\n1,"/' >unclosed.csv
awk 'BEGIN {for (i = 0; i < 20000; i++) printf "c%d,", i; print ""}' >wide.csv
for file in "$data"/hostile/csv/* unclosed.csv wide.csv; do
    survives "$file" tamis-ingest "$file" --format csv -o out.arrow
    [ -s out.arrow ] && survives "$file" tamis-clean out.arrow -m text -m types -o clean.arrow
    rm -f out.arrow clean.arrow
done

# A folder of pictures is read to its end: the broken ones are rejected or found, not fatal.
for kind in png jpeg; do
    mkdir -p "folder/$kind"
    for file in "$data/hostile/$kind"/*; do
        cp "$file" "folder/$kind/$(basename "$file").${kind/jpeg/jpg}"
    done
done
survives pictures tamis-ingest folder --label-from directory -o pictures.arrow
check 'the folder was read' test -s pictures.arrow
survives pictures tamis-clean pictures.arrow -m images -o good.arrow
for file in folder/*/*; do
    mkdir -p one && rm -f one/* one.arrow && cp "$file" one/
    survives "$file" tamis-ingest one -o one.arrow
    [ -s one.arrow ] && survives "$file" tamis-clean one.arrow -m images -o /dev/null
done

for file in "$data"/hostile/arrow/*; do
    survives "$file" tamis-features cat "$file" --format csv -o /dev/null
    survives "$file" tamis-clean "$file" -m text -o /dev/null
done
for file in "$data"/hostile/sqlite/*; do
    survives "$file" tamis-ingest "$file" -o /dev/null
    for table in $(sqlite3 -readonly "$file" 'SELECT name FROM sqlite_schema' 2>/dev/null | grep -a '^[a-z0-9_]*$'); do
        survives "$file" tamis-ingest "$file" --table "$table" -o /dev/null
    done
done
check "$files commands over hostile files" test $files -gt 100
finish
