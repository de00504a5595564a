/* features/get.c: `tamis-features get`: the rows of a version, of a span of time, or as of a time.
 */
#include "features/commands.h"

#include "base/parallel.h"
#include "features/dependence.h"
#include "features/feature_table.h"
#include "features/recorded.h"
#include "features/sorter.h"
#include "features/ticks.h"
#include "lineage/stage.h"

struct get_args {
    struct maybe_time from, to;
    bool no_as_known;
};

static const struct setting get_options[] = {
    {.name = "from",
     .kind = SETTING_TIME,
     .offset = offsetof(struct get_args, from),
     .help = "rows whose event time is not before TIME",
     .argument = "TIME"},
    {.name = "to",
     .kind = SETTING_TIME,
     .offset = offsetof(struct get_args, to),
     .help = "rows whose event time is before TIME",
     .argument = "TIME"},
    {.name = "no-as-known",
     .kind = SETTING_FLAG,
     .offset = offsetof(struct get_args, no_as_known),
     .help = "with --as-of, use rows created after that time too"},
    {0},
};

struct get {
    struct run *run;
    struct store *store;
    const struct invocation *invocation;
    struct view view;
    struct served served;
    size_t threads;
    struct stage_output *output;
};

/* How rows were chosen and put in order. */
static struct choice choice_of(const struct get *get)
{
    const struct get_args *args = get->invocation->args;
    bool as_of = get->invocation->common.as_of.given;
    bool span = args->from.given || args->to.given;
    return (struct choice){.entity = "SORT",
                           .event_time = as_of || span ? "FILTER" : "SORT",
                           .created_time = as_of && !args->no_as_known ? "FILTER" : "SORT",
                           .log = as_of ? "FILTER" : NULL};
}

static const struct view_aggregate *find_aggregate(const struct view *view, const char *name)
{
    for (size_t i = 0; i < view->aggregate_count; i++)
        if (strcmp(view->aggregates[i].name, name) == 0) return &view->aggregates[i];
    return NULL;
}

static enum status tell_dependence(const struct get *get, const struct schema *schema,
                                   struct err *err)
{
    const struct choice choice = choice_of(get);
    for (size_t i = 0; i < schema->count; i++) {
        const char *name = schema->fields[i].name;
        const struct view_aggregate *aggregate = find_aggregate(&get->view, name);
        const struct column_edge edge = {.output_column = name,
                                         .input_column = aggregate == NULL ? name : aggregate->of,
                                         .kind = "DIRECT",
                                         .subtype = aggregate == NULL ? "IDENTITY" : "AGGREGATION"};
        if (edge.input_column != NULL) TRY(depends_on_versions(get->run, &get->served, &edge, err));
        TRY(depends_on_choice(get->run, &get->served, &choice, name, err));
    }
    return STATUS_OK;
}

static enum status open_output(struct get *get, const struct schema *schema, struct err *err)
{
    const struct common *common = &get->invocation->common;
    struct stage_target target = {.path = common->output};
    TRY(tell_dependence(get, schema, err));
    return stage_output_open(&get->output, &target, schema, get->run, common, err);
}

/* ---- a span of time ---- */

static bool within(const struct get_args *args, int64_t tick, int64_t unit)
{
    if (args->from.given && tick < tick_at_or_after(args->from.microseconds, 1000, 0, unit))
        return false;
    return !args->to.given || tick <= tick_at_or_before(args->to.microseconds, 1000, unit, true);
}

static enum status filter(const struct get *get, const struct batch *batch, struct batch *ret,
                          struct err *err)
{
    const struct get_args *args = get->invocation->args;
    OWNED(memory_release) int64_t *ticks = NULL;
    OWNED(memory_release) int64_t *rows = NULL;
    int64_t count = 0, null;
    size_t column;
    if (!args->from.given && !args->to.given) return batch_share(ret, batch, err);
    TRY(schema_require(batch->schema, str_of(get->view.event_time), &column, err));
    TRY(NEW(&ticks, (size_t)batch->rows, err));
    TRY(NEW(&rows, (size_t)batch->rows, err));
    ticks_of(&batch->schema->fields[column], batch->columns[column], ticks, &null);
    int64_t unit = tick_nanoseconds(&batch->schema->fields[column]);
    for (int64_t row = 0; row < batch->rows; row++)
        if (within(args, ticks[row], unit)) rows[count++] = row;
    return batch_take(ret, batch, rows, count, err);
}

/* ---- every row ---- */

static enum status next_filtered(struct get *get, struct served_rows *reader, struct batch *ret,
                                 bool *ret_end, struct err *err)
{
    OWNED(batch_release) struct batch batch = {0};
    TRY(interrupted(err));
    TRY(served_rows_next(reader, &batch, ret_end, err));
    if (*ret_end) return STATUS_OK;
    return filter(get, &batch, ret, err);
}

static enum status copy_rows(struct get *get, struct served_rows *reader, struct err *err)
{
    for (;;) {
        OWNED(batch_release) struct batch batch = {0};
        bool end = false;
        TRY(next_filtered(get, reader, &batch, &end, err));
        if (end) return STATUS_OK;
        if (batch.rows > 0) TRY(stage_output_add(get->output, &batch, err));
    }
}

/* Several appends, each sorted: sorted anew, so that the order does not tell how rows came. */
static enum status copy_sorted(struct get *get, struct served_rows *reader, struct err *err)
{
    OWNED(sorter_close) struct sorter *sorter = NULL;
    struct timeline_columns columns = view_columns(&get->view);
    TRY(sorter_open(&sorter, served_rows_schema(reader), &columns, memory_limit(), get->threads,
                    err));
    for (bool end = false; !end;) {
        OWNED(batch_release) struct batch batch = {0};
        TRY(next_filtered(get, reader, &batch, &end, err));
        if (!end && batch.rows > 0) TRY(sorter_add(sorter, &batch, err));
    }
    for (;;) {
        OWNED(batch_release) struct batch batch = {0};
        bool end = false;
        TRY(sorter_next(sorter, &batch, &end, err));
        if (end) return STATUS_OK;
        TRY(stage_output_add(get->output, &batch, err));
    }
}

static enum status get_rows(struct get *get, struct err *err)
{
    OWNED(served_rows_close) struct served_rows *reader = NULL;
    TRY(served_rows_open(&reader, get->store, &get->served, get->threads, err));
    const struct schema *schema = served_rows_schema(reader);
    TRY(open_output(get, schema, err));
    return served_rows_pieces(reader) > 1 ? copy_sorted(get, reader, err)
                                          : copy_rows(get, reader, err);
}

/* ---- one row an entity ---- */

/* The entities that have a row then; their numbers in key order. */
static enum status find_entities(const struct get *get, const struct feature_table *table,
                                 uint32_t *ids, int64_t *ret_count, struct err *err)
{
    int64_t time = get->invocation->common.as_of.microseconds;
    *ret_count = 0;
    TRY(interrupted(err));
    for (uint32_t id = 0; id < table->timeline->entity_count; id++)
        if (point_in_time_at(table->point, id, time, 1000) >= 0) ids[(*ret_count)++] = id;
    return STATUS_OK;
}

static enum status answer(const struct get *get, const struct feature_table *table,
                          const uint32_t *ids, int64_t count, struct array **columns,
                          struct batch *ret, struct err *err)
{
    OWNED(asked_release) struct asked asked = {.rows = count, .unit = 1000};
    int64_t found;
    TRY(NEW(&asked.ids, (size_t)count, err));
    TRY(NEW(&asked.times, (size_t)count, err));
    for (int64_t i = 0; i < count; i++) {
        asked.ids[i] = ids[i];
        asked.times[i] = get->invocation->common.as_of.microseconds;
    }
    TRY(feature_table_answer(table, &asked, columns, &found, err));
    return batch_make(ret, table->answers, count, columns, err);
}

static enum status write_entities(struct get *get, const struct feature_table *table,
                                  const uint32_t *ids, int64_t count, struct err *err)
{
    OWNED(memory_release) struct array **columns = NULL;
    TRY(NEW(&columns, table->answers->count, err));
    for (int64_t first = 0; first < count; first += BATCH_ROWS_MAXIMUM) {
        OWNED(batch_release) struct batch batch = {0};
        int64_t left = count - first;
        enum status status =
            answer(get, table, ids + first, left < BATCH_ROWS_MAXIMUM ? left : BATCH_ROWS_MAXIMUM,
                   columns, &batch, err);
        for (size_t i = 0; i < table->answers->count; i++)
            array_unref(&columns[i]);
        if (status == STATUS_OK) status = stage_output_add(get->output, &batch, err);
        if (status != STATUS_OK) return status;
    }
    return STATUS_OK;
}

/* The entities of the range in memory. */
static enum status write_range(struct get *get, const struct feature_table *table, struct err *err)
{
    OWNED(memory_release) uint32_t *ids = NULL;
    int64_t count = 0;
    TRY(NEW(&ids, table->timeline->entity_count, err));
    TRY(find_entities(get, table, ids, &count, err));
    return write_entities(get, table, ids, count, err);
}

/* Ranges of entities come in key order, and so do those of a range. */
static enum status get_as_of(struct get *get, struct err *err)
{
    const struct get_args *args = get->invocation->args;
    OWNED(feature_table_release) struct feature_table table = {0};
    struct feature_options options = {.as_known = !args->no_as_known,
                                      .keys = true,
                                      .provenance = true,
                                      .order = TIMELINE_BY_KEY,
                                      .threads = get->threads};
    size_t limit = memory_limit();
    TRY(feature_table_open(&table, get->store, get->invocation->operands[0], &options,
                           get->invocation->arena, err));
    TRY(open_output(get, table.answers, err));
    for (bool more = true; more;) {
        TRY(feature_table_next(&table, limit == 0 ? UINT64_MAX : limit / 3, &more, err));
        TRY(write_range(get, &table, err));
    }
    return STATUS_OK;
}

/* ---- the command ---- */

static enum status check_args(const struct get *get, struct err *err)
{
    const struct get_args *args = get->invocation->args;
    if ((args->from.given || args->to.given) && get->view.event_time == NULL)
        return fail(err, STATUS_USAGE, "view \"%s\" has no event time for --from and --to",
                    get->view.name);
    if ((args->from.given || args->to.given) && get->invocation->common.as_of.given)
        return fail(err, STATUS_USAGE, "--as-of is one time, --from and --to are a span: not both");
    return STATUS_OK;
}

static enum status get_version(struct get *get, struct err *err)
{
    const struct invocation *invocation = get->invocation;
    TRY(served_find(&get->served, get->store, invocation->operands[0], invocation->arena, err));
    get->view = get->served.view;
    TRY(check_args(get, err));
    TRY(served_edges(&get->served, get->run, err));
    TRY(invocation->common.as_of.given ? get_as_of(get, err) : get_rows(get, err));
    run_count(get->run, &(struct row_counts){.in = stage_output_rows(get->output),
                                             .out = stage_output_rows(get->output),
                                             .bytes_out = stage_output_bytes(get->output)});
    return stage_output_finish(get->output, NULL, err);
}

static enum status get_run(struct invocation *invocation, struct err *err)
{
    OWNED(store_close) struct store *store = NULL;
    OWNED(run_close) struct run *run = NULL;
    bool record = false;
    TRY(recorded_store(&store, &invocation->common, &record, err));
    TRY(run_begin(&run, record ? store : NULL, "features get", invocation, err));
    struct get get = {.run = run,
                      .store = store,
                      .invocation = invocation,
                      .threads = parallel_threads((size_t)invocation->common.threads)};
    enum status status = get_version(&get, err);
    stage_output_close(&get.output);
    return run_finish(run, status, err);
}

const struct command get_command = {
    .name = "get",
    .operands = "VIEW[@REF]",
    .summary = "read a version of a view",
    .details = "Rows come by entity, event time and created time. With --as-of TIME one row for "
               "each entity that has one then: the newest that is not after TIME, not older than "
               "the ttl and created by TIME; aggregates of the view are worked out at TIME. --from "
               "is in, --to is out.",
    .examples = "tamis-features get user_activity@3 -o activity.arrow\n"
                "tamis-features get user_activity --as-of 2026-11-01 | tamis-features cat",
    .options = get_options,
    .args_bytes = sizeof(struct get_args),
    .operands_minimum = 1,
    .operands_maximum = 1,
    .run = get_run,
    .common_without = "json|explain|seed|no-store",
};
