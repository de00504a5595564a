-- catalog.sql: fills a fresh catalog (lineage/schema.sql) with :runs runs, a tenth as many versions, and
-- :events row events. 40 datasets in three layers; each clean and feature version is made from the
-- version of the layer before; one run in fifty failed.
PRAGMA foreign_keys = OFF;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -200000;
BEGIN;
INSERT INTO runs (run_key, run_id, stage, started_at, ended_at, status, exit_code, config_digest,
                  user, rows_in, rows_out)
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :runs)
SELECT i, printf('0190%08x-0000-7000-8000-%012x', i, i),
       CASE i % 3 WHEN 0 THEN 'ingest' WHEN 1 THEN 'clean' ELSE 'put' END,
       strftime('%Y-%m-%dT%H:%M:%S.000000Z', 1700000000 + i * 60, 'unixepoch'),
       strftime('%Y-%m-%dT%H:%M:%S.000000Z', 1700000030 + i * 60, 'unixepoch'),
       iif(i % 50 = 0, 'failed', 'done'), iif(i % 50 = 0, 1, 0), printf('recipe %d', i % 7), 'bench',
       1000, 1000
FROM n;
INSERT INTO run_metrics
SELECT run_id, 'metric ' || value, run_key * 0.001, 's'
FROM runs, (WITH RECURSIVE m(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM m WHERE value < 25)
            SELECT value FROM m);
INSERT INTO module_effects
SELECT run_id, p, 'module ' || p, 1000, 0, 1000, 0, 0, 0, 5, run_key * 0.0001, NULL
FROM runs, (SELECT 1 AS p UNION SELECT 2 UNION SELECT 3 UNION SELECT 4)
WHERE stage = 'clean';
INSERT INTO sources SELECT run_id, printf('source %d.csv', run_key % 500), 'csv', 1000,
       printf('digest %d', run_key), NULL, 1000
FROM runs WHERE stage = 'ingest';
-- Every tenth run of each stage commits; dataset = layer and one of 13 names.
CREATE TEMP TABLE commits AS
SELECT run_key, run_id, ended_at,
       CASE stage WHEN 'ingest' THEN 'raw' WHEN 'clean' THEN 'clean' ELSE 'feature' END AS layer,
       printf('name%d', (run_key / 30) % 13) AS name
FROM runs WHERE (run_key / 3) % 10 = 0;
CREATE TEMP TABLE numbered AS
SELECT *, layer || '/' || name AS dataset,
       row_number() OVER (PARTITION BY layer, name ORDER BY run_key) AS number
FROM commits;
INSERT INTO datasets SELECT dataset, layer, min(run_id), min(ended_at) FROM numbered GROUP BY dataset;
INSERT INTO versions (dataset, number, rows, bytes, chunks, digest, verdict, run_id, created_at, schema)
SELECT dataset, number, 1000, 10000, 20, 'digest ' || run_key, 'passed', run_id, ended_at, x''
FROM numbered;
INSERT INTO version_columns
SELECT dataset, number, c, 'column ' || c, 'utf8', 1, c = 1
FROM versions, (WITH RECURSIVE m(c) AS (SELECT 1 UNION ALL SELECT c + 1 FROM m WHERE c < 20)
                SELECT c FROM m);
INSERT INTO chunks
SELECT printf('%d chunk %d', n.run_key, c), 'file', 50, 500, n.run_id, n.ended_at
FROM numbered AS n, (WITH RECURSIVE m(c) AS (SELECT 1 UNION ALL SELECT c + 1 FROM m WHERE c < 20)
                     SELECT c FROM m);
INSERT INTO version_chunks
SELECT n.dataset, n.number, c, printf('%d chunk %d', n.run_key, c), c * 50
FROM numbered AS n, (WITH RECURSIVE m(c) AS (SELECT 1 UNION ALL SELECT c + 1 FROM m WHERE c < 20)
                     SELECT c FROM m);
-- Runs that commit nothing still read and hand on.
INSERT INTO edges
SELECT run_id, 'source:' || name, 'stream:' || run_id FROM sources;
INSERT INTO edges
SELECT run_id, 'stream:' || run_id, 'version:' || dataset || '@' || number FROM numbered;
INSERT OR IGNORE INTO edges
SELECT n.run_id, 'version:' || (CASE n.layer WHEN 'clean' THEN 'raw/' ELSE 'clean/' END) || n.name
       || '@' || n.number, 'stream:' || n.run_id
FROM numbered AS n WHERE n.layer <> 'raw';
INSERT OR IGNORE INTO edges
SELECT r.run_id, 'version:raw/name' || (r.run_key % 13) || '@' || (1 + r.run_key % 20),
       'stream:' || r.run_id
FROM runs AS r WHERE r.stage = 'clean' AND (run_key / 3) % 10 <> 0;
INSERT INTO column_edges (run_id, output_column, input_column, kind, subtype, masked)
SELECT n.run_id, 'column ' || c, 'column ' || c, 'DIRECT', 'IDENTITY', c % 5 = 0
FROM numbered AS n, (WITH RECURSIVE m(c) AS (SELECT 1 UNION ALL SELECT c + 1 FROM m WHERE c < 20)
                     SELECT c FROM m)
WHERE n.layer <> 'raw';
INSERT INTO texts (text_key, text)
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 499)
SELECT i + 1, printf('source %d.csv', i) FROM n
UNION ALL SELECT 1001, 'outliers' UNION ALL SELECT 1002, 'mad' UNION ALL SELECT 1003, 'price'
UNION ALL SELECT 1004, '3.5';
INSERT INTO row_event_log (run_key, source_key, record, kind, position, module_key, rule_key, column_key,
                           threshold_key, value)
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < :events - 1)
SELECT 1 + i / (1 + :events / :runs), 1 + (i / 1000) % 500, i % 1000 * 50, 1, 2, 1001, 1002, 1003, 1004,
       i
FROM n;
INSERT INTO tags SELECT dataset, 'prod', max(number), 100, NULL, '2026-01-01T00:00:00.000000Z'
FROM numbered GROUP BY dataset;
INSERT INTO tag_history (dataset, tag, number, weight, set_at, user)
SELECT dataset, 'prod', number, 100, ended_at, 'bench' FROM numbered;
COMMIT;
ANALYZE;
