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
down(node, depth) AS (
    SELECT node, 0 FROM start
    UNION
    SELECT e.output, down.depth + 1
    FROM down JOIN edges AS e ON e.input = down.node
    WHERE down.depth < 1000
),
models(node, depth) AS (
    SELECT node, min(depth) FROM down WHERE node GLOB 'model:*' GROUP BY node
)
SELECT substr(m.node, 7) AS model,
       m.depth,
       r.job,
       r.ended_at AS trained_at,
       r.run_id,
       (SELECT group_concat(i.input, ' ') FROM edges AS i
        WHERE i.output = 'stream:' || r.run_id AND i.input IN (SELECT node FROM down)) AS inputs
FROM models AS m
JOIN edges AS e ON e.output = m.node
JOIN runs AS r ON r.run_id = e.run_id
WHERE e.input IN (SELECT node FROM down)
ORDER BY m.depth, model, trained_at DESC;
