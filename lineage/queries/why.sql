-- why.sql: why a record of a source is not in the data, or what it was merged into.
--
--   :source  the value of _source
--   :record  the value of _record (1 = the first)
--
-- sqlite3 -readonly .tamis/catalog.db ".parameter set :source 'orders.csv'" \
--     ".parameter set :record 5" ".read lineage/queries/why.sql"
--
-- No row: every run that saw the record kept it.
SELECT r.started_at AS at,
       r.stage,
       e.kind,
       e.module,
       e.position AS step,
       e.rule,
       e."column",
       e.value,
       e.threshold,
       e.into_source,
       e.into_record,
       r.status AS run_status,
       e.run_id
FROM row_events AS e
JOIN runs AS r ON r.run_id = e.run_id
WHERE e.source = :source AND e.record = :record
ORDER BY r.started_at, e.position;
