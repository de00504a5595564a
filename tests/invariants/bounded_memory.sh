#!/usr/bin/env bash
# Invariant 4: anonymous peak memory stays below --memory whatever the input's size.
. "$(dirname "$0")/lib.sh"

limit_mib=96
make_table 1500000 >people.csv # about 110 MB: larger than the limit, several times once in memory
make_recipe >recipe.yaml
echo "input: $(($(stat -c %s people.csv) >> 20)) MiB of CSV, limit: $limit_mib MiB"

stays_below() {
    local text=$1
    shift
    exits 0 "$measure" report "$@"
    local found
    found=$(peak_mib)
    check "$text: ${found:-unknown} MiB at most" test "${found:-9999}" -le $limit_mib
}

stays_below ingest tamis-ingest people.csv --into raw/people --threads 8 --memory ${limit_mib}M
stays_below clean tamis-clean tamis:raw/people --recipe recipe.yaml --into clean/people --threads 8 --memory ${limit_mib}M
make_view >person.yaml
exits 0 tamis-features define person.yaml
stays_below put tamis-features put person tamis:clean/people --threads 8 --memory ${limit_mib}M
stays_below cat tamis-features cat tamis:clean/people --format csv -o people-out.csv --threads 8 --memory ${limit_mib}M
finish
