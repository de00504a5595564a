-- shared_bytes.sql: how many bytes of a version are in chunks that the one before it has too?
--
--   :dataset
--   :number  not set = every version
--
-- sqlite3 -readonly .tamis/catalog.db ".parameter set :dataset 'clean/orders'" \
--     ".read lineage/queries/shared_bytes.sql"
SELECT dataset, number, bytes, shared_bytes,
       round(100.0 * shared_bytes / max(bytes, 1), 2) AS shared_percent
FROM (SELECT v.dataset, v.number, sum(c.bytes) AS bytes,
             sum(CASE WHEN EXISTS (SELECT 1
                                   FROM version_chunks AS b
                                   WHERE b.digest = v.digest
                                     AND b.dataset = v.dataset
                                     AND b.number = (SELECT max(number)
                                                     FROM versions AS w
                                                     WHERE w.dataset = v.dataset
                                                       AND w.number < v.number))
                      THEN c.bytes ELSE 0 END) AS shared_bytes
      FROM version_chunks AS v
      JOIN chunks AS c ON c.digest = v.digest
      WHERE v.dataset = :dataset AND (:number IS NULL OR v.number = :number)
      GROUP BY v.dataset, v.number)
ORDER BY number;
