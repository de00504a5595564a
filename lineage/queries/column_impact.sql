-- column_impact.sql: which columns depend on a column. DIRECT: its values are in them; INDIRECT: it
-- decided which rows, groups or parameters they have.
--
--   :node    a version, stream or source, DATASET@NUMBER for short
--   :column  its column
--
-- sqlite3 -readonly .tamis/catalog.db ".parameter set :node 'raw/orders@1'" \
--     ".parameter set :column price" ".read lineage/queries/column_impact.sql"
WITH RECURSIVE walk(node, name, depth, kind, masked) AS (
    SELECT CASE WHEN :node GLOB '[a-z]*:*' THEN :node ELSE 'version:' || :node END,
           :column, 0, 'DIRECT', 0
    UNION
    SELECT e.output,
           coalesce(c.output_column, walk.name),
           walk.depth + 1,
           CASE WHEN walk.kind = 'INDIRECT' THEN walk.kind ELSE coalesce(c.kind, walk.kind) END,
           max(walk.masked, coalesce(c.masked, 0))
    FROM walk
    JOIN edges AS e ON e.input = walk.node
    LEFT JOIN column_edges AS c ON e.output GLOB 'stream:*'
        AND c.run_id = substr(e.output, 8) AND c.input_column = walk.name
        AND c.input IN ('', walk.node)
    WHERE walk.depth < 1000 AND (e.output NOT GLOB 'stream:*' OR c.run_id IS NOT NULL)
)
SELECT min(depth) AS depth, node, name AS "column", kind, masked
FROM walk
WHERE depth > 0
GROUP BY node, name, kind, masked
ORDER BY 1, node, name, kind;
