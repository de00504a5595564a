/* features/lineage_event_openlineage.c: an OpenLineage RunEvent of somebody else
 * (https://openlineage.io/spec/2-0-2/OpenLineage.json) becomes what we know of a run.
 *
 * A dataset of the namespace "tamis" is a node of ours: with a version facet DATASET@N, else its
 * name as in `edges`; one of "file" is external:PATH; any other external:NAMESPACE/NAME. */
#include "features/lineage_event.h"

static const char node[] =
    "CASE WHEN d.value ->> '$.namespace' <> 'tamis'"
    "  THEN iif(d.value ->> '$.namespace' = 'file', 'external:' || (d.value ->> '$.name'),"
    "    'external:' || (d.value ->> '$.namespace') || '/' || (d.value ->> '$.name'))"
    " WHEN d.value ->> '$.facets.version.datasetVersion' IS NOT NULL"
    "  THEN 'version:' || (d.value ->> '$.name') || '@'"
    "    || (d.value ->> '$.facets.version.datasetVersion')"
    " WHEN d.value ->> '$.name' GLOB '[a-z]*:?*' THEN d.value ->> '$.name'"
    " ELSE 'external:' || (d.value ->> '$.name') END";

/* ---- what is wrong with it ---- */

static const char *const checks[] = {
    "SELECT 'eventType ' || coalesce(?1 -> '$.eventType', 'null') || ', expected START, RUNNING,"
    " COMPLETE, ABORT, FAIL or OTHER' WHERE coalesce(?1 ->> '$.eventType', '')"
    " NOT IN ('START', 'RUNNING', 'COMPLETE', 'ABORT', 'FAIL', 'OTHER')",
    "SELECT 'eventTime is missing' WHERE coalesce(json_type(?1, '$.eventTime'), '') <> 'text'",
    "SELECT 'run.runId is missing' WHERE coalesce(json_type(?1, '$.run.runId'), '') <> 'text'",
    "SELECT 'job.namespace or job.name is missing'"
    " WHERE coalesce(json_type(?1, '$.job.namespace'), '') <> 'text'"
    " OR coalesce(json_type(?1, '$.job.name'), '') <> 'text'",
    "SELECT 'a dataset of ' || side.key || ' has no namespace or name'"
    " FROM json_each(?1) AS side, json_each(side.value) AS d WHERE side.key IN ('inputs', "
    "'outputs')"
    " AND (coalesce(json_type(d.value, '$.namespace'), '') <> 'text'"
    "  OR coalesce(json_type(d.value, '$.name'), '') <> 'text')",
};

/* ---- the run ---- */

/* A run of our own stages knows more of itself than the event does. */
static enum status may_change(struct store *store, const char *run, bool *ret, struct err *err)
{
    int64_t ours = 0;
    TRY(sql_number(store, &ours, 0, err,
                   "SELECT 1 FROM runs WHERE run_id = ? AND stage <> '' AND stage NOT GLOB 'job *'",
                   "t", run));
    *ret = ours == 0;
    return STATUS_OK;
}

static enum status put_run(struct store *store, struct str line, const char *run, int64_t time,
                           struct lineage_told *told, struct err *err)
{
    TRY(sql_run(store, err,
                "INSERT OR IGNORE INTO runs (run_id, stage, status) VALUES (?, '', 'unknown')", "t",
                run));
    told->begun += sqlite3_changes(store_catalog(store));
    TRY(sql_run(
        store, err,
        "UPDATE runs SET stage = 'job ' || (?1 ->> '$.job.name'), job = ?1 ->> '$.job.name',"
        " tool_version = ?4,"
        " started_at = min(coalesce(started_at, ?3), ?3),"
        " status = iif(status = 'unknown', 'running', status),"
        " parent_run = coalesce(?1 ->> '$.run.facets.parent.run.runId', parent_run),"
        " parent_job = coalesce((?1 ->> '$.run.facets.parent.job.namespace') || '/' ||"
        "   (?1 ->> '$.run.facets.parent.job.name'), parent_job)"
        " WHERE run_id = ?2",
        "stut", line, run, time, tamis_version()));
    TRY(sql_run(store, err,
                "UPDATE runs SET ended_at = ?3, exit_code = ?1 ->> '$.eventType' <> 'COMPLETE',"
                " status = CASE ?1 ->> '$.eventType' WHEN 'COMPLETE' THEN 'done'"
                "  WHEN 'FAIL' THEN 'failed' ELSE 'aborted' END,"
                " error = ?1 ->> '$.run.facets.errorMessage.message'"
                " WHERE run_id = ?2 AND ?1 ->> '$.eventType' IN ('COMPLETE', 'FAIL', 'ABORT')",
                "stu", line, run, time));
    told->ended += sqlite3_changes(store_catalog(store));
    return STATUS_OK;
}

/* ---- the graph ---- */

/* `sql` with the word NODE replaced by what names a dataset. */
static enum status run_with_node(struct store *store, const char *before, const char *after,
                                 struct str line, const char *run, struct err *err)
{
    OWNED(bytes_release) struct bytes sql = bytes_limited(64 << 10);
    TRY(bytes_format(&sql, err, "%s%s%s", before, node, after));
    TRY(bytes_append(&sql, "", 1, err));
    return sql_run(store, err, (const char *)sql.data, "st", line, run);
}

static enum status put_edges(struct store *store, struct str line, const char *run, struct err *err)
{
    TRY(run_with_node(store, "INSERT OR IGNORE INTO edges (run_id, input, output) SELECT ?2, ",
                      ", 'stream:' || ?2 FROM json_each(?1, '$.inputs') AS d", line, run, err));
    TRY(run_with_node(store,
                      "INSERT OR IGNORE INTO edges (run_id, input, output)"
                      " SELECT ?2, 'stream:' || ?2, n FROM (SELECT ",
                      " AS n FROM json_each(?1, '$.outputs') AS d) WHERE n <> 'stream:' || ?2",
                      line, run, err));
    return sql_run(store, err,
                   "INSERT OR IGNORE INTO runs (run_id, stage, status) SELECT substr(input, 8), '',"
                   " 'unknown' FROM edges WHERE run_id = ? AND input GLOB 'stream:?*'"
                   " AND input <> 'stream:' || run_id",
                   "t", run);
}

static enum status put_columns(struct store *store, struct str line, const char *run,
                               struct err *err)
{
    TRY(run_with_node(
        store,
        "INSERT OR IGNORE INTO column_edges (run_id, output_column, input_column, kind, subtype,"
        " masked, input) SELECT ?2, f.key, d.value ->> '$.field',"
        " iif(t.value ->> '$.type' = 'INDIRECT', 'INDIRECT', 'DIRECT'),"
        " coalesce(t.value ->> '$.subtype', 'TRANSFORMATION'),"
        " coalesce(t.value ->> '$.masking', 0) = 1, ",
        " FROM json_each(?1, '$.outputs') AS o,"
        " json_each(o.value, '$.facets.columnLineage.fields') AS f,"
        " json_each(f.value, '$.inputFields') AS d,"
        " json_each(coalesce(d.value -> '$.transformations', '[{}]')) AS t"
        " WHERE d.value ->> '$.field' IS NOT NULL AND d.value ->> '$.name' IS NOT NULL",
        line, run, err));
    return run_with_node(
        store,
        "INSERT OR REPLACE INTO run_columns (run_id, node, position, name, type, nullable, "
        "personal)"
        " SELECT ?2, ",
        ", f.key + 1, f.value ->> '$.name', coalesce(f.value ->> '$.type', ''), 1, 0"
        " FROM (SELECT value FROM json_each(?1, '$.inputs') UNION ALL"
        "  SELECT value FROM json_each(?1, '$.outputs')) AS d,"
        " json_each(d.value, '$.facets.schema.fields') AS f"
        " WHERE f.value ->> '$.name' IS NOT NULL",
        line, run, err);
}

enum status lineage_event_openlineage(struct store *store, struct str line,
                                      struct lineage_told *told, struct err *err)
{
    OWNED(arena_close) struct arena *arena = NULL;
    const char *run, *when;
    int64_t time;
    bool ours_to_change;
    TRY(arena_open(&arena, err));
    TRY(lineage_event_check(store, checks, sizeof checks / sizeof *checks, line, arena, err));
    TRY(lineage_event_ask(store, arena, &run, err, "SELECT lower(?1 ->> '$.run.runId')", line));
    TRY(lineage_event_ask(store, arena, &when, err, "SELECT ?1 ->> '$.eventTime'", line));
    if (!uuid_is(run))
        return fail(err, STATUS_USAGE, "run.runId is \"%.60s\", expected a UUID", run);
    enum status status = time_parse(str_of(when), &time, err);
    if (status != STATUS_OK) return fail_within(err, status, "eventTime");
    TRY(may_change(store, run, &ours_to_change, err));
    if (!ours_to_change) return STATUS_OK;
    TRY(put_run(store, line, run, time, told, err));
    TRY(put_edges(store, line, run, err));
    return put_columns(store, line, run, err);
}
