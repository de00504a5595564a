-- downstream.sql: everything that was made from a node, nearest first: what breaks if it was wrong.
--
--   :node    a node of the graph, or DATASET@NUMBER for short
--   :depth   hops to follow; not set = all
--
-- sqlite3 -readonly .tamis/catalog.db \
--     ".parameter set :node 'source:orders.csv'" ".read lineage/queries/downstream.sql"
WITH RECURSIVE
down(node, depth) AS (
    SELECT CASE WHEN :node GLOB '[a-z]*:*' THEN :node ELSE 'version:' || :node END, 0
    UNION
    SELECT e.output, down.depth + 1
    FROM down JOIN edges AS e ON e.input = down.node
    WHERE down.depth < coalesce(:depth, 1000)
),
nearest(node, depth) AS (SELECT node, min(depth) FROM down GROUP BY node)
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
