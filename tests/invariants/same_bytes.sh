#!/usr/bin/env bash
# Invariant 3: the same bytes for any number of threads and any CPU level.
. "$(dirname "$0")/lib.sh"

make_table 150000 >people.csv # three windows of 65,536 rows
make_recipe >recipe.yaml
pictures=$here/../../examples/quickstart/data/pictures

# Digests of the versions and their chunks, with the fitted parameters.
run_all() { # NAME ARGUMENT...
    local name=$1
    shift
    store=store-$name
    {
        tamis-ingest people.csv --into raw/people --store "$store" "$@" &&
            tamis-clean tamis:raw/people --recipe recipe.yaml --into clean/people --store "$store" "$@" &&
            tamis-ingest "$pictures" --label-from directory --into raw/pictures --store "$store" "$@" &&
            tamis-clean tamis:raw/pictures -m 'images' -m 'deduplicate method=perceptual' \
                --into clean/pictures --store "$store" "$@"
    } 2>stderr.txt || { cat stderr.txt; return 1; }
    ask "SELECT dataset, number, rows, digest FROM versions ORDER BY 1, 2;
         SELECT dataset, position, digest, file_digest FROM version_chunks JOIN chunks USING (digest)
             ORDER BY 1, 2;
         SELECT position, module, m.rows_in, m.rows_out, cells_changed, parameters
             FROM module_effects AS m JOIN runs USING (run_id) ORDER BY started_at, position" \
        >"digests-$name" || return 1
    [ -s "digests-$name" ]
}

check '1 thread' run_all one --threads 1
same 'four versions were written' 4 "$(ask 'SELECT count(*) FROM versions')"
check '2 threads' run_all two --threads 2
check '8 threads' run_all eight --threads 8
check '8 threads, 128 MiB' run_all small --threads 8 --memory 128M
for level in v1 v2 v3; do
    export TAMIS_CPU=$level
    check "x86-64-$level" run_all $level --threads 2
    unset TAMIS_CPU
done
for name in two eight small v1 v2 v3; do
    check "$name is as one" diff -q digests-one "digests-$name"
done
finish
