-- slowest_modules.sql: where cleaning time goes, over all finished runs.
--
-- sqlite3 -readonly .tamis/catalog.db ".read lineage/queries/slowest_modules.sql"
SELECT m.module,
       count(*) AS uses,
       round(sum(m.seconds), 3) AS seconds,
       round(max(m.seconds), 3) AS slowest,
       sum(m.rows_in) AS rows,
       round(sum(m.rows_in) / nullif(sum(m.seconds), 0)) AS rows_per_second,
       sum(m.cells_changed) AS cells_changed
FROM module_effects AS m
JOIN runs AS r ON r.run_id = m.run_id AND r.status = 'done'
GROUP BY m.module
ORDER BY sum(m.seconds) DESC;
