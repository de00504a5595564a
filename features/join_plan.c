/* features/join_plan.c: `join --explain`: what a join would do. */
#include "features/join.h"

#include "base/output.h"

static enum status say_rule(const struct join *join, const struct feature_table *table,
                            struct bytes *ret, struct err *err)
{
    const struct view *view = &table->view;
    if (view->event_time == NULL)
        TRY(bytes_append_text(ret, "  rule: no event time: the row written last", err));
    else
        TRY(bytes_format(ret, err, "  rule: the newest row %s the spine's time",
                         join->args->strict_before ? "before" : "not after"));
    if (view->ttl != NO_TTL)
        TRY(bytes_format(ret, err, ", at most %g s old (ttl)", (double)view->ttl / 1e6));
    if (view->created_time != NULL)
        TRY(bytes_append_text(ret,
                              join->args->no_as_known ? ", known or not (--no-as-known: leaks)"
                                                      : ", created by then",
                              err));
    if (view->log.given) TRY(bytes_append_text(ret, ", corrections and deletions applied", err));
    return bytes_append_text(ret, "\n", err);
}

static enum status say_columns(const struct feature_table *table, struct bytes *ret,
                               struct err *err)
{
    char name[32];
    TRY(bytes_format(ret, err, "  columns: %zu carried of %zu", table->column_count,
                     table->schema->count));
    for (size_t i = 0; i < table->view.aggregate_count; i++) {
        const struct view_aggregate *aggregate = &table->view.aggregates[i];
        choice_text(WINDOW_FUNCTIONS, (int)aggregate->function, name, sizeof name);
        TRY(bytes_format(ret, err, "\n  aggregate \"%s\": %s of %s", aggregate->name, name,
                         aggregate->of == NULL ? "rows" : aggregate->of));
        if (aggregate->window != NO_TTL)
            TRY(bytes_format(ret, err, " over %g s", (double)aggregate->window / 1e6));
    }
    return bytes_append_text(ret, "\n", err);
}

static enum status say_keys(const struct joined_name *name, const struct view *view,
                            struct bytes *ret, struct err *err)
{
    TRY(bytes_format(ret, err, "  named \"%s\", found by", name->name));
    for (size_t i = 0; i < view->entity.count; i++)
        TRY(bytes_format(ret, err, "%s %s = %s", i == 0 ? "" : ",", view->entity.items[i],
                         name->keys.items[i]));
    return bytes_append_text(ret, "\n", err);
}

static enum status say_view(const struct join *join, size_t number, struct bytes *ret,
                            struct err *err)
{
    const struct feature_table *table = &join->tables[number];
    const struct joined_name *name = &join->names[number];
    const struct version *version = &table->version;
    TRY(bytes_format(ret, err, "view \"%s\": version %lld, %lld rows in %lld chunks, %lld bytes\n",
                     table->view.name, (long long)version->number, (long long)version->rows,
                     (long long)version->chunks, (long long)version->bytes));
    if (name->given || name->renamed) TRY(say_keys(name, &table->view, ret, err));
    TRY(say_rule(join, table, ret, err));
    TRY(say_columns(table, ret, err));
    if (join_budget(join) == UINT64_MAX) return bytes_append_text(ret, "  in memory: whole\n", err);
    return bytes_format(
        ret, err,
        "  in memory: whole up to %llu bytes, else in ranges of entities, each asked "
        "about the whole spine\n",
        (unsigned long long)join_budget(join));
}

static enum status say_spine(const struct join *join, struct bytes *ret, struct err *err)
{
    const struct schema *spine = stage_input_schema(join->spine);
    TRY(bytes_format(ret, err, "spine \"%s\": %zu columns, time ", join->args->spine,
                     spine->count));
    if (join->time_column < 0) return bytes_append_text(ret, "none: at the end of time\n", err);
    return bytes_format(ret, err, "\"%s\"\n", spine->fields[join->time_column].name);
}

static enum status say_output(const struct join *join, struct bytes *ret, struct err *err)
{
    TRY(bytes_format(ret, err,
                     "output: one row a row of the spine, %zu columns:", join->schema->count));
    for (size_t i = 0; i < join->schema->count; i++)
        TRY(bytes_format(ret, err, "%s %s", i == 0 ? "" : ",", join->schema->fields[i].name));
    if (join->args->verify > 0)
        TRY(bytes_format(ret, err, "\nverify: %lld rows by brute force",
                         (long long)join->args->verify));
    return bytes_append_text(ret, "\n", err);
}

enum status join_explain(const struct join *join, struct err *err)
{
    OWNED(bytes_release) struct bytes text = bytes_limited((size_t)16 << 20);
    OWNED(output_close) struct output *output = NULL;
    TRY(say_spine(join, &text, err));
    for (size_t i = 0; i < join->table_count; i++)
        TRY(say_view(join, i, &text, err));
    TRY(say_output(join, &text, err));
    TRY(output_open(&output, NULL, err));
    TRY(output_write(output, text.data, text.size, err));
    return output_commit(output, err);
}
