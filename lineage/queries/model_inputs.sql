-- model_inputs.sql: which versions a model was trained on, run by run, newest first: with their rows, tags,
-- and the sources behind them.
--
--   :model   its name, without "model:"
--
-- sqlite3 -readonly .tamis/catalog.db ".parameter set :model 'm'" \
--     ".read lineage/queries/model_inputs.sql"
WITH RECURSIVE
trainings(run_id, input) AS (
    SELECT m.run_id, i.input
    FROM edges AS m JOIN edges AS i ON i.output = m.input
    WHERE m.output = 'model:' || :model
),
up(start, node) AS (
    SELECT DISTINCT input, input FROM trainings
    UNION
    SELECT up.start, e.input FROM up JOIN edges AS e ON e.output = up.node
)
SELECT r.ended_at AS trained_at,
       r.job,
       t.input AS node,
       v.dataset,
       v.number,
       v.rows,
       (SELECT group_concat(g.tag, ' ') FROM tags AS g
        WHERE g.dataset = v.dataset AND g.number = v.number) AS tags,
       (SELECT group_concat(name, ' ')
        FROM (SELECT substr(u.node, 8) AS name FROM up AS u
              WHERE u.start = t.input AND u.node GLOB 'source:*' ORDER BY name)) AS sources,
       r.run_id
FROM trainings AS t
JOIN runs AS r ON r.run_id = t.run_id
LEFT JOIN versions AS v ON v.node = t.input
ORDER BY r.started_at DESC, t.input;
