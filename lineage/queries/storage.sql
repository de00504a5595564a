-- storage.sql: bytes by dataset: as its versions count them, and as they lie on disk, where a chunk is
-- stored once. `own_bytes` is what would be freed if the dataset went.
--
-- sqlite3 -readonly .tamis/catalog.db ".read lineage/queries/storage.sql"
WITH
used(dataset, digest, datasets) AS (
    SELECT dataset, digest, count(*) OVER (PARTITION BY digest)
    FROM (SELECT DISTINCT digest, dataset FROM version_chunks)
),
stored(dataset, chunks, bytes, own_bytes) AS (
    SELECT u.dataset, count(*), sum(c.bytes), sum(CASE WHEN u.datasets = 1 THEN c.bytes ELSE 0 END)
    FROM used AS u JOIN chunks AS c ON c.digest = u.digest
    GROUP BY u.dataset
)
SELECT v.dataset,
       count(*) AS versions,
       sum(v.bytes) AS counted_bytes,
       s.chunks,
       s.bytes AS stored_bytes,
       s.own_bytes
FROM versions AS v JOIN stored AS s ON s.dataset = v.dataset
GROUP BY v.dataset
ORDER BY stored_bytes DESC;
