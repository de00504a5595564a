-- catalog.sql: fills a fresh catalog with :runs runs, a tenth as many versions, and :events row events.
--
-- Thirty runs are a round: an ingestion, a cleaning and a put that commit; nine ingestions into files, one
-- of three from the hub "source 0.csv"; nine cleanings of what they piped or wrote; three joins; three
-- trainings; three that failed. Every second round goes into raw/long, clean/long and feature/long, whose
-- versions each build on the one before: a chain of :runs / 30 hops. The others share twelve names.
-- Each version has the chunks of the one before and one more. A record has events in several runs, and a
-- third of them are merges.
PRAGMA foreign_keys = OFF;
PRAGMA synchronous = OFF;
PRAGMA journal_mode = OFF;
PRAGMA cache_size = -400000;
BEGIN;
CREATE TEMP TABLE plan AS
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :runs)
SELECT i,
       printf('01900000-%04x-7000-8000-%012x', i / 1000, i) AS run_id,
       i / 30 AS round,
       i % 30 AS place,
       CASE WHEN i % 30 = 1 OR i % 30 BETWEEN 4 AND 12 THEN 'ingest'
            WHEN i % 30 = 2 OR i % 30 BETWEEN 13 AND 21 THEN 'clean'
            WHEN i % 30 = 3 THEN 'features put'
            WHEN i % 30 BETWEEN 22 AND 24 THEN 'features join'
            WHEN i % 30 BETWEEN 25 AND 27 THEN 'job train'
            ELSE 'clean' END AS stage,
       CASE WHEN (i / 30) % 2 = 0 THEN 'long' ELSE printf('name %d', (i / 30) % 12) END AS name,
       strftime('%Y-%m-%dT%H:%M:%S.000000Z', 1700000000 + i * 60, 'unixepoch') AS at
FROM n;
INSERT INTO runs (run_key, run_id, stage, started_at, ended_at, status, exit_code, argv, config, config_digest,
                  user, rows_in, rows_out, rows_dropped)
SELECT i, run_id, stage, at, at, iif(place IN (0, 28, 29), 'failed', 'done'), iif(place IN (0, 28, 29), 1, 0),
       iif(stage = 'clean' AND i % 100 = 2, '["tamis-clean","--audit","cells"]', '["tamis-' || stage || '"]'),
       iif(stage = 'clean', '{"steps":[{"text":{}},{"impute":{"columns":["column 3","column 4"]}},'
           || '{"outliers":{"columns":"column 3"}},{"mask":{}}]}', '{}'),
       printf('configuration %d', i % 7), 'bench', 1000, 990, 10
FROM plan;
INSERT INTO run_metrics
SELECT run_id, iif(value = 1, 'wall_seconds', 'metric ' || value), i * 0.001, 's'
FROM plan, (WITH RECURSIVE m(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM m WHERE value < 25)
            SELECT value FROM m);
INSERT INTO module_effects
SELECT run_id, p.column1, p.column2, 1000, 0, 1000, 0, 0, 0, 5 * (p.column1 <> 3), i * 0.0001,
       '{"columns":{"column 3":{"value":10}}}'
FROM plan, (VALUES (1, 'text'), (2, 'impute'), (3, 'outliers'), (4, 'mask')) AS p
WHERE stage = 'clean';
INSERT INTO sources (run_id, name, kind, bytes, digest, records)
SELECT run_id, printf('source %d.csv', iif(i % 3 = 1, 0, i % 500)), 'csv', 1000, printf('digest %d', i), 50000
FROM plan WHERE stage = 'ingest';
INSERT INTO record_index
SELECT run_id, name, c * 512 + 1, c * 40000 + 20, c * 512 + 2
FROM sources, (WITH RECURSIVE m(c) AS (SELECT 0 UNION ALL SELECT c + 1 FROM m WHERE c < 97) SELECT c FROM m);

-- Versions.
CREATE TEMP TABLE numbered AS
SELECT *, CASE place WHEN 1 THEN 'raw/' WHEN 2 THEN 'clean/' ELSE 'feature/' END || name AS dataset,
       row_number() OVER (PARTITION BY place, name ORDER BY i) AS number
FROM plan WHERE place IN (1, 2, 3);
INSERT INTO datasets
SELECT dataset, substr(dataset, 1, instr(dataset, '/') - 1), min(run_id), min(at) FROM numbered GROUP BY dataset;
INSERT INTO versions (dataset, number, rows, bytes, chunks, digest, verdict, run_id, created_at, schema)
SELECT dataset, number, number * 1000, number * 10000, number, 'digest ' || i, 'passed', run_id, at, x''
FROM numbered;
INSERT INTO version_columns
SELECT dataset, number, c, 'column ' || c, 'utf8', 1, c = 1 AND dataset GLOB 'raw/*'
FROM versions, (WITH RECURSIVE m(c) AS (SELECT 1 UNION ALL SELECT c + 1 FROM m WHERE c < 20) SELECT c FROM m);
INSERT INTO chunks SELECT 'chunk ' || i, 'file', 1000, 10000, run_id, at FROM numbered;
INSERT INTO version_chunks
SELECT v.dataset, v.number, c.number, 'chunk ' || c.i, (c.number - 1) * 1000
FROM numbered AS v JOIN numbered AS c ON c.dataset = v.dataset AND c.number <= v.number;
INSERT INTO chunk_columns
SELECT digest, c, 'column ' || c, 0, 900, 'a', 'z'
FROM chunks, (WITH RECURSIVE m(c) AS (SELECT 1 UNION ALL SELECT c + 1 FROM m WHERE c < 20) SELECT c FROM m);

-- Edges.
INSERT INTO edges SELECT run_id, 'source:' || name, 'stream:' || run_id FROM sources;
INSERT INTO edges SELECT run_id, 'stream:' || run_id, 'version:' || dataset || '@' || number FROM numbered;
INSERT INTO edges
SELECT run_id, 'version:' || dataset || '@' || (number - 1), 'stream:' || run_id FROM numbered WHERE number > 1;
INSERT INTO edges
SELECT run_id, 'version:' || iif(place = 2, 'raw/', 'clean/') || name || '@' || number, 'stream:' || run_id
FROM numbered WHERE place IN (2, 3);
INSERT INTO edges -- into files
SELECT run_id, 'stream:' || run_id, printf('external:%s %d.arrow', stage, i % 50)
FROM plan WHERE place BETWEEN 4 AND 24;
INSERT INTO edges -- a pipe, a file, a version
SELECT run_id,
       CASE place % 3 WHEN 0 THEN (SELECT 'stream:' || run_id FROM plan AS o WHERE o.i = p.i - 9)
                      WHEN 1 THEN printf('external:ingest %d.arrow', (i - 9) % 50)
                      ELSE printf('version:raw/%s@%d', name, 1 + round % 8) END,
       'stream:' || run_id
FROM plan AS p WHERE place BETWEEN 13 AND 21 OR place IN (28, 29);
INSERT INTO edges SELECT p.run_id, 'version:' || n.dataset || '@' || n.number, 'stream:' || p.run_id
FROM plan AS p JOIN numbered AS n ON n.place = 3 AND n.round IN (p.round, p.round - 1)
WHERE p.place BETWEEN 22 AND 24;
INSERT INTO training_sets
SELECT run_id, printf('external:features join %d.arrow', i % 50), 'external:spine.arrow', '[]', NULL, 1000, NULL, at
FROM plan WHERE place BETWEEN 22 AND 24;
INSERT INTO edges
SELECT run_id, printf('external:features join %d.arrow', (i - 3) % 50), 'stream:' || run_id
FROM plan WHERE place BETWEEN 25 AND 27
UNION ALL
SELECT run_id, 'stream:' || run_id, printf('model:model %d', i % 40) FROM plan WHERE place BETWEEN 25 AND 27;
-- Column 1 is personal, and half of the cleanings mask it; column 2 decides about rows.
INSERT INTO column_edges (run_id, output_column, input_column, kind, subtype, masked)
SELECT run_id, 'column ' || c, 'column ' || c, 'DIRECT', iif(stage = 'clean', 'TRANSFORMATION', 'IDENTITY'),
       stage = 'clean' AND c = 1 AND i % 2 = 0
FROM plan, (WITH RECURSIVE m(c) AS (SELECT 1 UNION ALL SELECT c + 1 FROM m WHERE c < 20) SELECT c FROM m)
WHERE stage <> 'job train'
UNION ALL
SELECT run_id, 'column ' || c, 'column 2', 'INDIRECT', 'FILTER', 0
FROM plan, (WITH RECURSIVE m(c) AS (SELECT 1 UNION ALL SELECT c + 1 FROM m WHERE c < 20) SELECT c FROM m)
WHERE stage = 'clean';

-- Row events: of 500 sources with 50,000 records.
INSERT INTO texts (text_key, text)
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 499)
SELECT i + 1, printf('source %d.csv', i) FROM n
UNION ALL SELECT 1001, 'outliers' UNION ALL SELECT 1002, 'mad' UNION ALL SELECT 1003, 'column 3'
UNION ALL SELECT 1004, '3.5' UNION ALL SELECT 1005, 'deduplicate';
INSERT INTO row_event_log (run_key, source_key, record, kind, into_source_key, into_record, position, module_key,
                           rule_key, column_key, threshold_key, value)
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < :events - 1)
SELECT 1 + i / (1 + :events / :runs), 1 + (i / 1000) % 500, 1 + (i * 7919 + i / 500000) % 50000,
       1 + (i % 3 = 0), iif(i % 3 = 0, 1 + (i / 1000) % 500, NULL),
       iif(i % 3 = 0, 1 + (i * 7919 + i / 500000) % 50000 / 2, NULL),
       2, iif(i % 3 = 0, 1005, 1001), 1002, 1003, 1004, i
FROM n;

-- Tags, and who was shown what.
INSERT INTO tags SELECT dataset, 'prod', max(number), 100, NULL, '2026-01-01T00:00:00.000000Z'
FROM numbered GROUP BY dataset;
INSERT INTO tag_history (dataset, tag, number, weight, set_at, user)
SELECT dataset, 'prod', number, 100, at, 'bench' FROM numbered;
INSERT INTO exposures
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < :runs * 10)
SELECT 'feature/long', 'prod', 'entity ' || (i / 2), 1 + i % 2, 3, '2026-01-01', '2026-01-02' FROM n;
COMMIT;
