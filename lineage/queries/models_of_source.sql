-- models_of_source.sql: which models feed on a source, directly or by way of others, and what they were
-- trained on.
--
--   :source  the name as given to ingestion, or the digest of its bytes
--
-- sqlite3 -readonly .tamis/catalog.db ".parameter set :source 'orders.csv'" \
--     ".read lineage/queries/models_of_source.sql"
WITH RECURSIVE
start(node) AS (
    SELECT 'source:' || name FROM sources WHERE name = :source
    UNION
    SELECT 'stream:' || run_id FROM sources WHERE digest = :source
    UNION
    SELECT 'source:' || :source
),
down(node, hops) AS (
    SELECT node, '' COLLATE RTRIM FROM start
    UNION
    SELECT e.output, down.hops || ' '
    FROM down CROSS JOIN edges AS e ON e.input = down.node
),
nearest(node, depth) AS MATERIALIZED (SELECT node, min(length(hops)) FROM down GROUP BY node),
models(node, depth) AS (SELECT node, depth FROM nearest WHERE node GLOB 'model:*')
SELECT substr(m.node, 7) AS model,
       m.depth,
       r.job,
       r.ended_at AS trained_at,
       r.run_id,
       (SELECT group_concat(i.input, ' ') FROM edges AS i
        WHERE i.output = 'stream:' || r.run_id AND +i.input IN (SELECT node FROM nearest)) AS inputs
FROM models AS m
CROSS JOIN edges AS e ON e.output = m.node
JOIN runs AS r ON r.run_id = e.run_id
WHERE +e.input IN (SELECT node FROM nearest)
ORDER BY m.depth, model, trained_at DESC;
