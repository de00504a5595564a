-- record_cells.sql: which cells of a record were changed, from what to what, by which module. Needs the
-- extension, and runs of tamis-clean with --audit cells.
--
--   :source  the value of _source
--   :record  the value of _record
--
-- sqlite3 -readonly .tamis/catalog.db ".load build/lineage/tamis_sqlite" \
--     ".parameter set :source 'orders.csv'" ".parameter set :record 5" \
--     ".read lineage/queries/record_cells.sql"
WITH RECURSIVE reach(node) AS (
    SELECT 'source:' || :source
    UNION
    SELECT e.output FROM reach CROSS JOIN edges AS e ON e.input = reach.node
)
SELECT r.started_at,
       c.position AS step,
       c.module,
       c.rule,
       c."column",
       c.before,
       c.after,
       c.confidence,
       c.donors,
       r.run_id
FROM reach
CROSS JOIN runs AS r ON reach.node GLOB 'stream:*' AND r.run_id = substr(reach.node, 8)
CROSS JOIN cell_events AS c ON c.run = r.run_id
WHERE r.stage = 'clean'
  AND r.argv GLOB '*"--audit*cells"*' AND r.argv NOT GLOB '*"--audit-file*'
  AND c.source = :source
  AND c.record = :record
ORDER BY r.started_at, c.position, c."column";
