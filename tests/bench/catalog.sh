#!/usr/bin/env bash
# catalog.sh [RUNS] [EVENTS]: how long the shipped queries take in the stock shell on a large catalog.
#
# Default: 10,000 runs, 1,000 versions, 10 million row events (about 1 GB in $TMPDIR, two minutes).
# Prints one line a query: milliseconds (best of three, shell start included), rows, file.
set -eu
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
runs=${1:-10000} events=${2:-10000000}
work=$(mktemp -d "${TMPDIR:-/tmp}/tamis-bench-XXXXXX")
trap 'rm -rf "$work"' EXIT
db=$work/catalog.db

sqlite3 "$db" <"$top/lineage/schema.sql"
sqlite3 "$db" ".parameter set :runs $runs" ".parameter set :events $events" \
    ".read $top/tests/bench/catalog.sql"
sqlite3 -readonly "$db" "SELECT (SELECT count(*) FROM runs) || ' runs, ' ||
    (SELECT count(*) FROM versions) || ' versions, ' || (SELECT count(*) FROM edges) || ' edges, ' ||
    (SELECT count(*) FROM row_event_log) || ' row events, '" | tr -d '\n'
du -h "$db" | cut -f 1

ask() { # file, then parameters as NAME VALUE pairs
    local file=$1 best=999999 rows
    shift
    local set=()
    while [ $# -gt 0 ]; do
        set+=(".parameter set $1 $2")
        shift 2
    done
    for _ in 1 2 3; do
        local from to
        from=$(date +%s%N)
        rows=$(sqlite3 -readonly -batch "$db" "${set[@]}" ".read $top/lineage/queries/$file" | wc -l)
        to=$(date +%s%N)
        [ $(((to - from) / 100000)) -lt "$best" ] && best=$(((to - from) / 100000))
    done
    printf '%6d.%d ms  %6d rows  %s\n' $((best / 10)) $((best % 10)) "$rows" "$file"
}
newest=$(sqlite3 -readonly "$db" "SELECT dataset || '@' || max(number) FROM versions
    WHERE dataset LIKE 'feature/%' GROUP BY dataset LIMIT 1")
raw=$(sqlite3 -readonly "$db" "SELECT dataset || '@1' FROM versions WHERE dataset LIKE 'raw/%' LIMIT 1")
ask upstream.sql :node "'$newest'"
ask downstream.sql :node "'$raw'"
ask column_upstream.sql :node "'$newest'" :column "'column 3'"
ask column_impact.sql :node "'$raw'" :column "'column 3'"
ask why.sql :source "'source 7.csv'" :record 50
ask record.sql :source "'source 7.csv'" :record 50
ask versions_of_source.sql :source "'source 0.csv'"
ask unfinished.sql
ask stale.sql
ask duplicate_work.sql
ask unmasked_personal.sql
ask tag_as_of.sql :dataset "'feature/name1'" :tag "'prod'"
ask balance.sql
ask storage.sql
ask slowest_modules.sql
ask collectable.sql
