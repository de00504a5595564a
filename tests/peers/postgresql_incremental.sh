#!/usr/bin/env bash
# A table of a million rows, read by a cursor while others write to it, killed in the middle, resumed:
# every row is there, and once.
. "$(dirname "$0")/../invariants/lib.sh"
. "$here/../peers/postgresql_server.sh"
rows=${TAMIS_TEST_ROWS:-1000000}

# Rows come in the order of id; their moment is up to five minutes older than their place says, and
# many share one.
insert() {
    echo "INSERT INTO events SELECT i, timestamptz '2026-01-01Z' + (i / 7) * interval '1 second'
        - (i::int8 * 7919 % 300) * interval '1 second', 'note ' || i % 1000 FROM generate_series($1, $2) AS i"
}
sql 'CREATE TABLE events (id bigint, at timestamptz, note text)'
sql "$(insert 1 "$rows")"
events=(tamis-ingest --incremental --into raw/events --table events --cursor at --lag 10m "$(address postgres)")
add() { "${events[@]}"; }
versions() { ask "SELECT count(*) FROM versions WHERE dataset = 'raw/events'"; }

# Two writers; the second keeps its transactions open for a while, so that rows of a lower moment
# become visible after rows of a higher one.
write() {
    local i from=$((rows + 1))
    for i in $(seq 12); do
        sql "$(insert $from $((from + 499)))"
        sql "BEGIN; $(insert $((from + 500)) $((from + 999))); SELECT pg_sleep(0.2); COMMIT" >/dev/null &
        from=$((from + 1000))
        sleep 0.1
    done
    wait
}

"${events[@]}" 2>killed &
ingest=$!
for _ in $(seq 200); do
    [ "$(find .tamis/tmp -name '*.arrow' 2>/dev/null | wc -l)" -ge 3 ] && break
    sleep 0.05
done
kill -KILL $ingest
wait $ingest 2>/dev/null
same 'killed in the middle: no version' 0 "$(versions)"
write >writers 2>&1 &
writers=$!
add 2>said
sed 's/^/        /' said
for _ in 1 2 3; do add 2>>said; done
wait $writers
check 'the writers wrote' test ! -s writers
add 2>>said
add 2>last
check 'then there is nothing new' grep -q 'nothing new' last
check 'nothing came too late' test -z "$(grep 'came later' said last)"
same 'counts' "$((rows + 12000))|$((rows + 12000))" \
    "$(sql 'SELECT count(*) FROM events')|$(ask "SELECT rows FROM versions ORDER BY number DESC LIMIT 1")"
check 'the writers were met on the way' test "$(versions)" -ge 2
same 'every row, and once' "$(sql 'COPY (SELECT id, note FROM events ORDER BY id) TO STDOUT (FORMAT csv)' | md5sum)" \
    "$(tamis-features cat tamis:raw/events --columns id,note --format csv | tail -n +2 | sort -t, -k1,1n | md5sum)"
same 'records are numbered without a gap' "$((rows + 12000))|1|$((rows + 12000))" \
    "$(sqlite3 -cmd ".load $build/lineage/tamis_sqlite" .tamis/catalog.db "CREATE VIRTUAL TABLE temp.e USING arrow('tamis:raw/events');
        SELECT count(DISTINCT _record) || '|' || min(_record) || '|' || max(_record) FROM e")"

# Digests: killed on the way and resumed is what never was killed.
sql "CREATE TABLE quiet (id bigint, at timestamptz, note text); INSERT INTO quiet SELECT * FROM events WHERE id <= 200000 ORDER BY id"
night=(tamis-ingest -q --incremental --table quiet --cursor at --lag 10m "$(address postgres)" --into)
"${night[@]}" raw/calm
"${night[@]}" raw/shaken
sql "INSERT INTO quiet SELECT * FROM events WHERE id > 200000 AND id <= 400000 ORDER BY id"
for delay in 0.05 0.2 0.4 0.6; do
    "${night[@]}" raw/shaken &
    ingest=$!
    sleep $delay
    kill -KILL $ingest 2>/dev/null
    wait $ingest 2>/dev/null
done
"${night[@]}" raw/shaken
"${night[@]}" raw/calm
same 'the digest of a night that was killed four times' 1 "$(ask "SELECT count(DISTINCT digest) FROM versions AS v
    WHERE dataset IN ('raw/calm', 'raw/shaken')
      AND number = (SELECT max(number) FROM versions WHERE dataset = v.dataset)")"
check 'it was killed while it ran' test "$(ask "SELECT count(*) FROM runs WHERE status = 'lost'")" -ge 3
same 'its rows' 400000 "$(ask "SELECT rows FROM versions WHERE dataset = 'raw/shaken' ORDER BY number DESC LIMIT 1")"
finish
