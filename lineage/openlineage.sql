-- lineage/openlineage.sql: the event of one run (OpenLineage 2-0-2), from the catalog alone.
--
--   ?1  run_id
--   ?2  0 = START, 1 = the event of its end
--   ?3  namespace of the job
--
-- facet(PRODUCER, VERSION, NAME, BODY) and file_uri(FOLDER, NAME) are in openlineage.c. json_patch('{}', X)
-- leaves out what is null.
WITH
r AS (
    SELECT *,
           'urn:tamis:' || coalesce(tool_version, 'unknown') AS producer,
           status = 'done' AND verdict = 'passed' AS good,
           'stream:' || run_id AS stream
    FROM runs
    WHERE run_id = ?1 AND started_at IS NOT NULL AND status <> 'unknown'
),

-- ---- inputs and outputs: what it handed to a pipe is its own stream ----
hops(output, node) AS (
    SELECT 0, e.input FROM r JOIN edges AS e ON e.output = r.stream
    UNION
    SELECT 1, iif(e.output GLOB 'stream:*', r.stream, e.output) FROM r JOIN edges AS e ON e.input = r.stream
    UNION
    SELECT 1, r.stream FROM r WHERE EXISTS (
        SELECT 1 FROM run_columns AS c WHERE c.run_id = ?1 AND c.node = r.stream)
    UNION
    SELECT 0, 'version:' || g.dataset || '@' || g.number FROM gates AS g WHERE g.run_id = ?1
),
split AS (
    SELECT h.output, h.node, h.node GLOB 'version:*@*' AS is_version,
           rtrim(h.node, '0123456789') AS stem
    FROM hops AS h
),
named AS (
    SELECT s.output, s.node, v.rows, v.bytes, v.chunks,
           iif(is_version, substr(stem, 9, length(stem) - 9), NULL) AS dataset,
           iif(is_version, CAST(substr(s.node, length(stem) + 1) AS INTEGER), NULL) AS number,
           iif(is_version, substr(stem, 9, length(stem) - 9), s.node) AS name,
           (SELECT count(*) FROM split AS o WHERE o.output = s.output) AS siblings
    FROM split AS s LEFT JOIN versions AS v ON v.node = s.node
),

-- ---- columns ----
columns AS (
    SELECT n.output, n.node, c.position, c.name, c.type, c.personal
    FROM named AS n JOIN version_columns AS c ON c.dataset = n.dataset AND c.number = n.number
    UNION ALL
    SELECT n.output, n.node, c.position, c.name, c.type, c.personal
    FROM named AS n JOIN run_columns AS c ON c.run_id = ?1 AND c.node = n.node
),
schemas AS (
    SELECT output, node, json_object('fields', json_group_array(json_object(
               'name', name, 'type', type, 'ordinal_position', position))) AS body
    FROM (SELECT * FROM columns ORDER BY output, node, position)
    GROUP BY output, node
),
personal AS (
    SELECT output, node, json_object('tags', json_group_array(json_object(
               'key', 'personal', 'value', 'true', 'source', 'TAMIS', 'field', name))) AS body
    FROM columns WHERE personal GROUP BY output, node
),
lineage AS (
    SELECT json_object('fields', json_group_object(output_column, json(fields))) AS body
    FROM (
        SELECT c.output_column, json_object('inputFields', json_group_array(json_object(
                   'namespace', 'tamis', 'name', i.name, 'field', c.input_column,
                   'transformations', json_array(json_object('type', c.kind, 'subtype', c.subtype,
                       'masking', json(iif(c.masked, 'true', 'false'))))))) AS fields
        FROM column_edges AS c
        JOIN named AS i ON NOT i.output AND (c.input = i.node OR c.input = '')
        WHERE c.run_id = ?1
        GROUP BY c.output_column)
    HAVING count(*) > 0
),

-- ---- quality: of versions from the statistics of their chunks, of streams from what the run counted.
-- Distinct values of several chunks do not add up, and only numbers are numbers. ----
chunk_facts AS (
    SELECT n.output, n.node, k.name, sum(k.nulls) AS nulls,
           iif(count(*) = 1, max(k.distinct_values), NULL) AS distinct_values,
           iif(c.type GLOB 'int*' OR c.type GLOB 'uint*' OR c.type GLOB 'float*',
               min(CAST(k.minimum AS REAL)), NULL) AS minimum,
           iif(c.type GLOB 'int*' OR c.type GLOB 'uint*' OR c.type GLOB 'float*',
               max(CAST(k.maximum AS REAL)), NULL) AS maximum
    FROM named AS n
    JOIN version_chunks AS p ON p.dataset = n.dataset AND p.number = n.number
    JOIN chunk_columns AS k ON k.digest = p.digest
    JOIN version_columns AS c ON c.dataset = n.dataset AND c.number = n.number AND c.name = k.name
    WHERE ?2
    GROUP BY n.output, n.node, k.name
),
counted_facts AS (
    SELECT n.output, n.node, c.name,
           CAST(round(m.value * iif(n.output, r.rows_out, r.rows_in)) AS INTEGER) AS nulls
    FROM r, named AS n
    JOIN columns AS c ON c.output = n.output AND c.node = n.node
    JOIN run_metrics AS m ON m.run_id = ?1
        AND m.name = iif(n.output, 'null_rate_after.', 'null_rate_before.') || c.name
    WHERE ?2 AND n.dataset IS NULL AND (n.output OR n.siblings = 1)
),
measured AS (
    SELECT output, node, json_group_object(name, json_patch('{}', json_object(
               'nullCount', nulls, 'distinctCount', distinct_values,
               'min', iif(abs(minimum) < 1e300, minimum, NULL),
               'max', iif(abs(maximum) < 1e300, maximum, NULL)))) AS body
    FROM chunk_facts GROUP BY output, node
    UNION ALL
    SELECT output, node, json_group_object(name, json_object('nullCount', nulls))
    FROM counted_facts GROUP BY output, node
),
sizes AS (
    SELECT n.output, n.node,
           CASE WHEN n.dataset IS NOT NULL THEN n.rows
                WHEN n.output THEN r.rows_out
                WHEN s.name IS NOT NULL THEN s.records
                WHEN n.siblings = 1 THEN r.rows_in END AS rows,
           CASE WHEN n.dataset IS NOT NULL THEN n.bytes
                WHEN n.output THEN r.bytes_out
                WHEN s.name IS NOT NULL THEN s.bytes
                WHEN n.siblings = 1 THEN r.bytes_in END AS bytes,
           n.chunks AS files
    FROM r, named AS n
    LEFT JOIN sources AS s ON s.run_id = ?1 AND n.node = 'source:' || s.name
    WHERE n.dataset IS NOT NULL OR (?2 AND (NOT n.output OR n.node NOT GLOB 'model:*'))
),
assertions AS (
    SELECT json_object('assertions', json_group_array(json_patch('{}', json_object(
               'assertion', rule, 'success', json(iif(fine, 'true', 'false')), 'column', "column",
               'severity', severity, 'expected', expected, 'actual', found)))) AS body
    FROM (
        SELECT rule, outcome IN ('passed', 'noted') AS fine, "column",
               iif(outcome = 'warning', 'warn', 'error') AS severity, expected, found
        FROM run_checks WHERE run_id = ?1
        UNION ALL
        SELECT name, verdict <> 'failed', "column", 'error', expected, found
        FROM gate_checks WHERE run_id = ?1
        UNION ALL
        SELECT 'column is not ' || drift, 0, "column", iif(action = 'fail', 'error', 'warn'), expected,
               found
        FROM drift_events WHERE run_id = ?1)
    HAVING count(*) > 0
),

-- ---- one object a dataset ----
places AS (
    SELECT n.output, n.node,
           CASE WHEN n.node GLOB 'source:*' OR n.node GLOB 'external:*'
                THEN file_uri(r.folder, substr(n.node, instr(n.node, ':') + 1)) END AS uri,
           CASE WHEN n.node GLOB 'source:*' OR n.node GLOB 'external:*'
                THEN substr(n.node, instr(n.node, ':') + 1)
                WHEN n.dataset IS NOT NULL THEN 'tamis store' END AS place,
           CASE WHEN n.node GLOB 'stream:*' THEN 'STREAM'
                WHEN n.node GLOB 'model:*' THEN 'MODEL'
                WHEN n.dataset IS NOT NULL THEN 'TABLE'
                ELSE 'FILE' END AS kind
    FROM named AS n, r
),
objects AS (
    SELECT n.output, json_patch('{}', json_object(
        'namespace', 'tamis', 'name', n.name,
        'facets', json_object(
            'datasetType', json(facet(r.producer, '1-0-1', 'DatasetTypeDatasetFacet',
                json_object('datasetType', p.kind))),
            'version', json(iif(n.number IS NULL, NULL, facet(r.producer, '1-0-1',
                'DatasetVersionDatasetFacet',
                json_object('datasetVersion', CAST(n.number AS TEXT))))),
            'dataSource', json(iif(p.place IS NULL, NULL, facet(r.producer, '1-0-1',
                'DatasourceDatasetFacet',
                json_patch('{}', json_object('name', p.place, 'uri', p.uri))))),
            'schema', json((SELECT facet(r.producer, '1-2-0', 'SchemaDatasetFacet', s.body)
                FROM schemas AS s WHERE s.output = n.output AND s.node = n.node)),
            'tags', json((SELECT facet(r.producer, '1-0-0', 'TagsDatasetFacet', s.body)
                FROM personal AS s WHERE s.output = n.output AND s.node = n.node)),
            'columnLineage', json(iif(n.output, (SELECT facet(r.producer, '1-2-0',
                'ColumnLineageDatasetFacet', l.body) FROM lineage AS l), NULL)),
            'dataQualityMetrics', json(iif(n.output AND ?2 AND n.node NOT GLOB 'model:*',
                facet(r.producer, '1-0-0', 'DataQualityMetricsDatasetFacet', q.body), NULL))),
        'inputFacets', json(iif(n.output, NULL, json_object(
            'inputStatistics', json(facet(r.producer, '1-0-0', 'InputStatisticsInputDatasetFacet',
                z.body)),
            'dataQualityMetrics', json(iif(?2, facet(r.producer, '1-0-3',
                'DataQualityMetricsInputDatasetFacet', q.body), NULL)),
            'dataQualityAssertions', json(iif(?2 AND n.siblings = 1, (SELECT facet(r.producer,
                '1-1-0', 'DataQualityAssertionsDatasetFacet', a.body) FROM assertions AS a), NULL))))),
        'outputFacets', json(iif(n.output, json_object(
            'outputStatistics', json(facet(r.producer, '1-0-2',
                'OutputStatisticsOutputDatasetFacet', z.body))), NULL)))) AS object
    FROM r, named AS n
    JOIN places AS p ON p.output = n.output AND p.node = n.node
    LEFT JOIN (
        SELECT output, node, json_patch('{}', json_object(
                   'rowCount', rows, 'size', bytes, 'fileCount', files)) AS body
        FROM sizes) AS z ON z.output = n.output AND z.node = n.node
    LEFT JOIN (
        SELECT s.output, s.node, json_patch('{}', json_object('rowCount', s.rows, 'bytes', s.bytes,
                   'fileCount', s.files, 'columnMetrics', json(coalesce(m.body, '{}')))) AS body
        FROM sizes AS s LEFT JOIN measured AS m ON m.output = s.output AND m.node = s.node)
        AS q ON q.output = n.output AND q.node = n.node
),
lists AS (
    SELECT output, json_group_array(json(object)) AS list FROM objects GROUP BY output
),

-- ---- the run ----
upstream AS (
    SELECT json_object('upstream', json_group_array(json_object(
               'job', json_object('namespace', ?3, 'name', job),
               'run', json_object('runId', run_id), 'dependency_type', 'DIRECT'))) AS body
    FROM (
        SELECT DISTINCT u.run_id, coalesce(u.job, nullif(u.stage, '')) AS job
        FROM named AS n
        LEFT JOIN versions AS v ON v.node = n.node
        JOIN runs AS u ON u.run_id = coalesce(v.run_id, substr(n.node, 8))
        WHERE NOT n.output AND (v.run_id IS NOT NULL OR n.node GLOB 'stream:*') AND u.run_id <> ?1)
    WHERE job IS NOT NULL AND run_id LIKE '________-____-____-____-____________'
    HAVING count(*) > 0
),
parameters(key, value) AS (
    SELECT 'config_digest', config_digest FROM r WHERE config_digest IS NOT NULL
    UNION ALL
    SELECT 'seed', seed FROM r WHERE seed IS NOT NULL
    UNION ALL
    SELECT 'threads', threads FROM r WHERE threads IS NOT NULL
    UNION ALL
    SELECT 'memory_limit', memory_limit FROM r WHERE memory_limit IS NOT NULL
    UNION ALL
    SELECT 'device', device FROM r WHERE device IS NOT NULL
    UNION ALL
    SELECT j.key, j.value FROM r, json_each(iif(r.stage GLOB 'job *' AND json_valid(r.config), r.config,
                                                '{}')) AS j
),
facets AS (
    SELECT json_object(
        'processing_engine', json(facet(producer, '1-1-1', 'ProcessingEngineRunFacet', json_object(
            'name', 'tamis', 'version', coalesce(tool_version, 'unknown')))),
        'parent', json(iif(parent_run IS NULL OR instr(parent_job, '/') = 0, NULL,
            facet(producer, '1-2-0', 'ParentRunFacet', json_object(
                'run', json_object('runId', parent_run),
                'job', json_object('namespace', substr(parent_job, 1, instr(parent_job, '/') - 1),
                    'name', substr(parent_job, instr(parent_job, '/') + 1)))))),
        'jobDependencies', json((SELECT facet(producer, '1-0-1', 'JobDependenciesRunFacet', u.body)
            FROM upstream AS u)),
        'executionParameters', json((SELECT facet(producer, '1-0-0', 'ExecutionParametersRunFacet',
                json_object('parameters', json_group_array(json_object('key', p.key, 'name', p.key,
                    'value', CAST(p.value AS TEXT)))))
            FROM parameters AS p HAVING count(*) > 0)),
        'errorMessage', json(iif(?2 AND NOT good, facet(producer, '1-0-1', 'ErrorMessageRunFacet',
            json_object('message', coalesce(nullif(error, ''), status),
                'programmingLanguage', 'C')), NULL))) AS run_facets,
        json_object('jobType', json(facet(producer, '2-0-4', 'JobTypeJobFacet', json_object(
            'processingType', 'BATCH', 'integration', 'TAMIS', 'jobType', upper(stage))))) AS job_facets
    FROM r
)
SELECT json_object(
    'eventType', CASE WHEN NOT ?2 THEN 'START' WHEN good THEN 'COMPLETE'
                      WHEN status IN ('aborted', 'lost') THEN 'ABORT' ELSE 'FAIL' END,
    'eventTime', iif(?2, coalesce(ended_at, started_at), started_at),
    'producer', producer,
    'schemaURL', 'https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent',
    'run', json_object('runId', run_id, 'facets', json_patch('{}', json(run_facets))),
    'job', json_object('namespace', ?3, 'name', coalesce(job, stage), 'facets', json(job_facets)),
    'inputs', json(coalesce((SELECT list FROM lists WHERE NOT output), '[]')),
    'outputs', json(coalesce((SELECT list FROM lists WHERE output), '[]')))
FROM r, facets
WHERE NOT ?2 OR status <> 'running';
