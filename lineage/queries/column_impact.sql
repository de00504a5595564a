-- column_impact.sql: which columns depend on a column. DIRECT: its values are in them; INDIRECT: it
-- decided which rows, groups or parameters they have.
--
--   :node    a version, stream or source, DATASET@NUMBER for short
--   :column  its column
--
-- sqlite3 -readonly .tamis/catalog.db ".parameter set :node 'raw/orders@1'" \
--     ".parameter set :column price" ".read lineage/queries/column_impact.sql"
WITH RECURSIVE
-- hops is a space for each. RTRIM, and so UNION, takes texts for equal that differ in spaces at their ends
-- only: the first way to a node stays, which is a shortest, since rows are taken in their order.
walk(node, hops, name, kind, masked) AS (
    SELECT CASE WHEN :node GLOB '[a-z]*:*' THEN :node ELSE 'version:' || :node END,
           '' COLLATE RTRIM, :column, 'DIRECT', 0
    UNION
    SELECT e.output,
           walk.hops || ' ',
           coalesce(c.output_column, walk.name),
           CASE WHEN walk.kind = 'INDIRECT' THEN walk.kind ELSE coalesce(c.kind, walk.kind) END,
           max(walk.masked, coalesce(c.masked, 0))
    FROM walk
    CROSS JOIN edges AS e ON e.input = walk.node
    LEFT JOIN column_edges AS c ON e.output GLOB 'stream:*'
        AND c.run_id = substr(e.output, 8) AND c.input_column = walk.name
        AND c.input IN ('', e.input)
    WHERE e.output NOT GLOB 'stream:*' OR c.run_id IS NOT NULL
)
SELECT length(hops) AS depth, node, name AS "column", kind, masked
FROM walk
WHERE length(hops) > 0
ORDER BY 1, 2, name, kind, masked;
