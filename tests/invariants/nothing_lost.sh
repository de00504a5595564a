#!/usr/bin/env bash
# Invariant 1: rows in + created = out + rejected + dropped + merged, each with its reason.
. "$(dirname "$0")/lib.sh"

make_table 5000 >people.csv
make_recipe >recipe.yaml
records=$(($(wc -l <people.csv) - 1))
ragged=$(grep -c ',one,too,many$' people.csv)

exits 0 tamis-ingest people.csv --into raw/people --rejects ragged.arrow
exits 0 tamis-clean tamis:raw/people --recipe recipe.yaml --into clean/people

same 'every record of the source was counted' "$records" "$(ask 'SELECT records FROM sources')"
same 'ingest: records in' "$records" "$(ask "SELECT rows_in FROM runs WHERE stage = 'ingest'")"
same 'ingest: ragged records rejected' "$ragged" \
    "$(ask "SELECT rows_rejected FROM runs WHERE stage = 'ingest'")"
same 'the file of rejects has each of them' "$ragged" \
    "$(tamis-features cat ragged.arrow --format csv | tail -n +2 | wc -l)"
same 'clean: all three kinds of loss happened' '1|1|1' \
    "$(ask "SELECT rows_rejected > 0, rows_dropped > 0, rows_merged > 0 FROM runs WHERE stage = 'clean'")"
same 'row_balance is empty' '' "$(ask 'SELECT * FROM row_balance')"
same 'every finished run is balanced, counted here' '0' "$(ask "SELECT count(*) FROM runs
    WHERE rows_in + rows_created <> rows_out + rows_rejected + rows_dropped + rows_merged")"
same 'each lost row has one event with its module and rule' '0' "$(ask "
    WITH events AS (SELECT run_id, kind, count(*) AS n FROM row_events
        WHERE module <> '' AND rule <> '' GROUP BY 1, 2)
    SELECT count(*) FROM runs AS r WHERE
        rows_rejected <> coalesce((SELECT n FROM events AS e WHERE e.run_id = r.run_id AND kind = 'reject'), 0)
        OR rows_dropped <> coalesce((SELECT n FROM events AS e WHERE e.run_id = r.run_id AND kind = 'drop'), 0)
        OR rows_merged <> coalesce((SELECT n FROM events AS e WHERE e.run_id = r.run_id AND kind = 'merge'), 0)")"
same 'no record has two fates in one run' '0' "$(ask "SELECT count(*) FROM (SELECT 1 FROM row_events
    WHERE kind <> 'create' GROUP BY run_id, source, record HAVING count(*) > 1)")"
same 'a merged row names its survivor' '0' "$(ask "SELECT count(*) FROM row_events
    WHERE kind = 'merge' AND (into_record IS NULL OR into_record = record)")"

# The rows themselves: what is in clean and what the events took away make the raw version.
tamis-features cat tamis:clean/people --format csv --columns _record | tail -n +2 | sort -n >kept
ask "SELECT e.record FROM row_events AS e JOIN runs USING (run_id) WHERE stage = 'clean'" >lost
tamis-features cat tamis:raw/people --format csv --columns _record | tail -n +2 | sort -n >raw
check 'kept and lost records are the raw records' cmp -s raw <(sort -n kept lost)
finish
