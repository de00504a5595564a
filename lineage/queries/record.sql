-- record.sql: what became of a record: the way of its source through runs and versions, up to where
-- the record left it.
--
--   :source  the value of _source
--   :record  the value of _record
--
-- sqlite3 -readonly .tamis/catalog.db ".parameter set :source 'orders.csv'" \
--     ".parameter set :record 17" ".read lineage/queries/record.sql"
WITH RECURSIVE
gone(run_id, kind, reason, into_source, into_record) AS (
    SELECT run_id, kind, coalesce(module || ': ', '') || coalesce(rule, ''), into_source, into_record
    FROM row_events
    WHERE source = :source AND record = :record AND kind <> 'create'
),
reach(node, depth) AS (
    SELECT 'source:' || :source, 0
    UNION
    SELECT e.output, reach.depth + 1
    FROM reach JOIN edges AS e ON e.input = reach.node
    WHERE reach.depth < 1000
      AND NOT EXISTS (SELECT 1 FROM gone WHERE 'stream:' || gone.run_id = reach.node)
),
nearest(node, depth) AS (SELECT node, min(depth) FROM reach GROUP BY node)
SELECT n.depth,
       n.node,
       r.stage,
       r.status AS run_status,
       coalesce(g.kind, 'kept') AS fate,
       g.reason,
       g.into_source,
       g.into_record
FROM nearest AS n
LEFT JOIN runs AS r ON n.node GLOB 'stream:*' AND r.run_id = substr(n.node, 8)
LEFT JOIN gone AS g ON 'stream:' || g.run_id = n.node
ORDER BY n.depth, n.node;
