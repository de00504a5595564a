-- lineage/schema_3.sql: user_version 3: how sources differed from their contracts, and where their
-- records lie.

CREATE TABLE drift_events (
    run_id TEXT NOT NULL REFERENCES runs (run_id),
    position INTEGER NOT NULL,
    source TEXT,
    "column" TEXT NOT NULL,
    drift TEXT NOT NULL CHECK (drift IN ('new', 'missing', 'retyped', 'reordered')),
    action TEXT NOT NULL CHECK (action IN ('fail', 'evolve', 'reject')),
    expected TEXT,
    found TEXT,
    records INTEGER,
    PRIMARY KEY (run_id, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX drift_events_by_column ON drift_events ("column", drift);

CREATE TABLE record_index (
    run_id TEXT NOT NULL REFERENCES runs (run_id),
    source TEXT NOT NULL,
    record INTEGER NOT NULL,
    byte_offset INTEGER NOT NULL,
    line INTEGER NOT NULL,
    PRIMARY KEY (run_id, source, record)
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 3;
