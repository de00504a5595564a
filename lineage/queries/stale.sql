-- stale.sql: newest versions that were made from what is no longer the newest.
--
-- sqlite3 -readonly .tamis/catalog.db ".read lineage/queries/stale.sql"
WITH RECURSIVE
newest(dataset, number, node) AS MATERIALIZED (
    SELECT dataset, max(number), 'version:' || dataset || '@' || max(number)
    FROM versions GROUP BY dataset
),
-- own: "version:DATASET@" of the version last met; the versions it was built on say nothing here.
up(start, own, node) AS (
    SELECT node, 'version:' || dataset || '@', node FROM newest
    UNION
    SELECT up.start,
           iif(e.input GLOB 'version:*', rtrim(e.input, '0123456789'), up.own),
           e.input
    FROM up CROSS JOIN edges AS e ON e.output = up.node
    WHERE substr(e.input, 1, length(up.own)) <> up.own
)
SELECT made.dataset,
       made.number,
       v.dataset AS input,
       max(v.number) AS input_number,
       n.number AS newest_number,
       made.created_at
FROM up
CROSS JOIN versions AS made ON made.node = up.start
CROSS JOIN versions AS v ON v.node = up.node
CROSS JOIN newest AS n ON n.dataset = v.dataset
WHERE up.node <> up.start AND v.dataset <> made.dataset
GROUP BY made.dataset, made.number, v.dataset
HAVING max(v.number) < n.number
ORDER BY made.dataset, v.dataset;
