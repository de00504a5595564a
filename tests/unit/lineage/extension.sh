#!/usr/bin/env bash
# tamis_sqlite in the stock shell: the same values as `cat`, chunks left out, what is refused.
#
#   extension.sh BUILD DATA
set -eu
build=$1 data=$2
PATH=$build/ingest:$build/clean:$build/features:$PATH
extension=$build/lineage/tamis_sqlite
queries=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../../lineage/queries" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
failed=0

check() { # what, expected, found
    [ "$2" = "$3" ] && return
    printf 'FAILED %s\n  expected %s\n  found    %s\n' "$1" "$2" "$3"
    failed=1
}
catalog() { sqlite3 -readonly .tamis/catalog.db ".load $extension" "$@" 2>&1; }
memory() { sqlite3 :memory: ".load $extension" "$@" 2>&1; }
# Both sides through one writer of CSV: quoting and line ends are not the subject.
normal() { sqlite3 :memory: '.mode csv' ".import $1 t" 'SELECT * FROM t'; }

# ---- values, against cat ----
compared=0
for name in 0.14.1/generated_{datetime,decimal,dictionary}.{arrow_file,stream} \
    1.0.0-littleendian/generated_interval.{arrow_file,stream} \
    1.0.0-bigendian/generated_{interval,dictionary_unsigned}.stream \
    1.0.0-littleendian/generated_map.{arrow_file,stream} 0.14.1/generated_nested.stream \
    cpp-21.0.0/generated_{recursive_nested,nested_dictionary,union,run_end_encoded}.stream \
    2.0.0-compression/generated_{zstd,uncompressible_lz4}.arrow_file; do
    file=$data/arrow/gold/$name
    [ -f "$file" ] || continue
    tamis-features cat "$file" --format csv >want.csv
    memory '.mode csv' '.headers on' "CREATE VIRTUAL TABLE temp.t USING arrow('$file')" \
        'SELECT * FROM t' >found.csv
    check "$name" "$(normal want.csv)" "$(normal found.csv)"
    compared=$((compared + 1))
done
[ "$compared" -ge 9 ] || check 'files compared' 'at least 9' "$compared"

check 'types' 'integer|real|text|null' "$(
    printf 'a,b,c,d\n1,1.5,x,\n2,2.5,y,7\n' >types.csv
    tamis-ingest -q --no-store types.csv -o types.arrow
    memory "CREATE VIRTUAL TABLE temp.t USING arrow('types.arrow')" \
        'SELECT typeof(a), typeof(b), typeof(c), typeof(d) FROM t WHERE rowid = 1'
)"

# ---- versions: two chunks, then one whose file is gone ----
{ echo id,name,day,part; seq 1 70000 | awk '{printf "%d,n%05d,2026-%02d-01,%d.5\n", $1, $1, ($1 > 65536 ? 12 : 1), $1}'; } >rows.csv
tamis-ingest -q rows.csv --into raw/rows
tamis-clean -q tamis:raw/rows -m types --into clean/rows
table="CREATE VIRTUAL TABLE temp.t USING arrow('tamis:clean/rows@1')"
check 'all rows' '70000|2450035000' "$(catalog "$table" 'SELECT count(*), sum(id) FROM t')"
check 'rowid' '65536|65537' "$(catalog "$table" 'SELECT group_concat(id, char(124)) FROM t WHERE rowid BETWEEN 65536 AND 65537')"
check 'another store' 70000 "$(memory "CREATE VIRTUAL TABLE temp.t USING arrow('tamis:clean/rows@latest', '.tamis')" 'SELECT count(*) FROM t')"
check 'joined with history' 'clean/rows|70000' "$(catalog "$table" "SELECT v.dataset, count(*) FROM t JOIN versions AS v ON v.node = 'version:clean/rows@1'")"
for predicate in 'id > 65000 AND id < 65540' "name >= 'n65530' AND name < 'n65540'" \
    "part BETWEEN 65530 AND 65540" "day = '2026-12-01'" 'id IN (1, 70000)' 'id = 1.0' "id = '70000'" \
    'rowid > 69990' 'rowid < -5' 'id > 69999.5'; do
    check "$predicate" "$(catalog "$table" 'CREATE TEMP TABLE plain AS SELECT rowid AS row, * FROM t' "SELECT count(*), sum(id) FROM plain WHERE ${predicate/rowid/row}")" \
        "$(catalog "$table" "SELECT count(*), sum(id) FROM t WHERE $predicate")"
done
# ---- what a query reads ----
wide=$(catalog "$table" 'SELECT count(id), count(name), count(day), count(part) FROM t WHERE rowid <= 65536' \
    "SELECT json_extract(arrow_reads(), '\$.bytes')" | tail -1)
check 'a column, a part of the bytes' "1|1|$((65536 * 8))" "$(catalog "$table" 'SELECT sum(id) FROM t WHERE rowid <= 65536' \
    "SELECT json_extract(r, '\$.files'), json_extract(r, '\$.columns'), json_extract(r, '\$.bytes') FROM (SELECT arrow_reads() AS r)" |
    tail -1)"
[ "$wide" -gt $((65536 * 24)) ] || check 'four columns' 'more bytes' "$wide"
check 'rows are counted without a column' '65536|0|0' "$(catalog "$table" 'SELECT count(*) FROM t WHERE rowid <= 65536' \
    "SELECT '', json_extract(r, '\$.columns'), json_extract(r, '\$.bytes') FROM (SELECT arrow_reads() AS r)" | tr -d '\n')"
check 'no null, no file' '0|0|2' "$(catalog "$table" 'SELECT count(*) FROM t WHERE id IS NULL' \
    "SELECT '', json_extract(r, '\$.files'), json_extract(r, '\$.skipped_files') FROM (SELECT arrow_reads() AS r)" | tr -d '\n')"
# batches of a file, at first by reading the column, then by what that told
tamis-features cat tamis:raw/rows --head 60000 --format csv --columns id,name >file.csv
tamis-ingest -q --no-store --chunk-rows 4096 file.csv -o batches.arrow
check 'batches of a file' '17|15|1|14|2' "$(memory "CREATE VIRTUAL TABLE temp.b USING arrow('batches.arrow')" \
    'SELECT id FROM b WHERE id = 17' "SELECT '|' || json_extract(arrow_reads(), '\$.columns') || '|'" \
    'SELECT count(name) FROM b WHERE id = 9000' \
    "SELECT '', json_extract(r, '\$.skipped_batches'), json_extract(r, '\$.columns') FROM (SELECT arrow_reads() AS r)" |
    tr -d '\n')"
check 'a row by its place' '59999|1' "$(memory "CREATE VIRTUAL TABLE temp.b USING arrow('batches.arrow')" \
    'SELECT id FROM b WHERE rowid = 59999' "SELECT '|' || json_extract(arrow_reads(), '\$.columns')" | tr -d '\n')"
printf 'id,name\n70001,new\n5,x\n' >new.csv
check 'the file is another one now' '01' "$(memory "CREATE VIRTUAL TABLE temp.b USING arrow('batches.arrow')" \
    'SELECT count(*) FROM b WHERE id = 70001' '.system tamis-ingest -q --no-store new.csv -o batches.arrow' \
    'SELECT count(*) FROM b WHERE id = 70001' | tr -d '\n')"

# ---- with the history ----
tamis-ingest -q --no-store rows.csv -o spare.arrow
check 'a feature and its versions' 'clean/rows|70000|clean|2' "$(catalog "${table/temp.t/temp.feature}" "SELECT v.dataset, count(*), r.stage, count(DISTINCT f._chunk)
    FROM feature AS f JOIN versions AS v ON v.node = f._version JOIN runs AS r ON r.run_id = v.run_id WHERE f.rowid > 0" 2>&1)"
check 'hidden' 'id|name|day|part|_source|_record' "$(catalog "$table" "SELECT group_concat(name, '|') FROM pragma_table_info('t')")"
check 'no version of a file' '|' "$(memory "CREATE VIRTUAL TABLE temp.b USING arrow('spare.arrow')" 'SELECT _version, _chunk FROM b LIMIT 1')"

second=$(sqlite3 -readonly .tamis/catalog.db "SELECT digest FROM version_chunks WHERE dataset = 'clean/rows' AND position = 2")
rm ".tamis/chunks/${second:0:2}/$second.arrow"
for predicate in 'id = 17' "name = 'n00017'" "day < '2026-02-01' AND id = 17" 'part = 17.5' 'rowid = 17'; do
    check "pruned by $predicate" 17 "$(catalog "$table" "SELECT id FROM t WHERE $predicate")"
done
case $(catalog "$table" 'SELECT count(*) FROM t' || true) in
*No\ such\ file*) ;;
*) check 'a missing chunk' 'an error' 'none' ;;
esac

# ---- the graph ----
check 'up' 'version:clean/rows@1 0,source:rows.csv 4' \
    "$(catalog "SELECT group_concat(node || ' ' || depth) FROM lineage_up('clean/rows@1') WHERE node NOT GLOB 'stream:*'
        AND node NOT GLOB 'version:raw*'")"
check 'down, two hops' 'source:rows.csv,version:raw/rows@1' \
    "$(catalog "SELECT group_concat(node) FROM lineage_down('source:rows.csv', 2) WHERE node NOT GLOB 'stream:*'")"

check 'up, by depth' 3 "$(catalog "SELECT count(*) FROM lineage_up('clean/rows@1') WHERE depth <= 2")"

# ---- cells ----
printf 'id,name\n1, a\n2,b\n' >cells.csv
tamis-ingest -q cells.csv | tamis-clean -q -m text --audit cells -o cells.arrow
run=$(sqlite3 -readonly .tamis/catalog.db "SELECT run_id FROM runs WHERE stage = 'clean' ORDER BY started_at DESC LIMIT 1")
check 'cells' 'cells.csv|1|text|name| a|a' \
    "$(catalog "SELECT source, record, module, \"column\", before, after FROM cell_events('$run')")"
check 'cells of a record' 'text|name| a|a' "$(catalog ".parameter set :source cells.csv" '.parameter set :record 1' \
    ".read $queries/record_cells.sql" | cut -d '|' -f 3,5-7)"

# ---- what is refused ----
refused() { # what, pattern, found
    # shellcheck disable=SC2254 # the pattern is one
    case $3 in $2) ;; *) check "$1" "$2" "$3" ;; esac
}
refused 'in the catalog' '*"main"*temp.t*' "$(sqlite3 .tamis/catalog.db ".load $extension" "${table/temp./}" 2>&1 || true)"
refused 'a view of the schema' '*unsafe use*' "$(memory 'CREATE TABLE edges (input, output)' "CREATE VIEW v AS SELECT * FROM lineage_up('x')" 'SELECT * FROM v' || true)"
refused 'no version' '*names no version*' "$(catalog "CREATE VIRTUAL TABLE temp.t USING arrow('tamis:clean/rows@9')" || true)"
refused 'not Arrow' '*rows.csv*' "$(memory "CREATE VIRTUAL TABLE temp.t USING arrow('rows.csv')" || true)"
refused 'no file' '*No such file*' "$(memory "CREATE VIRTUAL TABLE temp.t USING arrow('absent')" || true)"
refused 'no run' '*is not a run*' "$(catalog "SELECT * FROM cell_events('../../x')" || true)"
refused 'no run at all' '*is not a run*' "$(catalog 'SELECT * FROM cell_events' || true)"
refused 'no audit' '*No such file*--audit cells*' "$(catalog "SELECT * FROM cell_events('01a20c55-20c3-769c-9ac2-a5e48b51ffc7')" || true)"
refused 'no store' '*not a file*' "$(memory "$table" || true)"
check 'trusted_schema off' 1 "$(catalog 'PRAGMA trusted_schema = OFF' "$table" 'SELECT count(*) FROM t WHERE id = 17')"
exit $failed
