-- lineage/schema_6.sql: user_version 6: column edges know which of a run's inputs the column was in.

-- What was recorded before gets the run's input where it had only one. The columns of the key come
-- first and in its order: integrity_check of SQLite 3.40 takes them for others otherwise.
CREATE TABLE column_edges_6 (
    run_id TEXT NOT NULL REFERENCES runs (run_id),
    output_column TEXT NOT NULL,
    input_column TEXT NOT NULL,
    input TEXT NOT NULL DEFAULT '',
    kind TEXT NOT NULL CHECK (kind IN ('DIRECT', 'INDIRECT')),
    subtype TEXT NOT NULL,
    masked INTEGER NOT NULL CHECK (masked IN (0, 1)),
    PRIMARY KEY (run_id, output_column, input_column, input, kind, subtype)
) STRICT, WITHOUT ROWID;
INSERT INTO column_edges_6
SELECT c.run_id, c.output_column, c.input_column,
       coalesce((SELECT iif(count(*) = 1, min(e.input), '') FROM edges AS e
                 WHERE e.output = 'stream:' || c.run_id), ''),
       c.kind, c.subtype, c.masked
FROM column_edges AS c;
DROP TABLE column_edges;
ALTER TABLE column_edges_6 RENAME TO column_edges;
CREATE INDEX column_edges_by_input ON column_edges (run_id, input_column);

PRAGMA user_version = 6;
