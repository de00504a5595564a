#!/usr/bin/env bash
# Sixteen writers on one store for $TAMIS_SECONDS (fifteen; a minute by hand), among them killed ones and
# shells that look: no acknowledged record is lost, and nobody hears of a locked database. Then a shell
# that holds a SELECT open: 75 with the cause, and nothing lost; then a hot journal: readers answer.
. "$(dirname "$0")/lib.sh"
seconds=${TAMIS_SECONDS:-15} writers=16

printf 'view: shared\nentity: [id]\nevent_time: ts\nfeatures: {writer: utf8}\n' >shared.yaml
exits 0 tamis-features define -q shared.yaml
export TAMIS_STORE=$work/.tamis
until=$((SECONDS + seconds))

# said CODE NAME: a command of writer $w ended; only what it acknowledged counts later.
said() {
    case $1 in
    0) echo "$2" >>"acknowledged.$w" ;;
    137) echo "$2" >>"killed.$w" ;;
    *) echo "$2 ended with $1: $(head -n 1 "err.$w")" >>"wrong.$w" ;;
    esac
}
writer() {
    local w=$1 k=0 code
    RANDOM=$((w + 1))
    while [ $SECONDS -lt $until ]; do
        k=$((k + 1))
        # a table with a record that is rejected: a row event
        printf 'id,ts,writer\n%d,2026-01-01T00:00:00Z,w%d\n1,ragged\n' $((w * 100000 + k)) "$w" >"t.$w.csv"
        tamis-ingest -q --wait 120 "t.$w.csv" --source-name "w$w-$k" --into "raw/w$w" 2>"err.$w" &
        local ingest=$!
        if [ $((RANDOM % 5)) = 0 ]; then
            sleep "0.0$((RANDOM % 9))"
            kill -9 $ingest 2>/dev/null
        fi
        wait $ingest 2>/dev/null
        code=$?
        said $code "ingest w$w-$k"
        tamis-features lineage record -q --wait 120 --job "w$w-$k" --output "model:w$w" --metric k=$k 2>"err.$w"
        said $? "job w$w-$k"
        [ $((k % 3)) = 0 ] || continue
        tamis-ingest -q --no-store "t.$w.csv" 2>"err.$w" |
            tamis-features put -q --wait 120 shared --mode append --attempts 1000 2>>"err.$w"
        said $? "put w$w-$k $((w * 100000 + k))"
    done
}
# Shells that read and go again: they block a commit for a moment.
looker() {
    while [ $SECONDS -lt $until ]; do
        sqlite3 -readonly .tamis/catalog.db "SELECT count(*), sum(length(e.input)) FROM edges AS e, edges LIMIT 100000" >/dev/null 2>&1
        sleep 0.2
    done
}
for ((w = 0; w < writers; w++)); do writer "$w" & done
looker &
wait
cat acknowledged.* >acknowledged
touch wrong.0 killed.0
same 'every command ended well' '' "$(cat wrong.* | head -n 5)"
same 'nobody heard of a locked database' '' "$(cat err.* wrong.* | grep -i 'database is locked\|SQLITE_BUSY' | head -n 3)"
echo "        $(wc -l <acknowledged) records of $writers writers in $seconds s acknowledged, $(cat killed.* | wc -l) killed"
check 'every writer had its turn' [ "$(ls acknowledged.* | wc -l)" = $writers ]
grep '^ingest' acknowledged | cut -d' ' -f2 | sort >wanted
ask "SELECT s.name FROM sources AS s JOIN runs AS r USING (run_id) JOIN versions AS v USING (run_id)
    WHERE r.status = 'done' AND r.rows_out = 1 AND r.rows_rejected = 1" | sort >found
same 'no ingest is lost' '' "$(comm -23 wanted found | head)"
same 'nor one of its row events' '' "$(ask "SELECT r.run_id FROM runs AS r WHERE r.status = 'done' AND
    r.rows_rejected <> (SELECT count(*) FROM row_events AS e WHERE e.run_id = r.run_id)" | head)"
grep '^job' acknowledged | cut -d' ' -f2 | sort >wanted
ask "SELECT substr(r.stage, 5) FROM runs AS r JOIN run_metrics AS m USING (run_id) JOIN edges AS e USING (run_id)
    WHERE r.stage GLOB 'job *' AND r.status = 'done' AND m.name = 'k' AND e.output GLOB 'model:*'" | sort >found
same 'no job is lost, nor its metric and edge' '' "$(comm -23 wanted found | head)"
grep '^put' acknowledged | cut -d' ' -f3 | sort >wanted
tamis-features cat tamis:feature/shared --format csv --columns id | tail -n +2 | sort -u >found
same 'no put is lost' '' "$(comm -23 wanted found | head)"
same 'rows add up' '' "$(ask 'SELECT * FROM row_balance')"
same 'the catalog is whole' 'ok' "$(ask 'PRAGMA integrity_check; PRAGMA foreign_key_check' | head -n 3)"

# A shell that looks and does not go: waited for as long as --wait says, then named.
mkfifo hold
runs=$(ask 'SELECT count(*) FROM runs')
sqlite3 .tamis/catalog.db <hold >held 2>&1 &
exec 7>hold
echo "BEGIN; SELECT count(*) FROM runs;" >&7
for ((i = 0; i < 100; i++)); do [ -s held ] && break; sleep 0.05; done
exits 75 tamis-features lineage record -q --wait 1 --job blocked --output model:blocked
check 'the cause is named' grep -q 'sqlite3\|reader\|reading' stderr.txt
check 'and not in the words of SQLite' bash -c '! grep -qi "database is locked" stderr.txt'
sed 's/^/        /' stderr.txt
same 'nothing half of it is there' 0 "$(ask "SELECT count(*) FROM edges WHERE output = 'model:blocked'")"
tamis-features lineage record -q --wait 60 --job waited --output model:waited 2>stderr.txt 7>&- &
waiting=$!
sleep 1
exec 7>&-
wait $waiting
same 'who waits longer comes through' 0 $?
same 'and is recorded' 1 "$(ask "SELECT count(*) FROM edges WHERE output = 'model:waited'")"
check 'no run was lost meanwhile' [ "$(ask 'SELECT count(*) FROM runs')" -gt "$runs" ]

# A writer killed in the middle of a transaction that had left its cache.
mkfifo crash
sqlite3 .tamis/catalog.db <crash >crashed 2>&1 &
shell=$!
exec 8>crash
echo "PRAGMA cache_size = 5; BEGIN IMMEDIATE;
WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n LIMIT 20000)
INSERT INTO texts (text) SELECT 'half done ' || hex(randomblob(40)) || i FROM n;
SELECT 'written';" >&8
for ((i = 0; i < 600; i++)); do grep -q written crashed && break; sleep 0.05; done
kill -9 $shell
wait $shell 2>/dev/null
exec 8>&-
check 'a hot journal lies there' [ -s .tamis/catalog.db-journal ]
exits 0 tamis-features log raw/w0
exits 0 tamis-features cat tamis:feature/shared --format csv --columns id -o again.csv
same 'readers see all of it' '' "$(tail -n +2 again.csv | sort -u | comm -23 wanted - | head)"
same 'and nothing of what was not committed' 0 "$(ask "SELECT count(*) FROM texts WHERE text GLOB 'half done*'")"
same 'writers go on' '' "$(tamis-features lineage record -q --job after --output model:after 2>&1)"
same 'the catalog is whole again' 'ok' "$(ask 'PRAGMA integrity_check; PRAGMA foreign_key_check' | head -n 3)"
finish
