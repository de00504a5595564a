/* features/lineage_openlineage.c: the runs of a lineage graph as OpenLineage events (spec 2-0-2),
 * one JSON object a line: START, then COMPLETE, FAIL or ABORT once the run has ended.
 *
 * A version is a dataset with its number as a facet; sources, models and pipes are named as in
 * `edges`. The columns of a run with several inputs have no columnLineage facet: the catalog does
 * not say which input each came from. */
#include "features/lineage_picture.h"

#include "lineage/sql.h"

#define FACET(version, name)                                                                       \
    "'_producer', producer, '_schemaURL', "                                                        \
    "'https://openlineage.io/spec/facets/" version "/" name ".json#/$defs/" name "'"

/* json_patch leaves out the facets that are null. */
/* clang-format off */
static const char events_sql[] =
    "WITH r AS (SELECT *, 'urn:tamis:' || coalesce(tool_version, 'unknown') AS producer,"
    "    status = 'done' AND verdict = 'passed' AS good"
    "  FROM runs WHERE run_id = ?1 AND started_at IS NOT NULL AND status <> 'unknown'),"
    "hops(output, node) AS ("
    "  SELECT 0, input FROM edges WHERE output = 'stream:' || ?1"
    "  UNION"
    "  SELECT 1, iif(output GLOB 'stream:*', 'stream:' || ?1, output) FROM edges"
    "  WHERE input = 'stream:' || ?1),"
    "named AS (SELECT h.output, h.node, v.dataset, v.number, v.rows, v.bytes, v.chunks,"
    "    coalesce(v.dataset, h.node) AS name"
    "  FROM hops AS h LEFT JOIN versions AS v ON v.node = h.node),"
    "only_input AS (SELECT max(name) AS name FROM named WHERE output = 0 HAVING count(*) = 1),"
    "column_facets AS (SELECT output_column, json_object('inputFields', json_group_array("
    "    json_object('namespace', 'tamis', 'name', i.name, 'field', c.input_column,"
    "      'transformations', json_array(json_object('type', c.kind, 'subtype', c.subtype,"
    "        'masking', json(iif(c.masked, 'true', 'false'))))))) AS facet"
    "  FROM column_edges AS c JOIN only_input AS i WHERE c.run_id = ?1"
    "  GROUP BY output_column),"
    "facets AS (SELECT n.*,"
    "  iif(number IS NULL, NULL, json_object("
    FACET("1-0-1", "DatasetVersionDatasetFacet")
    "    , 'datasetVersion', CAST(number AS TEXT))) AS version,"
    "  (SELECT json_object("
    FACET("1-2-0", "SchemaDatasetFacet")
    "    , 'fields', json_group_array(json_object('name', c.name, 'type', c.type)))"
    "    FROM version_columns AS c WHERE c.dataset = n.dataset AND c.number = n.number"
    "    HAVING count(*) > 0) AS schema,"
    "  iif(n.output, (SELECT json_object("
    FACET("1-2-0", "ColumnLineageDatasetFacet")
    "    , 'fields', json_group_object(output_column, json(facet)))"
    "    FROM column_facets HAVING count(*) > 0), NULL) AS columns,"
    "  iif(number IS NULL, NULL, json_object("
    FACET("1-0-2", "OutputStatisticsOutputDatasetFacet")
    "    , 'rowCount', rows, 'size', bytes, 'fileCount', chunks)) AS statistics"
    "  FROM named AS n JOIN r),"
    "datasets AS (SELECT output, json_group_array(json_patch('{}', json_object("
    "    'namespace', 'tamis', 'name', name, 'facets', json_object('version', json(version),"
    "      'schema', json(schema), 'columnLineage', json(columns)),"
    "    'outputFacets', json(iif(output AND statistics IS NOT NULL,"
    "      json_object('outputStatistics', json(statistics)), NULL))))) AS list"
    "  FROM facets GROUP BY output)"
    "SELECT json_object('eventType', CASE WHEN NOT ending THEN 'START' WHEN good THEN 'COMPLETE'"
    "    WHEN status = 'aborted' THEN 'ABORT' ELSE 'FAIL' END,"
    "  'eventTime', iif(ending, coalesce(ended_at, started_at), started_at),"
    "  'producer', producer,"
    "  'schemaURL', 'https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent',"
    "  'run', json_object('runId', run_id, 'facets', json_patch('{}', json_object("
    "    'processing_engine', json_object("
    FACET("1-1-1", "ProcessingEngineRunFacet")
    "      , 'name', 'tamis', 'version', coalesce(tool_version, 'unknown')),"
    "    'errorMessage', json(iif(ending AND NOT good, json_object("
    FACET("1-0-1", "ErrorMessageRunFacet")
    "      , 'message', coalesce(nullif(error, ''), status), 'programmingLanguage', 'C'),"
    "      NULL))))),"
    "  'job', json_object('namespace', 'tamis', 'name', stage),"
    "  'inputs', json(coalesce((SELECT list FROM datasets WHERE output = 0), '[]')),"
    "  'outputs', json(coalesce((SELECT list FROM datasets WHERE output = 1), '[]')))"
    "FROM r JOIN (SELECT 0 AS ending UNION ALL SELECT 1)"
    "WHERE NOT ending OR status <> 'running' ORDER BY ending";
/* clang-format on */

static enum status run_events(const struct lineage_graph *graph, const char *run_id,
                              struct bytes *ret, struct err *err)
{
    OWNED(sql_close) sqlite3_stmt *statement = NULL;
    TRY(sql_open(graph->store, &statement, err, events_sql, "t", run_id));
    for (bool row = true; row;) {
        TRY(sql_next(graph->store, statement, &row, err));
        if (!row) break;
        TRY(bytes_append_text(ret, sql_text(statement, 0), err));
        TRY(bytes_append_text(ret, "\n", err));
    }
    return STATUS_OK;
}

enum status lineage_openlineage(const struct lineage_graph *graph, struct bytes *ret,
                                struct err *err)
{
    for (size_t i = 0; i < graph->node_count; i++)
        if (strcmp(graph->nodes[i].kind, "stream") == 0)
            TRY(run_events(graph, strchr(graph->nodes[i].name, ':') + 1, ret, err));
    return STATUS_OK;
}
