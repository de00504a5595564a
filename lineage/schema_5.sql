-- lineage/schema_5.sql: user_version 5: gates of releases, who was shown which version, versions that
-- are gone, entities that were forgotten, and where a run was started.

ALTER TABLE runs ADD COLUMN folder TEXT;

-- One row is a gate held against a version.
CREATE TABLE gates (
    run_id TEXT PRIMARY KEY REFERENCES runs (run_id),
    dataset TEXT NOT NULL,
    tag TEXT NOT NULL,
    number INTEGER NOT NULL,
    against INTEGER,
    verdict TEXT NOT NULL CHECK (verdict IN ('passed', 'failed')),
    action TEXT NOT NULL CHECK (action IN ('promoted', 'refused', 'kept', 'rolled back')),
    definition TEXT NOT NULL,
    created_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX gates_by_tag ON gates (dataset, tag, created_at);

CREATE TABLE gate_checks (
    run_id TEXT NOT NULL REFERENCES gates (run_id),
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    "column" TEXT,
    verdict TEXT NOT NULL CHECK (verdict IN ('passed', 'failed', 'skipped')),
    found TEXT,
    expected TEXT,
    PRIMARY KEY (run_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE exposures (
    dataset TEXT NOT NULL,
    tag TEXT NOT NULL,
    entity TEXT NOT NULL,
    number INTEGER NOT NULL,
    times INTEGER NOT NULL,
    first_at TEXT NOT NULL,
    last_at TEXT NOT NULL,
    PRIMARY KEY (dataset, tag, entity, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE removed_versions (
    dataset TEXT NOT NULL,
    number INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    digest TEXT NOT NULL,
    written_by TEXT NOT NULL,
    created_at TEXT NOT NULL,
    run_id TEXT NOT NULL REFERENCES runs (run_id),
    removed_at TEXT NOT NULL,
    PRIMARY KEY (dataset, number)
) STRICT, WITHOUT ROWID;

-- One row is an entity that was forgotten: not its key, which nobody knows any more, but what it
-- takes to recognize it when it comes again.
CREATE TABLE forgettings (
    forget_key INTEGER PRIMARY KEY,
    run_id TEXT NOT NULL REFERENCES runs (run_id),
    columns TEXT NOT NULL,
    salt TEXT NOT NULL,
    key_digest TEXT NOT NULL,
    begun_at TEXT NOT NULL,
    ended_at TEXT,
    proof TEXT
) STRICT;

CREATE TABLE forgotten_versions (
    forget_key INTEGER NOT NULL REFERENCES forgettings (forget_key),
    dataset TEXT NOT NULL,
    number INTEGER NOT NULL,
    rows_removed INTEGER NOT NULL,
    digest_before TEXT NOT NULL,
    digest_after TEXT NOT NULL,
    PRIMARY KEY (forget_key, dataset, number)
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 5;
