-- column_upstream.sql: which columns a column was made from, hop by hop.
--
--   :node    a version or stream, DATASET@NUMBER for short
--   :column  its column
--
-- sqlite3 -readonly .tamis/catalog.db ".parameter set :node 'feature/price@1'" \
--     ".parameter set :column price" ".read lineage/queries/column_upstream.sql"
WITH RECURSIVE
-- hops is a space for each. RTRIM, and so UNION, takes texts for equal that differ in spaces at their ends
-- only: the first way to a node stays, which is a shortest, since rows are taken in their order.
walk(node, hops, name, kind, subtype, masked) AS (
    SELECT CASE WHEN :node GLOB '[a-z]*:*' THEN :node ELSE 'version:' || :node END,
           '' COLLATE RTRIM, :column, 'DIRECT', 'IDENTITY', 0
    UNION
    SELECT e.input,
           walk.hops || ' ',
           coalesce(c.input_column, walk.name),
           CASE WHEN walk.kind = 'INDIRECT' THEN walk.kind ELSE coalesce(c.kind, walk.kind) END,
           coalesce(c.subtype, walk.subtype),
           max(walk.masked, coalesce(c.masked, 0))
    FROM walk
    CROSS JOIN edges AS e ON e.output = walk.node
    LEFT JOIN column_edges AS c ON walk.node GLOB 'stream:*'
        AND c.run_id = substr(walk.node, 8) AND c.output_column = walk.name
        AND c.input IN ('', e.input)
    WHERE walk.node NOT GLOB 'stream:*' OR c.run_id IS NOT NULL
)
SELECT length(hops) AS depth, node, name AS "column", kind, subtype, masked
FROM walk
ORDER BY 1, 2, name, kind, subtype, masked;
