-- downstream.sql: everything that was made from a node, nearest first: what breaks if it was wrong.
--
--   :node    a node of the graph, or DATASET@NUMBER for short
--   :depth   hops to follow; not set = all
--
-- sqlite3 -readonly .tamis/catalog.db \
--     ".parameter set :node 'source:orders.csv'" ".read lineage/queries/downstream.sql"
WITH RECURSIVE
-- hops is a space for each. RTRIM, and so UNION, takes texts for equal that differ in spaces at their ends
-- only: the first way to a node stays, which is a shortest, since rows are taken in their order.
down(node, hops) AS (
    SELECT CASE WHEN :node GLOB '[a-z]*:*' THEN :node ELSE 'version:' || :node END, '' COLLATE RTRIM
    UNION
    SELECT e.output, down.hops || ' '
    FROM down CROSS JOIN edges AS e ON e.input = down.node
    WHERE :depth IS NULL OR length(down.hops) < :depth
),
nearest(node, depth) AS MATERIALIZED (SELECT node, length(hops) FROM down)
SELECT n.depth,
       n.node,
       r.stage,
       coalesce(r.status, 'lasting') AS status,
       coalesce(r.started_at, v.created_at) AS at,
       coalesce(r.rows_out, v.rows) AS rows,
       (SELECT group_concat(tag, ' ') FROM tags AS t
        WHERE t.dataset = v.dataset AND t.number = v.number) AS tags
FROM nearest AS n
LEFT JOIN runs AS r ON n.node GLOB 'stream:*' AND r.run_id = substr(n.node, 8)
LEFT JOIN versions AS v ON v.node = n.node
ORDER BY n.depth, n.node;
