/* features/lineage_event.c: our own kind of events: start, metric, complete, fail, abort.
 *
 * SQLite reads the JSON: it is there, strict, and knows types. */
#include "features/lineage_event.h"

#include "features/lineage_node_name.h"

#include <stdio.h>

#define JOB_MOST 200

enum status lineage_event_ask(struct store *store, struct arena *arena, const char **ret,
                              struct err *err, const char *sql, struct str line)
{
    OWNED(sql_close) sqlite3_stmt *statement = NULL;
    bool row;
    *ret = NULL;
    TRY(sql_open(store, &statement, err, sql, "s", line));
    TRY(sql_next(store, statement, &row, err));
    if (!row || sqlite3_column_type(statement, 0) == SQLITE_NULL) return STATUS_OK;
    *ret = arena_format(arena, "%s", sql_text(statement, 0));
    return *ret == NULL ? fail_memory(err, 0) : STATUS_OK;
}

enum status lineage_event_check(struct store *store, const char *const *checks, size_t count,
                                struct str line, struct arena *arena, struct err *err)
{
    const char *wrong;
    for (size_t i = 0; i < count; i++) {
        TRY(lineage_event_ask(store, arena, &wrong, err, checks[i], line));
        if (wrong != NULL) return fail(err, STATUS_USAGE, "%s", wrong);
    }
    return STATUS_OK;
}

/* ---- what may stand in a line; each names what is wrong ---- */

static const char *const checks[] = {
    "SELECT 'it is not JSON' WHERE NOT json_valid(?1)",
    "SELECT 'it is a JSON ' || json_type(?1) || ', expected an object' WHERE json_type(?1) <> "
    "'object'",
    "SELECT 'unknown key \"' || key || '\"' FROM json_each(?1) WHERE key NOT IN ('event', 'run',"
    " 'job', 'time', 'inputs', 'outputs', 'params', 'metrics', 'epoch', 'error')",
    "SELECT '\"' || key || '\" is ' || type || ', expected text' FROM json_each(?1)"
    " WHERE key IN ('event', 'run', 'job', 'time', 'error') AND type <> 'text'",
    "SELECT '\"' || key || '\" is ' || type || ', expected a list' FROM json_each(?1)"
    " WHERE key IN ('inputs', 'outputs') AND type <> 'array'",
    "SELECT '\"' || key || '\" is ' || type || ', expected an object' FROM json_each(?1)"
    " WHERE key IN ('params', 'metrics') AND type <> 'object'",
    "SELECT '\"epoch\" is ' || atom || ', expected a whole number from 0' FROM json_each(?1)"
    " WHERE key = 'epoch' AND (type <> 'integer' OR atom < 0)",
    "SELECT 'a node in \"' || e.key || '\" is ' || i.type || ', expected text'"
    " FROM json_each(?1) AS e, json_each(e.value) AS i"
    " WHERE e.key IN ('inputs', 'outputs') AND (i.type <> 'text' OR i.atom = '')",
    "SELECT 'metric \"' || key || '\" is ' || iif(type = 'real', 'too large', type)"
    " || ', expected a number'"
    " FROM json_each(?1, '$.metrics') WHERE type NOT IN ('integer', 'real') OR abs(atom) > 1.7e308"
    " OR key = ''",
};

/* ---- the run ---- */

struct event {
    struct store *store;
    struct str line;
    struct arena *arena;
    const char *kind, *job, *run, *error;
    int64_t time;
};

static enum status read_time(struct event *event, struct err *err)
{
    const char *text;
    TRY(lineage_event_ask(event->store, event->arena, &text, err, "SELECT ?1 ->> '$.time'",
                          event->line));
    event->time = clock_now();
    return text == NULL ? STATUS_OK : time_parse(str_of(text), &event->time, err);
}

static enum status read_event(struct event *event, struct err *err)
{
    static const char *const paths[] = {"SELECT ?1 ->> '$.event'", "SELECT ?1 ->> '$.job'",
                                        "SELECT lower(?1 ->> '$.run')", "SELECT ?1 ->> '$.error'"};
    const char **places[] = {&event->kind, &event->job, &event->run, &event->error};
    for (size_t i = 0; i < 4; i++)
        TRY(lineage_event_ask(event->store, event->arena, places[i], err, paths[i], event->line));
    if (event->run != NULL && !uuid_is(event->run))
        return fail(err, STATUS_USAGE, "\"run\" is \"%.60s\", expected a UUID", event->run);
    return read_time(event, err);
}

static enum status begin_run(struct event *event, struct lineage_told *told, struct err *err)
{
    char id[UUID_TEXT];
    int64_t there = 0;
    if (event->job == NULL || *event->job == '\0' || strlen(event->job) > JOB_MOST)
        return fail(err, STATUS_USAGE, "\"job\" is missing or has more than %d bytes: what ran",
                    JOB_MOST);
    if (event->run == NULL)
        uuid7(id);
    else
        snprintf(id, sizeof id, "%s", event->run);
    TRY(sql_number(event->store, &there, 0, err, "SELECT 1 FROM runs WHERE run_id = ?", "t", id));
    if (there != 0) return fail(err, STATUS_USAGE, "run %s is recorded already", id);
    TRY(sql_run(event->store, err,
                "INSERT INTO runs (run_id, stage, job, started_at, status, tool_version)"
                " VALUES (?1, 'job ' || ?2, ?2, ?3, 'running', ?4)",
                "ttut", id, event->job, event->time, tamis_version()));
    TRY(sql_run(event->store, err, "INSERT INTO temp.told_runs VALUES (?)", "t", id));
    snprintf(told->current, sizeof told->current, "%s", id);
    told->begun++;
    return STATUS_OK;
}

/* The run an event is about must be of this kind and must not have ended. */
static enum status find_run(struct event *event, struct lineage_told *told, struct err *err)
{
    int64_t open = 0;
    if (event->run == NULL) event->run = told->current;
    if (event->run[0] == '\0')
        return fail(err, STATUS_USAGE, "no run has begun that \"%s\" could be about", event->kind);
    TRY(sql_number(event->store, &open, 0, err,
                   "SELECT 1 FROM runs WHERE run_id = ? AND stage GLOB 'job *'"
                   " AND status IN ('running', 'lost')",
                   "t", event->run));
    if (open != 0) return STATUS_OK;
    return fail(err, STATUS_USAGE, "run %s has not begun, or has ended already", event->run);
}

static enum status end_run(struct event *event, const char *status, struct lineage_told *told,
                           struct err *err)
{
    bool done = strcmp(status, "done") == 0;
    told->ended++;
    TRY(sql_run(event->store, err, "DELETE FROM temp.told_runs WHERE run_id = ?", "t", event->run));
    return sql_run(event->store, err,
                   "UPDATE runs SET status = ?, ended_at = ?, exit_code = ?, error = ?"
                   " WHERE run_id = ?",
                   "tuitt", status, event->time, (int64_t)!done, event->error, event->run);
}

/* ---- what every event may say ---- */

static enum status add_inputs(struct event *event, struct err *err)
{
    OWNED(sql_close) sqlite3_stmt *list = NULL;
    const char *node;
    TRY(sql_open(event->store, &list, err, "SELECT atom FROM json_each(?1, '$.inputs')", "s",
                 event->line));
    for (bool row = true;;) {
        TRY(sql_next(event->store, list, &row, err));
        if (!row) return STATUS_OK;
        const char *name = arena_format(event->arena, "%s", sql_text(list, 0));
        if (name == NULL) return fail_memory(err, 0);
        TRY(lineage_node_name(event->store, name, &node, event->arena, err));
        TRY(sql_run(event->store, err,
                    "INSERT OR IGNORE INTO edges (run_id, input, output)"
                    " VALUES (?1, ?2, 'stream:' || ?1)",
                    "tt", event->run, node));
    }
}

/* Versions get their edges when they are committed. */
static enum status add_outputs(struct event *event, struct err *err)
{
    const char *wrong;
    TRY(lineage_event_ask(event->store, event->arena, &wrong, err,
                          "SELECT atom FROM json_each(?1, '$.outputs')"
                          " WHERE atom NOT GLOB 'model:?*' AND atom NOT GLOB 'external:?*'",
                          event->line));
    if (wrong != NULL)
        return fail(err, STATUS_USAGE, "output \"%s\" is not model:NAME or external:NAME", wrong);
    return sql_run(event->store, err,
                   "INSERT OR IGNORE INTO edges (run_id, input, output)"
                   " SELECT ?2, 'stream:' || ?2, atom FROM json_each(?1, '$.outputs')",
                   "st", event->line, event->run);
}

/* The last of each name is the run's; with an epoch each stays. */
static enum status add_numbers(struct event *event, struct err *err)
{
    TRY(sql_run(event->store, err,
                "INSERT OR REPLACE INTO run_metrics (run_id, name, value, unit)"
                " SELECT ?2, key, CAST(atom AS REAL), '' FROM json_each(?1, '$.metrics')",
                "st", event->line, event->run));
    TRY(sql_run(event->store, err,
                "INSERT OR REPLACE INTO metric_steps (run_id, name, step, value)"
                " SELECT ?2, key, ?1 ->> '$.epoch', CAST(atom AS REAL)"
                " FROM json_each(?1, '$.metrics') WHERE ?1 ->> '$.epoch' IS NOT NULL",
                "st", event->line, event->run));
    return sql_run(event->store, err,
                   "UPDATE runs SET config = json_patch(coalesce(config, '{}'), ?1 -> '$.params')"
                   " WHERE run_id = ?2 AND ?1 -> '$.params' IS NOT NULL",
                   "st", event->line, event->run);
}

/* ---- one line ---- */

static const char *ending(const char *kind)
{
    if (strcmp(kind, "complete") == 0) return "done";
    if (strcmp(kind, "fail") == 0) return "failed";
    return strcmp(kind, "abort") == 0 ? "aborted" : NULL;
}

static enum status apply(struct event *event, struct lineage_told *told, struct err *err)
{
    bool start = strcmp(event->kind, "start") == 0;
    const char *end = ending(event->kind);
    if (!start && end == NULL && strcmp(event->kind, "metric") != 0)
        return fail(err, STATUS_USAGE,
                    "event \"%.60s\", expected start, metric, complete, fail or abort",
                    event->kind);
    if (start) TRY(begin_run(event, told, err));
    if (start) event->run = told->current;
    TRY(find_run(event, told, err));
    TRY(add_inputs(event, err));
    TRY(add_outputs(event, err));
    TRY(add_numbers(event, err));
    return end == NULL ? STATUS_OK : end_run(event, end, told, err);
}

enum status lineage_event_open(struct store *store, struct err *err)
{
    return sql_run(store, err,
                   "CREATE TEMP TABLE IF NOT EXISTS told_runs (run_id TEXT PRIMARY KEY)", "");
}

enum status lineage_event_apply(struct store *store, struct str line, struct lineage_told *told,
                                struct arena *arena, struct err *err)
{
    struct event event = {.store = store, .line = line, .arena = arena};
    struct lineage_told before = *told;
    const char *openlineage = NULL;
    enum status status =
        lineage_event_ask(store, arena, &openlineage, err,
                          "SELECT iif(json_valid(?1), json_type(?1, '$.eventType'), NULL)", line);
    if (status == STATUS_OK && openlineage != NULL)
        return lineage_event_openlineage(store, line, told, err);
    if (status == STATUS_OK)
        status =
            lineage_event_check(store, checks, sizeof checks / sizeof *checks, line, arena, err);
    if (status == STATUS_OK) status = read_event(&event, err);
    if (status == STATUS_OK && event.kind == NULL)
        status =
            fail(err, STATUS_USAGE, "neither \"event\" nor OpenLineage's \"eventType\" is there");
    if (status == STATUS_OK) status = apply(&event, told, err);
    if (status != STATUS_OK) *told = before;
    return status;
}

enum status lineage_event_close(struct store *store, const struct lineage_told *told,
                                struct err *err)
{
    (void)told;
    return sql_run(store, err,
                   "UPDATE runs SET status = 'lost', error = 'its events ended before it did'"
                   " WHERE status = 'running' AND run_id IN (SELECT run_id FROM temp.told_runs)",
                   "");
}
