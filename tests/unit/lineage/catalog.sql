-- catalog.sql: a small history, for the tests of lineage/queries.
--
--   orders.csv -> i1 -> raw/orders@1 -> c1 -> clean/orders@1 -> p1 -> feature/price@1 (tag prod)
--   orders.csv -> i2 -> raw/orders@2
--   raw/orders@1 -> c2 (again the same work) -> clean/orders@2;   c3 was killed
--   spine.csv -> i3 -> j1 -> feature/train@1, with feature/price@1 -> j1;   feature/train@1 -> t1 -> model:m
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
    ('c3', 'clean', '2026-11-03T00:01:00.000000Z', NULL, 'lost', NULL, 'r', 'bob', 0, 0, 0, 0, 0),
    ('i3', 'ingest', '2026-11-04T00:00:00.000000Z', '2026-11-04T00:00:05.000000Z', 'done', 0, NULL,
     'ada', 3, 3, 0, 0, 0),
    ('j1', 'features join', '2026-11-04T00:00:01.000000Z', '2026-11-04T00:00:06.000000Z', 'done', 0,
     NULL, 'ada', 3, 3, 0, 0, 0),
    ('t1', 'job train', '2026-11-04T00:02:00.000000Z', '2026-11-04T00:03:00.000000Z', 'done', 0, NULL,
     'ada', 0, 0, 0, 0, 0);
UPDATE runs SET config = '{"steps":[{"types":{"price":"float64"}},{"outliers":{"columns":"price"}},'
    || '{"deduplicate":{}},{"mask":{"columns":["email"]}}]}' WHERE run_id IN ('c1', 'c2');
INSERT INTO run_metrics VALUES ('c1', 'wall_seconds', 2.0, 's'), ('c2', 'wall_seconds', 3.0, 's');
INSERT INTO sources (run_id, name, kind, bytes, digest, records) VALUES
    ('i1', 'orders.csv', 'csv', 100, 'aa', 10), ('i2', 'orders.csv', 'csv', 110, 'bb', 11),
    ('i3', 'spine.csv', 'csv', 30, 'cc', 3);
INSERT INTO record_index VALUES
    ('i1', 'orders.csv', 1, 12, 2), ('i1', 'orders.csv', 6, 60, 7), ('i2', 'orders.csv', 1, 12, 2);
INSERT INTO datasets VALUES
    ('raw/orders', 'raw', 'i1', '2026-11-01T00:00:05.000000Z'),
    ('clean/orders', 'clean', 'c1', '2026-11-01T00:01:05.000000Z'),
    ('feature/price', 'feature', 'p1', '2026-11-01T00:02:05.000000Z'),
    ('feature/train', 'feature', 'j1', '2026-11-04T00:00:06.000000Z');
INSERT INTO versions (dataset, number, rows, bytes, chunks, digest, verdict, run_id, created_at,
                      schema) VALUES
    ('raw/orders', 1, 9, 90, 1, 'd1', 'passed', 'i1', '2026-11-01T00:00:05.000000Z', x''),
    ('raw/orders', 2, 10, 190, 2, 'd2', 'passed', 'i2', '2026-11-02T00:00:05.000000Z', x''),
    ('clean/orders', 1, 7, 70, 1, 'd3', 'passed', 'c1', '2026-11-01T00:01:05.000000Z', x''),
    ('clean/orders', 2, 7, 70, 1, 'd3', 'passed', 'c2', '2026-11-02T00:01:05.000000Z', x''),
    ('feature/price', 1, 7, 30, 1, 'd4', 'passed', 'p1', '2026-11-01T00:02:05.000000Z', x''),
    ('feature/train', 1, 3, 20, 1, 'd5', 'passed', 'j1', '2026-11-04T00:00:06.000000Z', x'');
INSERT INTO version_columns VALUES
    ('raw/orders', 1, 1, 'email', 'utf8', 1, 1), ('raw/orders', 1, 2, 'price', 'utf8', 1, 0),
    ('clean/orders', 1, 1, 'email', 'utf8', 1, 1), ('clean/orders', 1, 2, 'price', 'float64', 1, 0),
    ('clean/orders', 1, 3, 'contact', 'utf8', 1, 0),
    ('feature/price', 1, 1, 'price', 'float64', 1, 0),
    ('feature/train', 1, 1, 'user', 'utf8', 1, 0), ('feature/train', 1, 2, 'cost', 'float64', 1, 0);
INSERT INTO chunks VALUES
    ('k1', 'f1', 9, 90, 'i1', '2026-11-01T00:00:05.000000Z'),
    ('k2', 'f2', 1, 100, 'i2', '2026-11-02T00:00:05.000000Z'),
    ('k3', 'f3', 7, 70, 'c1', '2026-11-01T00:01:05.000000Z'),
    ('k4', 'f4', 7, 30, 'p1', '2026-11-01T00:02:05.000000Z'),
    ('k5', 'f5', 3, 20, 'j1', '2026-11-04T00:00:06.000000Z');
INSERT INTO version_chunks VALUES
    ('raw/orders', 1, 1, 'k1', 0), ('raw/orders', 2, 1, 'k1', 0), ('raw/orders', 2, 2, 'k2', 9),
    ('clean/orders', 1, 1, 'k3', 0), ('clean/orders', 2, 1, 'k3', 0),
    ('feature/price', 1, 1, 'k4', 0), ('feature/train', 1, 1, 'k5', 0);
INSERT INTO edges VALUES
    ('i1', 'source:orders.csv', 'stream:i1'), ('i1', 'stream:i1', 'version:raw/orders@1'),
    ('c1', 'version:raw/orders@1', 'stream:c1'), ('c1', 'stream:c1', 'version:clean/orders@1'),
    ('p1', 'version:clean/orders@1', 'stream:p1'), ('p1', 'stream:p1', 'version:feature/price@1'),
    ('i2', 'source:orders.csv', 'stream:i2'), ('i2', 'stream:i2', 'version:raw/orders@2'),
    ('c2', 'version:raw/orders@1', 'stream:c2'), ('c2', 'stream:c2', 'version:clean/orders@2'),
    ('c3', 'version:raw/orders@1', 'stream:c3'),
    ('i3', 'source:spine.csv', 'stream:i3'), ('j1', 'stream:i3', 'stream:j1'),
    ('j1', 'version:feature/price@1', 'stream:j1'), ('j1', 'stream:j1', 'version:feature/train@1'),
    ('t1', 'version:feature/train@1', 'stream:t1'), ('t1', 'stream:t1', 'model:m');
INSERT INTO training_sets VALUES
    ('j1', 'version:feature/train@1', 'stream:i3', '["version:feature/price@1"]', NULL, 3, 'd5',
     '2026-11-04T00:00:06.000000Z');
INSERT INTO exposures VALUES
    ('feature/price', 'prod', 'ada', 1, 2, '2026-11-02T00:00:00.000000Z', '2026-11-03T00:00:00.000000Z'),
    ('feature/price', 'prod', 'bob', 1, 1, '2026-11-02T00:00:00.000000Z', '2026-11-02T00:00:00.000000Z');
INSERT INTO column_edges (run_id, output_column, input_column, kind, subtype, masked) VALUES
    ('c1', 'email', 'email', 'DIRECT', 'MASKING', 1),
    ('c1', 'contact', 'email', 'DIRECT', 'IDENTITY', 0),
    ('c1', 'price', 'price', 'DIRECT', 'TRANSFORMATION', 0),
    ('c1', 'email', 'price', 'INDIRECT', 'FILTER', 0),
    ('i1', 'email', 'email', 'DIRECT', 'IDENTITY', 0), ('i1', 'price', 'price', 'DIRECT', 'IDENTITY', 0),
    ('p1', 'price', 'price', 'DIRECT', 'IDENTITY', 0),
    ('j1', 'cost', 'price', 'DIRECT', 'IDENTITY', 0), ('j1', 'cost', 'user', 'INDIRECT', 'JOIN', 0),
    ('i3', 'user', 'user', 'DIRECT', 'IDENTITY', 0);
INSERT INTO module_effects VALUES
    ('c1', 1, 'types', 9, 0, 9, 0, 0, 0, 4, 0.5, NULL),
    ('c1', 2, 'outliers', 9, 0, 8, 0, 1, 0, 0, 1.0, '{"columns": {"price": {"center": 4}}}'),
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
