-- masked.sql: what mask found and masked: by run, step, column and kind, with how often.
--
-- sqlite3 -readonly .tamis/catalog.db ".read lineage/queries/masked.sql"
SELECT r.started_at, m.run_id, m.position, c.key AS "column", k.key AS kind, k.value AS finds
FROM module_effects AS m
JOIN runs AS r ON r.run_id = m.run_id
JOIN json_each(m.parameters, '$.masked') AS c
JOIN json_each(c.value) AS k
WHERE m.module = 'mask' AND json_valid(m.parameters)
ORDER BY r.started_at, m.position, c.key, k.key;
