#!/usr/bin/env bash
# The whole job with GNU parallel: 1, 3 and 16 shards give the version of one process; a job that is
# killed in the middle goes on where it was.
. "$(dirname "${BASH_SOURCE[0]}")/../invariants/lib.sh"
command -v parallel >/dev/null || { echo 'skipped: parallel is not there (./setup --distributed)'; exit 77; }
run=$here/../../examples/distributed/parallel/run
"$build/tests/bench/generate" trips "${TAMIS_MIB:-48}" >trips.csv
cp "$here/../distributed/recipe.yaml" "$here/../distributed/trips.yaml" .
digest() { sqlite3 -readonly "$1/catalog.db" "SELECT digest FROM versions WHERE dataset = 'feature/trips'"; }
one() {
    export TAMIS_STORE=$work/one
    tamis-features define -q trips.yaml
    tamis-ingest -q "$work/trips.csv" | tamis-clean -q --recipe recipe.yaml - | tamis-features put -q trips -
}
one
for shards in 1 3 16; do
    export TAMIS_STORE=$work/store$shards
    tamis-features define -q trips.yaml
    exits 0 "$run" "job$shards" trips.csv recipe.yaml $shards trips
    same "$shards shards give the version of one process" "$(digest one)" "$(digest "store$shards")"
done

export TAMIS_STORE=$work/killed
tamis-features define -q trips.yaml
"$run" job trips.csv recipe.yaml 4 trips >/dev/null 2>&1 &
while [ ! -e job/merged-1.state ] && kill -0 $! 2>/dev/null; do sleep 0.05; done
kill -9 $!
pkill -9 -f "$work/job" 2>/dev/null
wait 2>/dev/null
same 'no version after a kill' '' "$(digest killed)"
before=$(stat -c %y job/merged-1.state)
exits 0 "$run" job trips.csv recipe.yaml 4 trips
same 'it goes on and gives the same version' "$(digest one)" "$(digest killed)"
same 'what was done was not done again' "$before" "$(stat -c %y job/merged-1.state)"
finish
