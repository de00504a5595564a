-- collectable.sql: versions nothing points at: not the newest, no tag, and no model, training set or
-- version of another dataset was made from them.
--
-- sqlite3 -readonly .tamis/catalog.db ".read lineage/queries/collectable.sql"
SELECT v.dataset, v.number, v.rows, v.bytes, v.created_at
FROM versions AS v
WHERE v.number < (SELECT max(number) FROM versions AS n WHERE n.dataset = v.dataset)
  AND NOT EXISTS (SELECT 1 FROM tags AS t WHERE t.dataset = v.dataset AND t.number = v.number)
  AND NOT EXISTS (SELECT 1 FROM edges AS e WHERE e.input = v.node
                  AND NOT EXISTS (SELECT 1 FROM versions AS o
                                  WHERE o.run_id = e.run_id AND o.dataset = v.dataset))
ORDER BY v.dataset, v.number;
