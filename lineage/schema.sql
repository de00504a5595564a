-- lineage/schema.sql: the catalog, user_version 1; schema_2.sql adds
-- to it. lineage/README.md explains every column.
--
-- Tables and views without a leading remark are promised to anyone with a SQLite shell. Times are
-- RFC 3339 texts in UTC with microseconds, so that they compare as texts. Digests are BLAKE2b-256
-- in lower-case hexadecimal.

PRAGMA application_id = 1952542067; -- "tams"
PRAGMA user_version = 1;

CREATE TABLE runs (
    run_key INTEGER PRIMARY KEY,
    run_id TEXT NOT NULL UNIQUE,
    stage TEXT NOT NULL,
    started_at TEXT,
    ended_at TEXT,
    status TEXT NOT NULL
        CHECK (status IN ('running', 'done', 'failed', 'aborted', 'lost', 'unknown')),
    exit_code INTEGER,
    verdict TEXT NOT NULL DEFAULT 'passed' CHECK (verdict IN ('passed', 'failed')),
    error TEXT,
    argv TEXT,
    config TEXT,
    config_digest TEXT,
    tool_version TEXT,
    host TEXT,
    user TEXT,
    pid INTEGER,
    boot_id TEXT,
    pid_namespace TEXT,
    process_start INTEGER,
    threads INTEGER,
    device TEXT,
    memory_limit INTEGER,
    seed INTEGER,
    rows_in INTEGER NOT NULL DEFAULT 0,
    rows_created INTEGER NOT NULL DEFAULT 0,
    rows_out INTEGER NOT NULL DEFAULT 0,
    rows_rejected INTEGER NOT NULL DEFAULT 0,
    rows_dropped INTEGER NOT NULL DEFAULT 0,
    rows_merged INTEGER NOT NULL DEFAULT 0,
    bytes_in INTEGER NOT NULL DEFAULT 0,
    bytes_out INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX runs_by_status ON runs (status, started_at);
CREATE INDEX runs_by_start ON runs (started_at);
CREATE INDEX runs_by_config ON runs (config_digest, stage);

CREATE TABLE run_metrics (
    run_id TEXT NOT NULL REFERENCES runs (run_id),
    name TEXT NOT NULL,
    value REAL NOT NULL,
    unit TEXT NOT NULL,
    PRIMARY KEY (run_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE module_effects (
    run_id TEXT NOT NULL REFERENCES runs (run_id),
    position INTEGER NOT NULL,
    module TEXT NOT NULL,
    rows_in INTEGER NOT NULL,
    rows_created INTEGER NOT NULL,
    rows_out INTEGER NOT NULL,
    rows_rejected INTEGER NOT NULL,
    rows_dropped INTEGER NOT NULL,
    rows_merged INTEGER NOT NULL,
    cells_changed INTEGER NOT NULL,
    seconds REAL NOT NULL,
    parameters TEXT,
    PRIMARY KEY (run_id, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX module_effects_by_module ON module_effects (module, seconds);

CREATE TABLE sources (
    run_id TEXT NOT NULL REFERENCES runs (run_id),
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    bytes INTEGER,
    digest TEXT,
    modified_at TEXT,
    records INTEGER,
    PRIMARY KEY (run_id, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX sources_by_name ON sources (name);
CREATE INDEX sources_by_digest ON sources (digest);

CREATE TABLE datasets (
    dataset TEXT PRIMARY KEY,
    layer TEXT NOT NULL,
    run_id TEXT NOT NULL REFERENCES runs (run_id),
    created_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE versions (
    dataset TEXT NOT NULL REFERENCES datasets (dataset),
    number INTEGER NOT NULL CHECK (number > 0),
    node TEXT NOT NULL GENERATED ALWAYS AS ('version:' || dataset || '@' || number) VIRTUAL,
    rows INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    chunks INTEGER NOT NULL,
    digest TEXT NOT NULL,
    verdict TEXT NOT NULL CHECK (verdict IN ('passed', 'failed')),
    run_id TEXT NOT NULL REFERENCES runs (run_id),
    created_at TEXT NOT NULL,
    schema BLOB NOT NULL,
    PRIMARY KEY (dataset, number)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX versions_by_node ON versions (node);
CREATE INDEX versions_by_run ON versions (run_id);
CREATE INDEX versions_by_time ON versions (dataset, created_at);

CREATE TABLE version_columns (
    dataset TEXT NOT NULL,
    number INTEGER NOT NULL,
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    type TEXT NOT NULL,
    nullable INTEGER NOT NULL,
    personal INTEGER NOT NULL,
    PRIMARY KEY (dataset, number, position),
    FOREIGN KEY (dataset, number) REFERENCES versions (dataset, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX version_columns_by_name ON version_columns (name, dataset);

CREATE TABLE chunks (
    digest TEXT PRIMARY KEY,
    file_digest TEXT NOT NULL,
    rows INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    run_id TEXT NOT NULL REFERENCES runs (run_id),
    created_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX chunks_by_run ON chunks (run_id);

CREATE TABLE chunk_columns (
    digest TEXT NOT NULL REFERENCES chunks (digest),
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    nulls INTEGER NOT NULL,
    distinct_values INTEGER NOT NULL,
    minimum TEXT,
    maximum TEXT,
    PRIMARY KEY (digest, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE version_chunks (
    dataset TEXT NOT NULL,
    number INTEGER NOT NULL,
    position INTEGER NOT NULL,
    digest TEXT NOT NULL REFERENCES chunks (digest),
    first_row INTEGER NOT NULL,
    PRIMARY KEY (dataset, number, position),
    FOREIGN KEY (dataset, number) REFERENCES versions (dataset, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX version_chunks_by_digest ON version_chunks (digest);

CREATE TABLE edges (
    run_id TEXT NOT NULL REFERENCES runs (run_id),
    input TEXT NOT NULL,
    output TEXT NOT NULL,
    PRIMARY KEY (run_id, input, output)
) STRICT, WITHOUT ROWID;
CREATE INDEX edges_by_output ON edges (output, input);
CREATE INDEX edges_by_input ON edges (input, output);

CREATE TABLE column_edges (
    run_id TEXT NOT NULL REFERENCES runs (run_id),
    output_column TEXT NOT NULL,
    input_column TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('DIRECT', 'INDIRECT')),
    subtype TEXT NOT NULL,
    masked INTEGER NOT NULL CHECK (masked IN (0, 1)),
    PRIMARY KEY (run_id, output_column, input_column, kind, subtype)
) STRICT, WITHOUT ROWID;
CREATE INDEX column_edges_by_input ON column_edges (run_id, input_column);

-- Private: texts that repeat from event to event, each once.
CREATE TABLE texts (
    text_key INTEGER PRIMARY KEY,
    text TEXT NOT NULL UNIQUE
) STRICT;

-- Private: behind row_events, narrow because there may be millions. Its texts are written in the same
-- transaction; seven foreign keys would cost more than the insertion itself.
CREATE TABLE row_event_log (
    event_key INTEGER PRIMARY KEY,
    run_key INTEGER NOT NULL,
    source_key INTEGER NOT NULL,
    record INTEGER NOT NULL,
    kind INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 3),
    into_source_key INTEGER,
    into_record INTEGER,
    position INTEGER NOT NULL,
    module_key INTEGER,
    rule_key INTEGER,
    column_key INTEGER,
    threshold_key INTEGER,
    value TEXT
) STRICT;
CREATE INDEX row_event_log_by_record ON row_event_log (source_key, record);
CREATE INDEX row_event_log_by_run ON row_event_log (run_key);
CREATE INDEX row_event_log_by_survivor ON row_event_log (into_source_key, into_record)
    WHERE into_source_key IS NOT NULL;

CREATE VIEW row_events AS
SELECT r.run_id,
       s.text AS source,
       e.record,
       CASE e.kind WHEN 0 THEN 'reject' WHEN 1 THEN 'drop' WHEN 2 THEN 'merge' ELSE 'create' END
           AS kind,
       (SELECT text FROM texts WHERE text_key = e.into_source_key) AS into_source,
       e.into_record,
       e.position,
       (SELECT text FROM texts WHERE text_key = e.module_key) AS module,
       (SELECT text FROM texts WHERE text_key = e.rule_key) AS rule,
       (SELECT text FROM texts WHERE text_key = e.column_key) AS "column",
       e.value,
       (SELECT text FROM texts WHERE text_key = e.threshold_key) AS threshold
FROM row_event_log AS e
JOIN texts AS s ON s.text_key = e.source_key
JOIN runs AS r ON r.run_key = e.run_key;

CREATE TABLE tags (
    dataset TEXT NOT NULL,
    tag TEXT NOT NULL,
    number INTEGER NOT NULL,
    weight INTEGER NOT NULL DEFAULT 100 CHECK (weight BETWEEN 1 AND 100),
    run_id TEXT REFERENCES runs (run_id),
    set_at TEXT NOT NULL,
    PRIMARY KEY (dataset, tag, number),
    FOREIGN KEY (dataset, number) REFERENCES versions (dataset, number)
) STRICT, WITHOUT ROWID;

-- number is null where the tag was taken away.
CREATE TABLE tag_history (
    history_key INTEGER PRIMARY KEY,
    dataset TEXT NOT NULL,
    tag TEXT NOT NULL,
    number INTEGER,
    weight INTEGER,
    set_at TEXT NOT NULL,
    user TEXT NOT NULL,
    run_id TEXT REFERENCES runs (run_id),
    reason TEXT
) STRICT;
CREATE INDEX tag_history_by_tag ON tag_history (dataset, tag, set_at);

CREATE TABLE views (
    view TEXT NOT NULL,
    revision INTEGER NOT NULL,
    dataset TEXT NOT NULL,
    definition TEXT NOT NULL,
    digest TEXT NOT NULL,
    owner TEXT,
    run_id TEXT NOT NULL REFERENCES runs (run_id),
    created_at TEXT NOT NULL,
    PRIMARY KEY (view, revision)
) STRICT, WITHOUT ROWID;

CREATE TABLE training_sets (
    run_id TEXT PRIMARY KEY REFERENCES runs (run_id),
    output TEXT NOT NULL,
    spine TEXT NOT NULL,
    views TEXT NOT NULL,
    as_of TEXT,
    rows INTEGER NOT NULL,
    digest TEXT,
    created_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- No row, ever: what a finished run cannot account for.
CREATE VIEW row_balance AS
SELECT run_id,
       stage,
       rows_in,
       rows_created,
       rows_out,
       rows_rejected,
       rows_dropped,
       rows_merged,
       rows_in + rows_created - rows_out - rows_rejected - rows_dropped - rows_merged AS missing
FROM runs
WHERE status = 'done'
  AND rows_in + rows_created <> rows_out + rows_rejected + rows_dropped + rows_merged;
