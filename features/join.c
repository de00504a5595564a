/* features/join.c: `tamis-features join`: a spine of entities and times gets the features that were
 * true and known then. */
#include "features/commands.h"

#include "base/memory.h"
#include "base/parallel.h"
#include "features/join.h"
#include "features/recorded.h"

#include <stdio.h>

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
     .help = "a view whose features are added, as NAME.FEATURE where it is given a name; may be "
             "given several times",
     .argument = "[NAME=]VIEW[@REF]"},
    {.name = "key",
     .kind = SETTING_TEXTS,
     .offset = IN(keys),
     .help =
         "the spine's column for a column of a view's entity, where it has another name; may be "
         "given several times",
     .argument = "NAME.KEY=COLUMN"},
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
     .help = "use rows created after the spine's time too: values nobody knew then, counted in a "
             "leak report"},
    {.name = "leak-report",
     .kind = SETTING_FLAG,
     .offset = IN(leak_report),
     .help = "count the values that --no-as-known would have changed"},
    {.name = "log-exposure",
     .kind = SETTING_FLAG,
     .offset = IN(log_exposure),
     .help = "count which version behind the tag of a view the entities of the spine got"},
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

static void join_release(struct join *join)
{
    for (size_t i = 0; join->tables != NULL && i < join->table_count; i++)
        feature_table_release(&join->tables[i]);
    for (size_t i = 0; join->answers != NULL && i < join->table_count; i++)
        answers_close(&join->answers[i]);
    for (size_t i = 0; join->exposures != NULL && i < join->table_count; i++)
        exposure_log_close(&join->exposures[i]);
    memory_free(join->exposures);
    join_check_close(&join->check);
    content_digester_close(&join->digester);
    sorted_run_close(&join->aside);
    descriptor_close(&join->file.descriptor);
    memory_free(join->answers);
    memory_free(join->names);
    memory_free(join->more);
    memory_free(join->tables);
    memory_free(join->layouts);
    memory_free(join->found);
    schema_unref(&join->schema);
    stage_input_close(&join->spine);
    stage_output_close(&join->output);
}

/* ---- views ---- */

static enum status open_views(struct join *join, struct err *err)
{
    const struct join_args *args = join->args;
    struct feature_options options = {.strict_before = args->strict_before,
                                      .as_known = !args->no_as_known,
                                      .provenance = args->provenance,
                                      .leaks = args->no_as_known || args->leak_report,
                                      .order = TIMELINE_BY_ENTITY_NUMBER,
                                      .threads = join->threads};
    size_t count = args->views.count;
    TRY(join_name_views(join, err));
    TRY(NEW(&join->tables, count, err));
    TRY(NEW(&join->found, count, err));
    TRY(NEW(&join->more, count, err));
    TRY(NEW(&join->answers, count, err));
    for (size_t i = 0; i < count; i++) {
        join->table_count++;
        TRY(feature_table_open(&join->tables[i], join->store, join->names[i].operand, &options,
                               join->invocation->arena, err));
    }
    return join_name_keys(join, err);
}

static enum status load_views(struct join *join, struct err *err)
{
    for (size_t i = 0; i < join->table_count; i++) {
        TRY(feature_table_next(&join->tables[i], join_budget(join), &join->more[i], err));
        TRY(served_edges(&join->tables[i].served, join->run, err));
    }
    return STATUS_OK;
}

static enum status verify(const struct join *join, struct err *err)
{
    size_t column = stage_input_schema(join->spine)->count;
    if (join->check == NULL) return STATUS_OK;
    for (size_t i = 0; i < join->table_count; i++) {
        struct checked_view view = {&join->tables[i], &join->layouts[i], join->time_column, column};
        TRY(join_check_view(join->check, &view, err));
        column += join->tables[i].answers->count;
    }
    log_line(&join->invocation->common, false, "%lld rows verified by brute force",
             (long long)join_check_rows(join->check));
    return STATUS_OK;
}

/* ---- the command ---- */

static void tell(const struct join *join)
{
    const struct common *common = &join->invocation->common;
    char text[TAG_STATE_TEXT];
    for (size_t i = 0; i < join->table_count; i++)
        log_line(common, false, "%s@%s: %lld of %lld rows found their features",
                 join->names[i].name, served_text(&join->tables[i].served, text),
                 (long long)join->found[i], (long long)stage_output_rows(join->output));
}

/* Values that were not known at their row's time: in the result (--no-as-known) or kept out of it.
 */
static enum status tell_leaks(const struct join *join, struct err *err)
{
    const struct common *common = &join->invocation->common;
    int64_t total = 0;
    bool counted = false;
    for (size_t i = 0; i < join->table_count; i++) {
        const struct feature_table *table = &join->tables[i];
        for (size_t c = 0; table->leaked != NULL && c < table->answers->count; c++) {
            int64_t leaked = atomic_load(&table->leaked[c]);
            counted = true;
            total += leaked;
            if (leaked == 0) continue;
            log_line(
                common, join->args->no_as_known,
                join->args->no_as_known
                    ? "leak: %s.%s: %lld of %lld values were not known at the time of their row"
                    : "%s.%s: %lld of %lld values would be others with --no-as-known",
                join->names[i].name, table->answers->fields[c].name, (long long)leaked,
                (long long)stage_output_rows(join->output));
        }
    }
    if (!counted) return STATUS_OK;
    if (total == 0) log_line(common, false, "no value depends on what was known when");
    return run_metric(join->run,
                      join->args->no_as_known ? "leaked_values" : "values_kept_from_leaking",
                      (double)total, "values", err);
}

static enum status check_args(const struct join_args *args, struct err *err)
{
    if (args->spine == NULL)
        return fail(err, STATUS_USAGE, "--spine is missing: the rows to add features to");
    if (args->views.count == 0)
        return fail(err, STATUS_USAGE, "--view is missing: where the features come from");
    return STATUS_OK;
}

static enum status join_views(struct join *join, struct err *err)
{
    const struct common *common = &join->invocation->common;
    struct stage_target target = {.path = common->output, .into = join->args->into};
    TRY(open_views(join, err));
    TRY(stage_input_open(&join->spine, join->args->spine, join->run, common, err));
    TRY(stage_input_progress(join->spine, common, "join", err));
    TRY(join_columns(join, err));
    if (common->explain) return join_explain(join, err);
    TRY(load_views(join, err));
    TRY(join_large_views(join, err));
    TRY(stage_output_open(&join->output, &target, join->schema, join->run, common, err));
    if (join->args->verify > 0)
        TRY(join_check_open(&join->check, join->args->verify, common->seed, err));
    if (join->args->into == NULL) TRY(content_digester_open(&join->digester, join->schema, err));
    TRY(join_expose_open(join, err));
    TRY(join_rows(join, err));
    TRY(verify(join, err));
    TRY(tell_leaks(join, err));
    TRY(join_register(join, err));
    TRY(join_expose_end(join, err));
    tell(join);
    return STATUS_OK;
}

static enum status join_recorded(struct run *run, struct invocation *invocation, struct err *err)
{
    OWNED(join_release)
    struct join join = {.run = run,
                        .store = run_store(run),
                        .invocation = invocation,
                        .args = invocation->args,
                        .threads = parallel_threads((size_t)invocation->common.threads),
                        .file = {.descriptor = -1}};
    return join_views(&join, err);
}

/* The store is read, and nothing recorded. */
static enum status join_explained(struct invocation *invocation, struct err *err)
{
    OWNED(store_close) struct store *store = NULL;
    OWNED(run_close) struct run *run = NULL;
    OWNED(join_release)
    struct join join = {.invocation = invocation,
                        .args = invocation->args,
                        .threads = parallel_threads((size_t)invocation->common.threads),
                        .file = {.descriptor = -1}};
    TRY(store_open(&store, &invocation->common, STORE_READ, err));
    TRY(run_begin(&run, NULL, "features join", invocation, err));
    join.store = store;
    join.run = run;
    return run_finish(run, join_views(&join, err), err);
}

static enum status join_run(struct invocation *invocation, struct err *err)
{
    TRY(check_args(invocation->args, err));
    if (invocation->common.explain) return join_explained(invocation, err);
    return recorded(invocation, "features join", STORE_THERE, join_recorded, err);
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
        "midnight. A name that is taken becomes VIEW.NAME. The same view "
        "may be given several times under names, each with --key for other columns of the spine. "
        "Aggregates of a view are made of the "
        "rows "
        "that count, from the length of their window before the spine's time on. A view that does "
        "not fit into --memory "
        "is read "
        "in ranges of entities, each asked about the whole spine. Behind a weighted tag each "
        "entity gets "
        "the rows of its version.",
    .examples = "tamis-features join --spine labels.arrow --view user_activity@prod \\\n"
                "    --event-time labeled_at -o training.arrow\n"
                "tamis-features join --spine trips.arrow \\\n"
                "    --view origin=place --key origin.place_id=from_id \\\n"
                "    --view target=place --key target.place_id=to_id -o trips.features.arrow",
    .options = join_options,
    .args_bytes = sizeof(struct join_args),
    .run = join_run,
    .common_without = "json|as-of|no-store",
};
