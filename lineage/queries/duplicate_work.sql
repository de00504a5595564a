-- duplicate_work.sql: runs that did again what a finished run had done: same stage, same
-- configuration, same inputs.
--
-- sqlite3 -readonly .tamis/catalog.db ".read lineage/queries/duplicate_work.sql"
WITH inputs(run_id, nodes) AS (
    SELECT run_id, group_concat(input, ' ')
    FROM (SELECT run_id, input FROM edges
          WHERE output = 'stream:' || run_id AND input GLOB 'version:*' ORDER BY run_id, input)
    GROUP BY run_id
)
SELECT r.stage,
       i.nodes AS inputs,
       count(*) AS runs,
       min(r.started_at) AS first,
       max(r.started_at) AS last,
       round(sum(m.value) - min(m.value), 3) AS seconds_repeated
FROM inputs AS i
JOIN runs AS r ON r.run_id = i.run_id AND r.status = 'done'
LEFT JOIN run_metrics AS m ON m.run_id = r.run_id AND m.name = 'wall_seconds'
GROUP BY r.stage, r.config_digest, i.nodes
HAVING count(*) > 1
ORDER BY seconds_repeated DESC;
