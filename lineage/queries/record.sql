-- record.sql: what became of a record: through every run and version, up to where it left the data;
-- where it was merged into another one, on with that one; and the training sets and models it is in.
--
--   :source  the value of _source
--   :record  the value of _record
--
-- sqlite3 -readonly .tamis/catalog.db ".parameter set :source 'orders.csv'" \
--     ".parameter set :record 5" ".read lineage/queries/record.sql"
--
-- fate: kept, merge (into which record), drop or reject. source and record: which one it goes on as.
-- changed_by: the modules of the run that changed cells, of whichever rows; with --audit cells,
-- record_cells.sql tells which cells of this record. A join takes the rows its spine asks for: whether
-- the record is one of them, the columns VIEW._source and VIEW._record of the training set tell.
WITH RECURSIVE
-- The record, and those it was merged into.
alias(source, record) AS (
    SELECT :source, :record
    UNION
    SELECT g.into_source, g.into_record
    FROM alias CROSS JOIN row_events AS g ON g.source = alias.source AND g.record = alias.record
    WHERE g.kind = 'merge'
),
gone(node, source, record, kind, reason, into_source, into_record) AS MATERIALIZED (
    SELECT 'stream:' || g.run_id, g.source, g.record, g.kind,
           coalesce(g.module || ': ', '') || coalesce(g.rule, ''), g.into_source, g.into_record
    FROM alias CROSS JOIN row_events AS g ON g.source = alias.source AND g.record = alias.record
    WHERE g.kind <> 'create'
),
-- hops is a space for each. RTRIM, and so UNION, takes texts for equal that differ in spaces at their ends
-- only: the first way to a node stays, which is a shortest, since rows are taken in their order.
reach(node, hops, source, record) AS (
    SELECT 'source:' || :source, '' COLLATE RTRIM, :source, :record
    UNION
    SELECT e.output,
           reach.hops || ' ',
           coalesce(g.into_source, reach.source),
           coalesce(g.into_record, reach.record)
    FROM reach
    CROSS JOIN edges AS e ON e.input = reach.node
    LEFT JOIN gone AS g ON g.node = reach.node AND g.source = reach.source AND g.record = reach.record
    WHERE g.node IS NULL OR g.kind = 'merge'
),
nearest(node, source, record, depth) AS MATERIALIZED (
    SELECT node, source, record, length(hops) FROM reach
)
SELECT n.depth,
       n.node,
       r.stage,
       r.status AS run_status,
       coalesce(g.kind, 'kept') AS fate,
       g.reason,
       g.into_source,
       g.into_record,
       n.source,
       n.record,
       iif(r.stage = 'clean',
           (SELECT group_concat(module, ' ') FROM module_effects AS m
            WHERE m.run_id = r.run_id AND m.cells_changed > 0), NULL) AS changed_by,
       t.output AS training_set
FROM nearest AS n
LEFT JOIN runs AS r ON n.node GLOB 'stream:*' AND r.run_id = substr(n.node, 8)
LEFT JOIN gone AS g ON g.node = n.node AND g.source = n.source AND g.record = n.record
LEFT JOIN training_sets AS t ON r.stage = 'features join' AND t.run_id = r.run_id
ORDER BY n.depth, n.node, n.record;
