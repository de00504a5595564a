-- storage.sql: bytes by dataset: as its versions count them, and as they lie on disk, where a chunk is
-- stored once. `own_bytes` is what would be freed if the dataset went.
--
-- sqlite3 -readonly .tamis/catalog.db ".read lineage/queries/storage.sql"
WITH used(dataset, digest) AS (SELECT DISTINCT dataset, digest FROM version_chunks),
shared(digest, datasets) AS (SELECT digest, count(*) FROM used GROUP BY digest),
totals(dataset, versions, counted_bytes) AS (
    SELECT dataset, count(*), sum(bytes) FROM versions GROUP BY dataset
)
SELECT t.dataset,
       t.versions,
       t.counted_bytes,
       count(u.digest) AS chunks,
       sum(c.bytes) AS stored_bytes,
       sum(CASE WHEN s.datasets = 1 THEN c.bytes ELSE 0 END) AS own_bytes
FROM totals AS t
JOIN used AS u ON u.dataset = t.dataset
JOIN shared AS s ON s.digest = u.digest
JOIN chunks AS c ON c.digest = u.digest
GROUP BY t.dataset
ORDER BY stored_bytes DESC;
