#!/usr/bin/env bash
# Invariant 6: every committed byte is reachable from its source by SQL in the stock shell.
. "$(dirname "$0")/lib.sh"

make_table 3000 >people.csv
make_recipe >recipe.yaml
make_view >person.yaml
exits 0 tamis-ingest people.csv --into raw/people
exits 0 tamis-clean tamis:raw/people --recipe recipe.yaml --into clean/people
exits 0 tamis-features define person.yaml
exits 0 tamis-features put person tamis:clean/people
# a pipe without versions in between
exits 0 bash -c 'set -o pipefail
    tamis-ingest people.csv | tamis-clean --recipe recipe.yaml | tamis-features put person'

upstream="WITH RECURSIVE up(start, node) AS (
    SELECT node, node FROM versions
    UNION SELECT up.start, e.input FROM up JOIN edges AS e ON e.output = up.node)"
same 'four versions were committed' 4 "$(ask 'SELECT count(*) FROM versions')"
same 'each version leads back to its source' 0 "$(ask "$upstream
    SELECT count(*) FROM versions WHERE node NOT IN
        (SELECT start FROM up WHERE node = 'source:people.csv')")"
same 'each version was written by a recorded run' 0 "$(ask "SELECT count(*) FROM versions
    WHERE run_id NOT IN (SELECT run_id FROM runs WHERE status = 'done')")"
same 'each chunk belongs to a version and a run' 0 "$(ask "SELECT count(*) FROM chunks
    WHERE digest NOT IN (SELECT digest FROM version_chunks) OR run_id NOT IN (SELECT run_id FROM runs)")"
same 'no file lies in the store that the catalog does not know' \
    "$(ask 'SELECT digest FROM chunks ORDER BY 1')" \
    "$(find .tamis/chunks -type f | sed 's|.*/||; s|\.arrow$||' | sort)"
same 'every stream in the graph has its run' 0 "$(ask "SELECT count(*) FROM edges
    WHERE output LIKE 'stream:%' AND substr(output, 8) NOT IN (SELECT run_id FROM runs)")"
same 'the source has its digest' "$(b2sum -l 256 people.csv | cut -d ' ' -f 1)" \
    "$(ask "SELECT DISTINCT digest FROM sources WHERE name = 'people.csv'")"
same 'every row of the features names an existing record' 0 "$(
    tamis-features cat tamis:feature/person --format csv --columns _source,_record | tail -n +2 |
        awk -F, -v records="$(ask 'SELECT max(records) FROM sources')" \
            '$1 != "people.csv" || $2 < 1 || $2 > records' | wc -l)"
same 'each feature column comes from a column of clean' 0 "$(ask "SELECT count(*) FROM version_columns
    WHERE dataset = 'feature/person' AND name NOT LIKE '\\_%' ESCAPE '\\' AND name NOT IN (
        SELECT output_column FROM column_edges JOIN runs USING (run_id) WHERE stage <> 'ingest')")"
check 'the stock queries answer' test -n "$(sqlite3 -readonly -batch .tamis/catalog.db \
    ".parameter set :node 'version:feature/person@1'" ".read $here/../../lineage/queries/upstream.sql")"
finish
