/* features/join.c: `tamis-features join`: a spine of entities and times gets the features that were
 * true and known then. */
#include "features/commands.h"

#include "base/clock.h"
#include "base/parallel.h"
#include "columnar/content.h"
#include "features/answers.h"
#include "features/join_check.h"
#include "features/recorded.h"
#include "features/ticks.h"
#include "lineage/sql.h"
#include "lineage/stage.h"

#include <stdio.h>

struct join_args {
    const char *spine, *event_time, *into;
    struct text_list views;
    bool strict_before, no_as_known, provenance;
    int64_t verify;
};

#define IN(member) offsetof(struct join_args, member)

static const struct setting join_options[] = {
    {.name = "spine",
     .kind = SETTING_TEXT,
     .offset = IN(spine),
     .help = "the rows to add features to: a file, - or tamis:DATASET[@REF]",
     .argument = "FILE"},
    {.name = "view",
     .kind = SETTING_TEXTS,
     .offset = IN(views),
     .help = "a view whose features are added; may be given several times",
     .argument = "VIEW[@REF]"},
    {.name = "event-time",
     .kind = SETTING_TEXT,
     .offset = IN(event_time),
     .help = "the spine's time column (default: the one named like the view's)",
     .argument = "COLUMN"},
    {.name = "strict-before",
     .kind = SETTING_FLAG,
     .offset = IN(strict_before),
     .help = "features from before the spine's time only, not from the same moment"},
    {.name = "no-as-known",
     .kind = SETTING_FLAG,
     .offset = IN(no_as_known),
     .help = "use rows created after the spine's time too: values nobody knew then"},
    {.name = "provenance",
     .kind = SETTING_FLAG,
     .offset = IN(provenance),
     .help = "add VIEW._source and VIEW._record, the origin of each feature row"},
    {.name = "verify",
     .kind = SETTING_INT,
     .offset = IN(verify),
     .fallback = "0",
     .maximum = 100000,
     .help = "answer N random rows (--seed) again by brute force before the result counts",
     .argument = "N"},
    {.name = "into",
     .kind = SETTING_TEXT,
     .offset = IN(into),
     .help = "keep the result as a version of this dataset",
     .argument = "DATASET"},
    {0},
};

struct join {
    struct run *run;
    const struct invocation *invocation;
    const struct join_args *args;
    size_t threads;
    struct feature_table *tables;
    size_t table_count;
    bool *more;                        /* by view: it does not fit into memory at once */
    struct answers **answers;          /* by view: of those that do not */
    struct join_check *check;          /* --verify */
    struct content_digester *digester; /* of the result, unless --into makes one */
    struct spill_file file;
    struct sorted_run *aside; /* the spine, where a view does not fit */
    size_t next_aside;
    struct stage_input *spine;
    struct key_layout *layouts; /* of each view's entity in the spine */
    int64_t time_column;        /* of the spine, -1 = none */
    struct schema *schema;
    struct stage_output *output;
    int64_t *found; /* rows of the spine that got a feature row, by view */
};

static void join_release(struct join *join)
{
    for (size_t i = 0; join->tables != NULL && i < join->table_count; i++)
        feature_table_release(&join->tables[i]);
    for (size_t i = 0; join->answers != NULL && i < join->table_count; i++)
        answers_close(&join->answers[i]);
    join_check_close(&join->check);
    content_digester_close(&join->digester);
    sorted_run_close(&join->aside);
    descriptor_close(&join->file.descriptor);
    memory_free(join->answers);
    memory_free(join->more);
    memory_free(join->tables);
    memory_free(join->layouts);
    memory_free(join->found);
    schema_unref(&join->schema);
    stage_input_close(&join->spine);
    stage_output_close(&join->output);
}

/* ---- views ---- */

/* Bytes of one view in memory: all of them together take a third, and loading as much again. */
static uint64_t budget_of(const struct join *join)
{
    size_t limit = memory_limit();
    return limit == 0 ? UINT64_MAX : limit / 3 / join->args->views.count;
}

static enum status load_views(struct join *join, struct err *err)
{
    const struct text_list *views = &join->args->views;
    struct feature_options options = {.strict_before = join->args->strict_before,
                                      .as_known = !join->args->no_as_known,
                                      .provenance = join->args->provenance,
                                      .order = TIMELINE_BY_ENTITY_NUMBER,
                                      .threads = join->threads};
    char input[VERSION_NODE], output[80];
    snprintf(output, sizeof output, "stream:%s", run_id(join->run));
    TRY(NEW(&join->tables, views->count, err));
    TRY(NEW(&join->found, views->count, err));
    TRY(NEW(&join->more, views->count, err));
    TRY(NEW(&join->answers, views->count, err));
    for (size_t i = 0; i < views->count; i++) {
        join->table_count++;
        TRY(feature_table_open(&join->tables[i], run_store(join->run), views->items[i], &options,
                               join->invocation->arena, err));
        TRY(feature_table_next(&join->tables[i], budget_of(join), &join->more[i], err));
        TRY(run_edge(join->run, version_node(&join->tables[i].version, input), output, err));
    }
    return STATUS_OK;
}

/* ---- the spine's columns ---- */

static enum status match_keys(struct join *join, size_t view, const struct schema *spine,
                              struct err *err)
{
    const struct feature_table *table = &join->tables[view];
    struct key_layout *layout = &join->layouts[view];
    char here[128], there[128];
    size_t column;
    TRY(key_layout_of(spine, &table->view.entity, layout, err));
    if (key_layouts_agree(layout, &table->timeline->layout, &column)) return STATUS_OK;
    const char *name = table->view.entity.items[column];
    size_t view_column = table->timeline->layout.columns[column];
    return fail(err, STATUS_USAGE, "column \"%s\" is %s in the spine and %s in view \"%s\"", name,
                field_type_text(&spine->fields[layout->columns[column]], here, sizeof here),
                field_type_text(&table->schema->fields[view_column], there, sizeof there),
                table->view.name);
}

/* The time column asked for, else the one named like a view's. */
static enum status find_time(struct join *join, const struct schema *spine, struct err *err)
{
    const char *name = join->args->event_time, *wanted = NULL;
    size_t column;
    join->time_column = -1;
    for (size_t i = 0; i < join->table_count && name == NULL; i++) {
        const struct view *view = &join->tables[i].view;
        if (view->event_time == NULL) continue;
        wanted = view->event_time;
        if (schema_find(spine, str_of(wanted)) >= 0) name = wanted;
    }
    if (name == NULL && wanted == NULL) return STATUS_OK;
    if (name == NULL) {
        fail(err, STATUS_USAGE, "the spine has no column \"%s\" to compare times with", wanted);
        err_hint(err, "name its time column with --event-time");
        return STATUS_USAGE;
    }
    TRY(schema_require(spine, str_of(name), &column, err));
    join->time_column = (int64_t)column;
    return require_time(&spine->fields[column], "event time", err);
}

static enum status check_spine(struct join *join, struct err *err)
{
    const struct schema *spine = stage_input_schema(join->spine);
    TRY(NEW(&join->layouts, join->table_count, err));
    TRY(find_time(join, spine, err));
    for (size_t i = 0; i < join->table_count; i++)
        TRY(match_keys(join, i, spine, err));
    return STATUS_OK;
}

/* ---- the output's columns ---- */

/* The feature's own name, or VIEW.NAME where that is taken or provenance. */
static enum status name_column(const struct join *join, const struct view *view, const char *name,
                               const char **ret, struct err *err)
{
    *ret = name;
    if (!view_is_key(view, name) && schema_find(join->schema, str_of(name)) < 0) return STATUS_OK;
    *ret = arena_format(join->invocation->arena, "%s.%s", view->name, name);
    if (*ret == NULL) return fail_memory(err, strlen(name));
    if (schema_find(join->schema, str_of(*ret)) < 0) return STATUS_OK;
    return fail(err, STATUS_USAGE, "two columns would be named \"%s\"", *ret);
}

static enum status column_edges(const struct join *join, const struct view *view, const char *to,
                                const char *from, struct err *err)
{
    TRY(run_column_edge(join->run, to, from, "DIRECT", "IDENTITY", false, err));
    for (size_t i = 0; i < view->entity.count; i++)
        TRY(run_column_edge(join->run, to, view->entity.items[i], "INDIRECT", "JOIN", false, err));
    if (view->event_time == NULL) return STATUS_OK;
    return run_column_edge(join->run, to, view->event_time, "INDIRECT", "JOIN", false, err);
}

static enum status add_view_columns(struct join *join, const struct feature_table *table,
                                    struct err *err)
{
    for (size_t i = 0; i < table->column_count; i++) {
        struct field field = table->schema->fields[table->columns[i]];
        const char *from = field.name;
        TRY(name_column(join, &table->view, from, &field.name, err));
        field.nullable = true;
        TRY(schema_add(join->schema, &field, err));
        TRY(column_edges(join, &table->view, field.name, from, err));
    }
    return STATUS_OK;
}

static enum status make_schema(struct join *join, struct err *err)
{
    const struct schema *spine = stage_input_schema(join->spine);
    TRY(schema_copy(&join->schema, spine, err));
    for (size_t i = 0; i < spine->count; i++) {
        const char *name = spine->fields[i].name;
        TRY(run_column_edge(join->run, name, name, "DIRECT", "IDENTITY", false, err));
    }
    for (size_t i = 0; i < join->table_count; i++)
        TRY(add_view_columns(join, &join->tables[i], err));
    return STATUS_OK;
}

/* ---- views that do not fit: the spine is put aside and each range asked about all of it ---- */

static enum status put_spine_aside(struct join *join, struct err *err)
{
    TRY(sorted_run_open(&join->aside, &join->file, err));
    for (;;) {
        OWNED(batch_release) struct batch batch = {0};
        bool end = false;
        TRY(interrupted(err));
        TRY(stage_input_next(join->spine, &batch, &end, err));
        if (end) return STATUS_OK;
        TRY(sorted_run_add(join->aside, &batch, err));
    }
}

static enum status ask_large_views(struct join *join, struct err *err)
{
    for (size_t i = 0; i < join->table_count; i++) {
        struct question question = {&join->layouts[i], join->time_column, NULL, budget_of(join),
                                    join->threads};
        if (!join->more[i]) continue;
        if (join->aside == NULL) TRY(put_spine_aside(join, err));
        question.spine = join->aside;
        TRY(answers_make(&join->answers[i], &join->tables[i], &question, &join->file, err));
    }
    return STATUS_OK;
}

/* The spine's rows from where they are. */
static enum status next_spine(struct join *join, struct batch *ret, bool *ret_end, struct err *err)
{
    if (join->aside == NULL) return stage_input_next(join->spine, ret, ret_end, err);
    *ret_end = join->next_aside == sorted_run_count(join->aside);
    return *ret_end ? STATUS_OK : sorted_run_read(join->aside, join->next_aside++, ret, err);
}

/* ---- rows: pulled in order, answered on any thread, written in order ---- */

struct piece {
    size_t number;
    struct batch batch;
    struct stage_message *message;
    int64_t *found; /* by view */
};

static void piece_drop(void *context, void *item)
{
    struct piece *piece = item;
    (void)context;
    batch_release(&piece->batch);
    stage_message_free(&piece->message);
    memory_free(piece->found);
    memory_free(piece);
}

static enum status piece_pull(void *context, void **ret_item, struct err *err)
{
    struct join *join = context;
    struct piece *piece = NULL;
    bool end = false;
    *ret_item = NULL;
    TRY(interrupted(err));
    TRY(NEW(&piece, 1, err));
    enum status status = NEW(&piece->found, join->table_count, err);
    piece->number = join->next_aside;
    if (status == STATUS_OK) status = next_spine(join, &piece->batch, &end, err);
    if (status == STATUS_OK && !end) *ret_item = piece;
    if (*ret_item == NULL) piece_drop(NULL, piece);
    return status;
}

/* The columns of one view for the rows of a batch, as new references in `ret`. */
static enum status answer_view(const struct join *join, size_t view, struct piece *piece,
                               struct array **ret, struct err *err)
{
    const struct feature_table *table = &join->tables[view];
    const struct batch *spine = &piece->batch;
    OWNED(memory_release) int64_t *rows = NULL;
    if (join->answers[view] != NULL)
        return answers_read(join->answers[view], table, piece->number, spine->rows, ret,
                            &piece->found[view], err);
    TRY(NEW(&rows, (size_t)spine->rows, err));
    TRY(feature_table_match(table, &join->layouts[view], join->time_column, spine, rows, err));
    for (int64_t i = 0; i < spine->rows; i++)
        piece->found[view] += rows[i] >= 0;
    for (size_t i = 0; i < table->column_count; i++)
        TRY(array_take(&ret[i], &table->schema->fields[table->columns[i]], table->values[i], rows,
                       spine->rows, err));
    return STATUS_OK;
}

static enum status answer(const struct join *join, struct piece *piece, struct array **columns,
                          struct err *err)
{
    size_t at = piece->batch.schema->count;
    struct batch joined = {0};
    for (size_t i = 0; i < at; i++)
        columns[i] = array_ref(piece->batch.columns[i]);
    for (size_t i = 0; i < join->table_count; i++) {
        TRY(answer_view(join, i, piece, &columns[at], err));
        at += join->tables[i].column_count;
    }
    TRY(batch_make(&joined, join->schema, piece->batch.rows, columns, err));
    batch_release(&piece->batch);
    piece->batch = joined;
    return STATUS_OK;
}

static enum status piece_work(void *context, void *item, struct err *err)
{
    struct join *join = context;
    struct piece *piece = item;
    OWNED(memory_release) struct array **columns = NULL;
    TRY(NEW(&columns, join->schema->count, err));
    enum status status = answer(join, piece, columns, err);
    for (size_t i = 0; i < join->schema->count; i++)
        array_unref(&columns[i]);
    if (status != STATUS_OK) return status;
    return stage_output_encode(join->output, &piece->batch, &piece->message, err);
}

static enum status see_piece(struct join *join, const struct batch *batch, struct err *err)
{
    if (join->check != NULL) TRY(join_check_see(join->check, batch, err));
    return join->digester == NULL ? STATUS_OK : content_digester_add(join->digester, batch, err);
}

static enum status piece_push(void *context, void *item, struct err *err)
{
    struct join *join = context;
    struct piece *piece = item;
    for (size_t i = 0; i < join->table_count; i++)
        join->found[i] += piece->found[i];
    enum status status = see_piece(join, &piece->batch, err);
    if (status == STATUS_OK) status = stage_output_put(join->output, &piece->message, err);
    piece_drop(NULL, piece);
    return status;
}

static enum status join_rows(struct join *join, struct err *err)
{
    struct ordered ordered = {.threads = join->threads,
                              .context = join,
                              .pull = piece_pull,
                              .work = piece_work,
                              .push = piece_push,
                              .drop = piece_drop};
    TRY(ordered_run(&ordered, err));
    run_count(join->run, &(struct row_counts){.in = stage_input_rows(join->spine),
                                              .out = stage_output_rows(join->output),
                                              .bytes_in = stage_input_bytes(join->spine),
                                              .bytes_out = stage_output_bytes(join->output)});
    return STATUS_OK;
}

static enum status verify(const struct join *join, struct err *err)
{
    size_t column = stage_input_schema(join->spine)->count;
    if (join->check == NULL) return STATUS_OK;
    for (size_t i = 0; i < join->table_count; i++) {
        struct checked_view view = {&join->tables[i], &join->layouts[i], join->time_column, column};
        TRY(join_check_view(join->check, &view, err));
        column += join->tables[i].column_count;
    }
    log_line(&join->invocation->common, false, "%lld rows verified by brute force",
             (long long)join_check_rows(join->check));
    return STATUS_OK;
}

/* ---- the training set in the catalog ---- */

/* ["version:feature/a@3", ...] */
static enum status views_json(const struct join *join, struct bytes *ret, struct err *err)
{
    char node[VERSION_NODE];
    for (size_t i = 0; i < join->table_count; i++) {
        TRY(bytes_append(ret, i == 0 ? "[" : ",", 1, err));
        version_node(&join->tables[i].version, node);
        TRY(bytes_append_json(ret, str_of(node), err));
    }
    return bytes_append(ret, "]", 1, err);
}

static enum status insert_training_set(const struct join *join, const char *output,
                                       const struct digest *digest, struct err *err)
{
    OWNED(bytes_release) struct bytes views = bytes_limited(1 << 20);
    struct store *store = run_store(join->run);
    TRY(views_json(join, &views, err));
    TRY(catalog_begin(store, err));
    enum status status =
        sql_run(store, err,
                "INSERT INTO training_sets (run_id, output, spine, views, rows, digest, created_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (run_id) DO UPDATE"
                " SET output = excluded.output, digest = excluded.digest",
                "tttsidu", run_id(join->run), output, stage_input_node(join->spine),
                (struct str){(const char *)views.data, views.size}, stage_output_rows(join->output),
                digest, clock_now());
    if (status == STATUS_OK) return catalog_commit(store, err);
    catalog_rollback(store);
    return status;
}

/* Registered before the end marker; a version's number is known only after it. */
static enum status finish(struct join *join, struct err *err)
{
    struct version version = {0};
    struct digest digest;
    char node[VERSION_NODE];
    snprintf(node, sizeof node, "stream:%s", run_id(join->run));
    if (join->digester != NULL) TRY(content_digester_end(join->digester, &digest, err));
    TRY(insert_training_set(join, node, join->digester == NULL ? NULL : &digest, err));
    TRY(stage_output_finish(join->output, &version, err));
    if (version.number == 0) return STATUS_OK;
    return insert_training_set(join, version_node(&version, node), &version.digest, err);
}

/* ---- the command ---- */

static void tell(const struct join *join)
{
    const struct common *common = &join->invocation->common;
    for (size_t i = 0; i < join->table_count; i++)
        log_line(common, false, "%s@%lld: %lld of %lld rows found their features",
                 join->tables[i].view.name, (long long)join->tables[i].version.number,
                 (long long)join->found[i], (long long)stage_output_rows(join->output));
}

static enum status check_args(const struct join_args *args, struct err *err)
{
    if (args->spine == NULL)
        return fail(err, STATUS_USAGE, "--spine is missing: the rows to add features to");
    if (args->views.count == 0)
        return fail(err, STATUS_USAGE, "--view is missing: where the features come from");
    return STATUS_OK;
}

static enum status join_views(struct run *run, struct invocation *invocation, struct err *err)
{
    OWNED(join_release)
    struct join join = {.run = run, .invocation = invocation, .file = {.descriptor = -1}};
    const struct common *common = &invocation->common;
    join.args = invocation->args;
    join.threads = parallel_threads((size_t)common->threads);
    struct stage_target target = {.path = common->output, .into = join.args->into};
    TRY(load_views(&join, err));
    TRY(stage_input_open(&join.spine, join.args->spine, run, common, err));
    TRY(check_spine(&join, err));
    TRY(make_schema(&join, err));
    TRY(ask_large_views(&join, err));
    TRY(stage_output_open(&join.output, &target, join.schema, run, common, err));
    if (join.args->verify > 0)
        TRY(join_check_open(&join.check, join.args->verify, common->seed, err));
    if (join.args->into == NULL) TRY(content_digester_open(&join.digester, join.schema, err));
    TRY(join_rows(&join, err));
    TRY(verify(&join, err));
    TRY(finish(&join, err));
    tell(&join);
    return STATUS_OK;
}

static enum status join_run(struct invocation *invocation, struct err *err)
{
    TRY(check_args(invocation->args, err));
    return recorded(invocation, "features join", STORE_THERE, join_views, err);
}

const struct command join_command = {
    .name = "join",
    .summary = "add to each row the features that were true and known at its time",
    .details =
        "One row out for each row of the spine, in its order. A feature row counts when its event "
        "time is not after the spine's time (--strict-before: before it), not older than the "
        "view's ttl (the bound itself counts) and, where the view has a created time, when it was "
        "created by then (--no-as-known leaves that out). The newest one wins; of equal event "
        "times the one created last, then the one written last. Entities not in the view, and rows "
        "without key or time, get nulls. A time without a zone is read as UTC, a date as its "
        "midnight. A name that is taken becomes VIEW.NAME. A view that does not fit into --memory "
        "is read "
        "in ranges of entities, each asked about the whole spine.",
    .examples = "tamis-features join --spine labels.arrow --view user_activity@prod \\\n"
                "    --event-time labeled_at -o training.arrow",
    .options = join_options,
    .args_bytes = sizeof(struct join_args),
    .run = join_run,
    .common_without = "json|explain|as-of|no-store",
};
