#!/usr/bin/env bash
# Invariant 2, night after night: raw data grows, a stage behind it is killed for two nights, and the third
# night leaves what one whole run would have left. Ingestion is killed on the way, too.
. "$(dirname "$0")/lib.sh"

make_table 360000 >all.csv
header=$(head -n 1 all.csv)
part() { { echo "$header"; tail -n +2 all.csv | sed -n "$1p"; } >"$2"; }
part 1,30000 one.csv
part 30001,60000 two.csv
part '60001,$' three.csv
cat >recipe.yaml <<'RECIPE'
tamis: 1
steps:
  - text: {columns: [name, city]}
  - missing: {markers: ["N/A"]}
  - validate: {rules: [{column: amount, between: [0, 1000], on_fail: reject}]}
RECIPE
newest() { ask "SELECT digest FROM versions WHERE dataset = '$1' ORDER BY number DESC LIMIT 1"; }
versions() { ask "SELECT count(*) FROM versions WHERE dataset = '$1'"; }
raw=(tamis-ingest -q --incremental --into raw/people)
clean=(tamis-clean -q tamis:raw/people@new --recipe recipe.yaml --into clean/people)

# kill_after SECONDS COMMAND...: -9, in the middle of it.
kill_after() {
    local seconds=$1 pid
    shift
    "$@" 2>/dev/null &
    pid=$!
    sleep "$seconds"
    kill -KILL $pid 2>/dev/null
    wait $pid 2>/dev/null
}
# kill_at_chunk COMMAND...: as soon as it has written a chunk.
kill_at_chunk() {
    local pid
    "$@" 2>/dev/null &
    pid=$!
    for _ in $(seq 3000); do
        find .tamis/tmp -name '*.arrow' 2>/dev/null | grep -q . && break
        kill -0 $pid 2>/dev/null || break
        sleep 0.005
    done
    kill -KILL $pid 2>/dev/null
    wait $pid 2>/dev/null
}

# ---- the nights ----

exits 0 "${raw[@]}" one.csv two.csv
exits 0 "${clean[@]}"
same 'the first night' '1 1' "$(versions raw/people) $(versions clean/people)"
exits 0 "${raw[@]}" one.csv two.csv three.csv
same 'the third file is a second version' 2 "$(versions raw/people)"
kill_at_chunk "${clean[@]}"
kill_after 0.05 "${clean[@]}"
same 'killed on two nights: nothing was committed' 1 "$(versions clean/people)"
exits 0 "${clean[@]}"
exits 0 tamis-clean -q tamis:raw/people --recipe recipe.yaml --into clean/whole
same 'the third night is one whole run' "$(newest clean/whole)" "$(newest clean/people)"
exits 0 tamis-ingest -q one.csv two.csv three.csv --into raw/whole
same 'and the raw version is one whole ingestion' "$(newest raw/whole)" "$(newest raw/people)"
same 'old chunks are shared' 0 "$(ask "SELECT count(*) FROM version_chunks AS a WHERE dataset = 'raw/people' AND number = 1
    AND digest NOT IN (SELECT digest FROM version_chunks WHERE dataset = 'raw/people' AND number = 2)")"

# ---- twice is once ----

exits 0 tamis-ingest --incremental --into raw/people one.csv two.csv three.csv
check 'nothing new is said' grep -q 'nothing new' stderr.txt
same 'and committed as nothing' 2 "$(versions raw/people)"

# ---- a file that grows, killed again and again ----

grow() { head -n "$1" all.csv | head -c "$2" >growing.tmp && cat growing.tmp >growing.csv; }
grown=(tamis-ingest -q --incremental --into raw/grown growing.csv)
nights=0
for lines in 20000 40000 60000 80000; do
    grow $lines -7 # ends within a record
    for _ in 1 2 3; do
        kill_after "0.0$((RANDOM % 9 + 1))" "${grown[@]}"
        nights=$((nights + 1))
    done
    kill_at_chunk "${grown[@]}"
done
cat all.csv >growing.csv
exits 0 "${grown[@]}"
exits 0 tamis-ingest -q growing.csv --into raw/grown_whole
same 'rows' "$(ask "SELECT rows FROM versions WHERE dataset = 'raw/grown_whole'")" \
    "$(ask "SELECT rows FROM versions WHERE dataset = 'raw/grown' ORDER BY number DESC LIMIT 1")"
same "the digest after $nights nights that were cut short" "$(newest raw/grown_whole)" "$(newest raw/grown)"
same 'every record is a row or a reject, once' "$(ask "SELECT rows_in FROM runs JOIN versions USING (run_id)
    WHERE dataset = 'raw/grown_whole'")" "$(ask "SELECT sum(rows_in) FROM runs JOIN versions USING (run_id)
    WHERE dataset = 'raw/grown'")"
check 'runs were lost on the way' test "$(ask "SELECT count(*) FROM runs WHERE status = 'lost'")" -ge 3
same 'positions count only where a version does' 0 \
    "$(ask "SELECT count(*) FROM watermark_moves WHERE moved_at IS NOT NULL AND number IS NOT NULL
        AND (dataset, number) NOT IN (SELECT dataset, number FROM versions)")"
finish
