-- balance.sql: the rows of each finished run: in + created = out + rejected + dropped + merged.
-- `missing` is 0; the view row_balance shows the runs where it is not.
--
-- sqlite3 -readonly .tamis/catalog.db ".read lineage/queries/balance.sql"
SELECT started_at, stage, rows_in, rows_created, rows_out, rows_rejected, rows_dropped, rows_merged,
       rows_in + rows_created - rows_out - rows_rejected - rows_dropped - rows_merged AS missing,
       run_id
FROM runs
WHERE status = 'done' AND rows_in + rows_created > 0
ORDER BY started_at DESC;
