-- upstream.sql: everything a node was made from, nearest first.
--
--   :node    a node of the graph, or DATASET@NUMBER for short
--   :depth   hops to follow; not set = all
--
-- sqlite3 -readonly .tamis/catalog.db \
--     ".parameter set :node 'feature/price@1'" ".read lineage/queries/upstream.sql"
WITH RECURSIVE
-- hops is a space for each. RTRIM, and so UNION, takes texts for equal that differ in spaces at their ends
-- only: the first way to a node stays, which is a shortest, since rows are taken in their order.
up(node, hops) AS (
    SELECT CASE WHEN :node GLOB '[a-z]*:*' THEN :node ELSE 'version:' || :node END, '' COLLATE RTRIM
    UNION
    SELECT e.input, up.hops || ' '
    FROM up CROSS JOIN edges AS e ON e.output = up.node
    WHERE :depth IS NULL OR length(up.hops) < :depth
),
nearest(node, depth) AS MATERIALIZED (SELECT node, length(hops) FROM up)
SELECT n.depth,
       n.node,
       r.stage,
       coalesce(r.status, 'lasting') AS status,
       coalesce(r.started_at, v.created_at, s.modified_at) AS at,
       coalesce(r.rows_out, v.rows, s.records) AS rows,
       coalesce(v.digest, s.digest) AS digest
FROM nearest AS n
LEFT JOIN runs AS r ON n.node GLOB 'stream:*' AND r.run_id = substr(n.node, 8)
LEFT JOIN versions AS v ON v.node = n.node
LEFT JOIN sources AS s ON n.node GLOB 'source:*' AND s.name = substr(n.node, 8)
    AND s.run_id = (SELECT max(run_id) FROM sources AS o WHERE o.name = substr(n.node, 8)
                    AND (n.depth = 0 OR 'stream:' || o.run_id IN (SELECT node FROM nearest)))
ORDER BY n.depth, n.node;
