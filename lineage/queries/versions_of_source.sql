-- versions_of_source.sql: which versions hold rows of a source, told by its name or digest.
--
--   :source  the name as given to ingestion, or the digest of its bytes
--
-- sqlite3 -readonly .tamis/catalog.db ".parameter set :source 'orders.csv'" \
--     ".read lineage/queries/versions_of_source.sql"
WITH RECURSIVE
start(run_id, name) AS (
    SELECT run_id, name FROM sources WHERE name = :source
    UNION
    SELECT run_id, name FROM sources WHERE digest = :source
),
down(node) AS (
    SELECT 'stream:' || run_id FROM start
    UNION
    SELECT e.output FROM down JOIN edges AS e ON e.input = down.node
)
SELECT v.dataset, v.number, v.rows, v.created_at, v.run_id
FROM down JOIN versions AS v ON v.node = down.node
ORDER BY v.dataset, v.number;
