-- lineage/schema_2.sql: user_version 2: how far incremental datasets have read their sources.

-- One row is a run that moved positions. Its rows in watermark_log count from the moment moved_at is
-- set, which happens in the transaction of the version; until then nobody sees them.
CREATE TABLE watermark_moves (
    move_key INTEGER PRIMARY KEY,
    dataset TEXT NOT NULL,
    number INTEGER,
    run_id TEXT NOT NULL REFERENCES runs (run_id),
    moved_at TEXT
) STRICT;
CREATE INDEX watermark_moves_by_dataset ON watermark_moves (dataset, move_key);

-- Private: what a position belongs to, each once.
CREATE TABLE watermark_series (
    series_key INTEGER PRIMARY KEY,
    dataset TEXT NOT NULL,
    source TEXT NOT NULL,
    kind TEXT NOT NULL,
    UNIQUE (dataset, source, kind)
) STRICT;

-- Private: behind watermarks; one row an item and move, because a folder may have a million members.
CREATE TABLE watermark_log (
    series_key INTEGER NOT NULL,
    item TEXT NOT NULL,
    move_key INTEGER NOT NULL,
    position TEXT NOT NULL,
    PRIMARY KEY (series_key, item, move_key)
) STRICT, WITHOUT ROWID;

CREATE VIEW watermarks AS
SELECT s.dataset, s.source, s.kind, l.item, l.position, m.run_id, m.moved_at
FROM watermark_log AS l
JOIN watermark_series AS s ON s.series_key = l.series_key
JOIN watermark_moves AS m ON m.move_key = l.move_key
WHERE m.moved_at IS NOT NULL
  AND NOT EXISTS (
      SELECT 1
      FROM watermark_log AS newer
      JOIN watermark_moves AS n ON n.move_key = newer.move_key
      WHERE newer.series_key = l.series_key
        AND newer.item = l.item
        AND newer.move_key > l.move_key
        AND n.moved_at IS NOT NULL
  );

PRAGMA user_version = 2;
