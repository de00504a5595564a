-- stale.sql: newest versions that were made from what is no longer the newest.
--
-- sqlite3 -readonly .tamis/catalog.db ".read lineage/queries/stale.sql"
WITH RECURSIVE
newest(dataset, number, node) AS (
    SELECT dataset, max(number), 'version:' || dataset || '@' || max(number)
    FROM versions GROUP BY dataset
),
up(start, node) AS (
    SELECT node, node FROM newest
    UNION
    SELECT up.start, e.input FROM up JOIN edges AS e ON e.output = up.node
)
SELECT made.dataset,
       made.number,
       v.dataset AS input,
       max(v.number) AS input_number,
       n.number AS newest_number,
       made.created_at
FROM up
JOIN versions AS made ON made.node = up.start
JOIN versions AS v ON v.node = up.node
JOIN newest AS n ON n.dataset = v.dataset
WHERE up.node <> up.start AND v.dataset <> made.dataset
GROUP BY made.dataset, made.number, v.dataset
HAVING max(v.number) < n.number
ORDER BY made.dataset, v.dataset;
