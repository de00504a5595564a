-- subject_access.sql: what is held of a person, and where: the answer to a request for access.
--
--   :records  the records of the person: JSON list of [_source, _record]
--   :entity   the key under which views know the person; not set = do not look
--
-- sqlite3 -readonly .tamis/catalog.db ".parameter set :records '[[\"orders.csv\", 5]]'" \
--     ".parameter set :entity ada" ".read lineage/queries/subject_access.sql"
--
-- The extension finds the records: SELECT json_group_array(json_array(_source, _record)) FROM t
-- WHERE email = '...', with t the raw version. tamis-features forget takes the person out.
--
-- place: source, version, training set, model, file, event (a value that a row event quotes), exposure
-- (shown a version behind a tag). columns: those declared personal there.
WITH RECURSIVE
asked(source, record) AS (
    SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(coalesce(:records, '[]'))
),
alias(source, record) AS (
    SELECT source, record FROM asked
    UNION
    SELECT g.into_source, g.into_record
    FROM alias CROSS JOIN row_events AS g ON g.source = alias.source AND g.record = alias.record
    WHERE g.kind = 'merge'
),
gone(node, source, record, kind, into_source, into_record) AS MATERIALIZED (
    SELECT 'stream:' || g.run_id, g.source, g.record, g.kind, g.into_source, g.into_record
    FROM alias CROSS JOIN row_events AS g ON g.source = alias.source AND g.record = alias.record
    WHERE g.kind <> 'create'
),
reach(node, source, record) AS (
    SELECT 'source:' || source, source, record FROM asked
    UNION
    SELECT e.output, coalesce(g.into_source, reach.source), coalesce(g.into_record, reach.record)
    FROM reach
    CROSS JOIN edges AS e ON e.input = reach.node
    LEFT JOIN gone AS g ON g.node = reach.node AND g.source = reach.source AND g.record = reach.record
    WHERE g.node IS NULL OR g.kind = 'merge'
),
held(node, records) AS MATERIALIZED (
    SELECT node, group_concat(source || ':' || record, ' ')
    FROM (SELECT node, source, record FROM reach WHERE node NOT GLOB 'stream:*'
          ORDER BY node, source, record)
    GROUP BY node
)
SELECT CASE WHEN h.node GLOB 'version:*' AND v.run_id IN (SELECT run_id FROM training_sets)
            THEN 'training set'
            WHEN h.node GLOB 'external:*' THEN 'file'
            ELSE substr(h.node, 1, instr(h.node, ':') - 1) END AS place,
       substr(h.node, instr(h.node, ':') + 1) AS name,
       h.records,
       (SELECT group_concat(k.name, ' ') FROM version_columns AS k
        WHERE k.dataset = v.dataset AND k.number = v.number AND k.personal = 1) AS columns,
       v.created_at AS since
FROM held AS h LEFT JOIN versions AS v ON v.node = h.node
UNION ALL
SELECT 'event', g.kind || ' by ' || coalesce(g.module, '') || ': ' || g.value,
       g.source || ':' || g.record, g."column", r.started_at
FROM asked CROSS JOIN row_events AS g ON g.source = asked.source AND g.record = asked.record
JOIN runs AS r ON r.run_id = g.run_id
WHERE g.value IS NOT NULL
UNION ALL
SELECT 'exposure', dataset || '@' || number || ' behind ' || tag || ', ' || times || ' times', entity,
       NULL, first_at
FROM exposures
WHERE entity = :entity
ORDER BY 1, 2, 3;
