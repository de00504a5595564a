-- lineage/schema_8.sql: user_version 8: what OpenLineage tells beyond the graph, and metrics that have
-- steps.

-- The name under which a run comes again and again, and the run of others that started it.
ALTER TABLE runs ADD COLUMN job TEXT;
ALTER TABLE runs ADD COLUMN parent_job TEXT;
ALTER TABLE runs ADD COLUMN parent_run TEXT;
CREATE INDEX runs_by_parent ON runs (parent_run) WHERE parent_run IS NOT NULL;

-- The columns of what a run read or handed on, where that is no version.
CREATE TABLE run_columns (
    run_id TEXT NOT NULL REFERENCES runs (run_id),
    node TEXT NOT NULL,
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    type TEXT NOT NULL,
    nullable INTEGER NOT NULL,
    personal INTEGER NOT NULL,
    PRIMARY KEY (run_id, node, position)
) STRICT, WITHOUT ROWID;

-- One row is an expectation and what became of it.
CREATE TABLE run_checks (
    run_id TEXT NOT NULL REFERENCES runs (run_id),
    position INTEGER NOT NULL,
    step INTEGER NOT NULL,
    rule TEXT NOT NULL,
    "column" TEXT,
    outcome TEXT NOT NULL CHECK (outcome IN ('passed', 'noted', 'warning', 'failed')),
    expected TEXT,
    found TEXT,
    PRIMARY KEY (run_id, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX run_checks_by_column ON run_checks ("column", outcome);

CREATE TABLE metric_steps (
    run_id TEXT NOT NULL REFERENCES runs (run_id),
    name TEXT NOT NULL,
    step INTEGER NOT NULL,
    value REAL NOT NULL,
    PRIMARY KEY (run_id, name, step)
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 8;
