-- value_origin.sql: where a value came from: back along its column to the record of the source, with
-- every module that worked on the column on the way.
--
--   :node    where the value stands: a version, stream or file, DATASET@NUMBER for short
--   :column  its column
--   :source  the value of _source in its row (VIEW._source in a training set made with --provenance)
--   :record  the value of _record
--
-- sqlite3 -readonly .tamis/catalog.db ".parameter set :node 'feature/price@1'" \
--     ".parameter set :column price" ".parameter set :source 'orders.csv'" \
--     ".parameter set :record 5" ".read lineage/queries/value_origin.sql"
--
-- One row a hop; a cleaning run has one for each step that names the column, or names none and changed
-- cells of it as far as the catalog knows. The row of the ingestion says where the record lies:
-- byte_offset and line are those of the nearest indexed record, indexed_record, and the one asked for
-- comes :record - indexed_record records behind it; tamis-ingest record SOURCE N shows its bytes. With
-- --audit cells, record_cells.sql has each cell before and after.
WITH RECURSIVE
-- hops is a space for each. RTRIM, and so UNION, takes texts for equal that differ in spaces at their ends
-- only: the first way to a node stays, which is a shortest, since rows are taken in their order.
walk(node, hops, name) AS (
    SELECT CASE WHEN :node GLOB '[a-z]*:*' THEN :node ELSE 'version:' || :node END,
           '' COLLATE RTRIM, :column
    UNION
    SELECT e.input, walk.hops || ' ', coalesce(c.input_column, walk.name)
    FROM walk
    CROSS JOIN edges AS e ON e.output = walk.node
    LEFT JOIN column_edges AS c ON walk.node GLOB 'stream:*'
        AND c.run_id = substr(walk.node, 8) AND c.output_column = walk.name
        AND c.kind = 'DIRECT' AND c.input IN ('', e.input)
    WHERE walk.node NOT GLOB 'stream:*' OR c.run_id IS NOT NULL
),
-- A run with several inputs hands the name to each: those that have no such column fall out.
nearest(node, name, depth) AS MATERIALIZED (
    SELECT node, name, length(hops)
    FROM walk
    WHERE node NOT GLOB 'stream:*' OR length(hops) = 0
       OR EXISTS (SELECT 1 FROM column_edges AS c
                  WHERE c.run_id = substr(walk.node, 8) AND c.output_column = walk.name)
),
-- The steps of a cleaning run that name the column, or name none and may have changed it.
met(node, name, position) AS MATERIALIZED (
    SELECT n.node, n.name, m.position
    FROM nearest AS n
    JOIN runs AS r ON n.node GLOB 'stream:*' AND r.run_id = substr(n.node, 8)
    JOIN module_effects AS m ON m.run_id = r.run_id
    WHERE CASE WHEN json_type(r.config, '$.steps[' || (m.position - 1) || '].' || m.module
                              || '.columns') IS NULL
               THEN m.cells_changed > 0
                   AND EXISTS (SELECT 1 FROM column_edges AS c
                               WHERE c.run_id = r.run_id AND c.output_column = n.name
                                   AND c.kind = 'DIRECT' AND c.subtype <> 'IDENTITY')
                   AND (json_type(m.parameters, '$.masked') IS NULL
                        OR json_type(m.parameters, '$.masked."' || n.name || '"') IS NOT NULL)
               ELSE EXISTS (SELECT 1
                            FROM json_each(r.config, '$.steps[' || (m.position - 1) || '].'
                                                     || m.module || '.columns') AS j
                            WHERE n.name IN (j.key, j.value) OR j.value = '*') END
)
SELECT n.depth,
       n.node,
       n.name AS "column",
       r.stage,
       m.position AS step,
       m.module,
       m.cells_changed,
       json_extract(m.parameters, '$.columns."' || n.name || '"') AS learned,
       coalesce(v.digest, s.digest) AS digest,
       i.record AS indexed_record,
       i.byte_offset,
       i.line,
       coalesce(r.started_at, v.created_at) AS at
FROM nearest AS n
LEFT JOIN runs AS r ON n.node GLOB 'stream:*' AND r.run_id = substr(n.node, 8)
LEFT JOIN versions AS v ON v.node = n.node
LEFT JOIN met ON met.node = n.node AND met.name = n.name
LEFT JOIN module_effects AS m ON m.run_id = r.run_id AND m.position = met.position
LEFT JOIN sources AS s ON s.run_id = r.run_id AND s.name = :source
LEFT JOIN record_index AS i ON i.run_id = s.run_id AND i.source = s.name
    AND i.record = (SELECT max(record) FROM record_index
                    WHERE run_id = s.run_id AND source = s.name AND record <= :record)
WHERE n.node NOT GLOB 'source:*' OR n.node = 'source:' || :source
ORDER BY n.depth, n.node, m.position DESC;
