-- catalog.sql: a small history, for the tests of lineage/queries.
--
--   orders.csv -> i1 -> raw/orders@1 -> c1 -> clean/orders@1 -> p1 -> feature/price@1 (tag prod)
--   orders.csv -> i2 -> raw/orders@2
--   raw/orders@1 -> c2 (again the same work) -> clean/orders@2;   c3 was killed
INSERT INTO runs (run_id, stage, started_at, ended_at, status, exit_code, config_digest, user,
                  rows_in, rows_out, rows_rejected, rows_dropped, rows_merged) VALUES
    ('i1', 'ingest', '2026-11-01T00:00:00.000000Z', '2026-11-01T00:00:05.000000Z', 'done', 0, NULL,
     'ada', 10, 9, 1, 0, 0),
    ('c1', 'clean', '2026-11-01T00:01:00.000000Z', '2026-11-01T00:01:05.000000Z', 'done', 0, 'r',
     'ada', 9, 7, 0, 1, 1),
    ('p1', 'put', '2026-11-01T00:02:00.000000Z', '2026-11-01T00:02:05.000000Z', 'done', 0, NULL,
     'ada', 7, 7, 0, 0, 0),
    ('i2', 'ingest', '2026-11-02T00:00:00.000000Z', '2026-11-02T00:00:05.000000Z', 'done', 0, NULL,
     'ada', 11, 10, 1, 0, 0),
    ('c2', 'clean', '2026-11-02T00:01:00.000000Z', '2026-11-02T00:01:05.000000Z', 'done', 0, 'r',
     'bob', 9, 7, 0, 1, 1),
    ('c3', 'clean', '2026-11-03T00:01:00.000000Z', NULL, 'lost', NULL, 'r', 'bob', 0, 0, 0, 0, 0);
INSERT INTO run_metrics VALUES ('c1', 'wall_seconds', 2.0, 's'), ('c2', 'wall_seconds', 3.0, 's');
INSERT INTO sources (run_id, name, kind, bytes, digest, records) VALUES
    ('i1', 'orders.csv', 'csv', 100, 'aa', 10), ('i2', 'orders.csv', 'csv', 110, 'bb', 11);
INSERT INTO datasets VALUES
    ('raw/orders', 'raw', 'i1', '2026-11-01T00:00:05.000000Z'),
    ('clean/orders', 'clean', 'c1', '2026-11-01T00:01:05.000000Z'),
    ('feature/price', 'feature', 'p1', '2026-11-01T00:02:05.000000Z');
INSERT INTO versions (dataset, number, rows, bytes, chunks, digest, verdict, run_id, created_at,
                      schema) VALUES
    ('raw/orders', 1, 9, 90, 1, 'd1', 'passed', 'i1', '2026-11-01T00:00:05.000000Z', x''),
    ('raw/orders', 2, 10, 190, 2, 'd2', 'passed', 'i2', '2026-11-02T00:00:05.000000Z', x''),
    ('clean/orders', 1, 7, 70, 1, 'd3', 'passed', 'c1', '2026-11-01T00:01:05.000000Z', x''),
    ('clean/orders', 2, 7, 70, 1, 'd3', 'passed', 'c2', '2026-11-02T00:01:05.000000Z', x''),
    ('feature/price', 1, 7, 30, 1, 'd4', 'passed', 'p1', '2026-11-01T00:02:05.000000Z', x'');
INSERT INTO version_columns VALUES
    ('raw/orders', 1, 1, 'email', 'utf8', 1, 1), ('raw/orders', 1, 2, 'price', 'utf8', 1, 0),
    ('clean/orders', 1, 1, 'email', 'utf8', 1, 1), ('clean/orders', 1, 2, 'price', 'float64', 1, 0),
    ('clean/orders', 1, 3, 'contact', 'utf8', 1, 0),
    ('feature/price', 1, 1, 'price', 'float64', 1, 0);
INSERT INTO chunks VALUES
    ('k1', 'f1', 9, 90, 'i1', '2026-11-01T00:00:05.000000Z'),
    ('k2', 'f2', 1, 100, 'i2', '2026-11-02T00:00:05.000000Z'),
    ('k3', 'f3', 7, 70, 'c1', '2026-11-01T00:01:05.000000Z'),
    ('k4', 'f4', 7, 30, 'p1', '2026-11-01T00:02:05.000000Z');
INSERT INTO version_chunks VALUES
    ('raw/orders', 1, 1, 'k1', 0), ('raw/orders', 2, 1, 'k1', 0), ('raw/orders', 2, 2, 'k2', 9),
    ('clean/orders', 1, 1, 'k3', 0), ('clean/orders', 2, 1, 'k3', 0),
    ('feature/price', 1, 1, 'k4', 0);
INSERT INTO edges VALUES
    ('i1', 'source:orders.csv', 'stream:i1'), ('i1', 'stream:i1', 'version:raw/orders@1'),
    ('c1', 'version:raw/orders@1', 'stream:c1'), ('c1', 'stream:c1', 'version:clean/orders@1'),
    ('p1', 'version:clean/orders@1', 'stream:p1'), ('p1', 'stream:p1', 'version:feature/price@1'),
    ('i2', 'source:orders.csv', 'stream:i2'), ('i2', 'stream:i2', 'version:raw/orders@2'),
    ('c2', 'version:raw/orders@1', 'stream:c2'), ('c2', 'stream:c2', 'version:clean/orders@2'),
    ('c3', 'version:raw/orders@1', 'stream:c3');
INSERT INTO column_edges (run_id, output_column, input_column, kind, subtype, masked) VALUES
    ('c1', 'email', 'email', 'DIRECT', 'MASKING', 1),
    ('c1', 'contact', 'email', 'DIRECT', 'IDENTITY', 0),
    ('c1', 'price', 'price', 'DIRECT', 'TRANSFORMATION', 0),
    ('c1', 'email', 'price', 'INDIRECT', 'FILTER', 0),
    ('p1', 'price', 'price', 'DIRECT', 'IDENTITY', 0);
INSERT INTO module_effects VALUES
    ('c1', 1, 'types', 9, 0, 9, 0, 0, 0, 4, 0.5, NULL),
    ('c1', 2, 'outliers', 9, 0, 8, 0, 1, 0, 0, 1.0, NULL),
    ('c1', 3, 'deduplicate', 8, 0, 7, 0, 0, 1, 0, 0.25, NULL),
    ('c1', 4, 'mask', 7, 0, 7, 0, 0, 0, 5, 0.25, '{"masked": {"email": {"email": 5}}}'),
    ('c2', 1, 'types', 9, 0, 9, 0, 0, 0, 4, 1.5, NULL);
INSERT INTO texts VALUES (1, 'orders.csv'), (2, 'csv'), (3, 'ragged'), (4, 'outliers'), (5, 'mad'),
    (6, 'price'), (7, '3.5'), (8, 'deduplicate'), (9, 'exact');
INSERT INTO row_event_log (run_key, source_key, record, kind, into_source_key, into_record, position,
                           module_key, rule_key, column_key, threshold_key, value)
    SELECT run_key, 1, 4, 0, NULL, NULL, 0, 2, 3, NULL, NULL, '2 fields' FROM runs
    WHERE run_id IN ('i1', 'i2')
    UNION ALL
    SELECT run_key, 1, 5, 1, NULL, NULL, 2, 4, 5, 6, 7, '9999' FROM runs WHERE run_id IN ('c1', 'c2')
    UNION ALL
    SELECT run_key, 1, 8, 2, 1, 2, 3, 8, 9, NULL, NULL, NULL FROM runs WHERE run_id IN ('c1', 'c2');
INSERT INTO tags VALUES ('feature/price', 'prod', 1, 100, 'p1', '2026-11-01T00:03:00.000000Z');
INSERT INTO tag_history (dataset, tag, number, weight, set_at, user, run_id) VALUES
    ('clean/orders', 'prod', 1, 100, '2026-11-01T00:03:00.000000Z', 'ada', 'c1'),
    ('clean/orders', 'prod', 2, 100, '2026-11-02T00:03:00.000000Z', 'bob', 'c2');
