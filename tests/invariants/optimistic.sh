#!/usr/bin/env bash
# Puts that append, upsert and delete at the same time wait for nobody: no version is lost, none comes
# twice, and each holds what the same puts one after the other, in the order of the commits, hold.
. "$(dirname "$0")/lib.sh"
writers=5 rounds=4

printf 'view: race\nentity: [id]\nevent_time: ts\nfeatures: {batch: utf8}\n' >race.yaml
# rows NAME FIRST COUNT: an Arrow file; ids FIRST ... FIRST + COUNT - 1 in no order
rows() {
    awk -v name="$1" -v first="$2" -v count="$3" 'BEGIN { print "id,ts,batch"
        for (i = 0; i < count; i++)
            printf "%d,2026-01-02T00:00:00Z,%s\n", first + (i * 7919) % count, name }' |
        tamis-ingest -q --no-store - -o "$1.arrow"
}
# What a writer does in a round: rows of its own, and some of those that all of them fight for.
mode_of() { case $((($1 + $2) % 4)) in 0 | 1) echo append ;; 2) echo upsert ;; *) echo delete ;; esac; }
start_store() {
    export TAMIS_STORE=$1
    exits 0 tamis-features define -q race.yaml
    exits 0 tamis-features put -q race base.arrow
}
digests() { sqlite3 -readonly "$TAMIS_STORE/catalog.db" 'SELECT number, rows, chunks, digest FROM versions ORDER BY number'; }

rows base 0 30011
for w in $(seq $writers); do
    for k in $(seq $rounds); do
        case $(mode_of "$w" "$k") in
        append) rows "w$w-$k" $((1000000 * w + 1009 * k)) 1009 ;;
        *) rows "w$w-$k" $((100 * (w + k))) 1009 ;;
        esac
    done
done

start_store "$work/together"
writer() {
    for k in $(seq $rounds); do
        tamis-features put -q race "w$1-$k.arrow" --mode "$(mode_of "$1" "$k")" --attempts 1000 --json \
            >"put.$1" 2>>"err.$1" || echo "w$1-$k ended with $?" >>wrong
        echo "$(sed 's/.*"number":\([0-9]*\).*/\1/' "put.$1") w$1-$k $(mode_of "$1" "$k")" >>committed
    done
}
: >wrong
for w in $(seq $writers); do writer "$w" & done
wait
same 'every put was committed' '' "$(cat wrong err.*)"
same 'no version is lost, none is doubled' "$(seq 2 $((writers * rounds + 1)))" \
    "$(cut -d' ' -f1 committed | sort -n)"
store=$TAMIS_STORE
same 'a version has an edge from the one before it' "$(seq 1 $((writers * rounds)))" \
    "$(ask "SELECT substr(input, 1 + instr(input, '@')) FROM edges
        WHERE input LIKE 'version:feature/race@%' AND output LIKE 'stream:%' ORDER BY 0 + substr(input, 1 + instr(input, '@'))")"
overtaken=$(ask "SELECT sum(value - 1) FROM run_metrics WHERE name = 'commit_attempts'")
echo "        overtaken $overtaken times"
check 'they were in each other'"'"'s way' awk -v n="$overtaken" 'BEGIN { exit !(n > 0) }'
exits 0 tamis-features verify -q
digests >together.txt

start_store "$work/in_turn"
sort -n committed | while read -r _ name mode; do
    tamis-features put -q race "$name.arrow" --mode "$mode" || echo "$name in turn: $?"
done >wrong
same 'the same puts in turn' '' "$(cat wrong)"
same 'hold the same in every version' "$(digests)" "$(cat together.txt)"

running() { [ "$(ask "SELECT count(*) FROM runs WHERE status = 'running'" 2>/dev/null)" = 1 ]; }
prepared() { ls "$store"/tmp/*.arrow >/dev/null 2>&1; }
soon() { # CONDITION: becomes true within 20 seconds
    for _ in $(seq 1000); do
        "$1" && return
        sleep 0.02
    done
    check "$1" false
}
# overtake FILE OPTION...: a put of FILE from a pipe that has made its rows ready, and before it commits another
# version comes. It is held back by the catalog's lock, then stopped for as long as that takes.
overtake() {
    local put file=$1
    shift
    rm -f pipe
    mkfifo pipe
    exec 9<>pipe
    tamis-features put race --wait 60 "$@" <pipe >overtaken.out 2>overtaken.err 9>&- &
    put=$!
    soon running
    exec 8>>"$store/lock"
    flock 8
    cat "$file" >pipe
    exec 9>&-
    soon prepared
    kill -STOP $put
    exec 8>&-
    tamis-features put -q race early.arrow --mode append || echo 'the other put failed'
    kill -CONT $put
    wait $put
    code=$?
}
for n in 1 2 3 4; do rows late$n $((5000 * n)) 200003; done
rows early 9000000 10
start_store "$work/overtaken"
store=$TAMIS_STORE
overtake late1.arrow --mode append --attempts 1
same 'it gives up' 75 "$code"
same 'and names the cause' "another version of \"feature/race\" came first 1 time, at last version 2 of run $(ask 'SELECT run_id FROM versions WHERE number = 2'): nothing was put" \
    "$(sed -n 's/^tamis-features: //p' overtaken.err | head -n 1)"
same 'nothing of it is there' 2 "$(ask 'SELECT count(*) FROM versions')"
same 'and no edge' 0 "$(ask "SELECT count(*) FROM edges WHERE input = 'version:feature/race@1' AND run_id = (SELECT run_id FROM runs WHERE exit_code = 75)")"
# With room for the rows and, sorted on disk, without.
again() {
    overtake "$@"
    same "made again from a pipe: $*" 0 "$code"
    [ "$code" = 0 ] || cat overtaken.err
    check 'at attempt 2' grep -q 'at attempt 2' overtaken.err
}
again late2.arrow --mode append
again late3.arrow --mode append --memory 32M
check 'sorted on disk' grep -q 'sorted on disk in' overtaken.err
again late4.arrow --mode upsert --memory 64M
again late4.arrow --mode delete
digests >together.txt

start_store "$work/not_overtaken"
exits 0 tamis-features put -q race early.arrow --mode append
while read -r name mode; do
    exits 0 tamis-features put -q race early.arrow --mode append
    exits 0 tamis-features put -q race "$name.arrow" --mode "$mode"
done <<END
late2 append
late3 append
late4 upsert
late4 delete
END
same 'with the rows it would have had in turn' "$(digests)" "$(cat together.txt)"
finish
