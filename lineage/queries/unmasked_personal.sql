-- unmasked_personal.sql: columns of versions that hold personal data: declared personal, or made
-- directly from such a column with nothing that masked it on the way. A column that keeps the mark
-- of its source and was masked by the run that wrote it is none.
--
-- sqlite3 -readonly .tamis/catalog.db ".read lineage/queries/unmasked_personal.sql"
WITH RECURSIVE flow(node, name) AS (
    SELECT v.node, k.name
    FROM version_columns AS k
    JOIN versions AS v ON v.dataset = k.dataset AND v.number = k.number
    WHERE k.personal = 1 AND NOT EXISTS (
        SELECT 1 FROM edges AS e
        JOIN column_edges AS c ON c.run_id = substr(e.input, 8)
        WHERE e.output = v.node AND e.input GLOB 'stream:*'
            AND c.output_column = k.name AND c.kind = 'DIRECT' AND c.masked = 1)
    UNION
    SELECT e.output, coalesce(c.output_column, flow.name)
    FROM flow
    JOIN edges AS e ON e.input = flow.node
    LEFT JOIN column_edges AS c ON e.output GLOB 'stream:*'
        AND c.run_id = substr(e.output, 8) AND c.input_column = flow.name
        AND c.input IN ('', flow.node) AND c.kind = 'DIRECT' AND c.masked = 0
    WHERE e.output NOT GLOB 'stream:*' OR c.run_id IS NOT NULL
)
SELECT DISTINCT v.dataset, v.number, k.name AS "column", k.type, k.personal AS declared
FROM flow
CROSS JOIN versions AS v ON v.node = flow.node -- cross: keeps this order
CROSS JOIN version_columns AS k
    ON k.dataset = v.dataset AND k.number = v.number AND k.name = flow.name
ORDER BY v.dataset, v.number, k.position;
