/* features/join_columns.c: which columns of a spine a join uses, and which it adds. */
#include "features/join.h"

#include "base/memory.h"
#include "features/ticks.h"

#include <stdio.h>

/* ---- the spine's columns ---- */

static enum status match_keys(struct join *join, size_t view, const struct schema *spine,
                              struct err *err)
{
    const struct feature_table *table = &join->tables[view];
    struct key_layout *layout = &join->layouts[view], own;
    char here[128], there[128];
    size_t column;
    TRY(key_layout_of(spine, &table->view.entity, layout, err));
    TRY(key_layout_of(table->schema, &table->view.entity, &own, err));
    if (key_layouts_agree(layout, &own, &column)) return STATUS_OK;
    const char *name = table->view.entity.items[column];
    size_t view_column = own.columns[column];
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
                                const char *from, const char *how, struct err *err)
{
    TRY(run_column_edge(join->run, to, from, "DIRECT", how, false, err));
    for (size_t i = 0; i < view->entity.count; i++)
        TRY(run_column_edge(join->run, to, view->entity.items[i], "INDIRECT", "JOIN", false, err));
    if (view->event_time == NULL) return STATUS_OK;
    return run_column_edge(join->run, to, view->event_time, "INDIRECT", "JOIN", false, err);
}

static enum status aggregate_edges(const struct join *join, const struct view *view, const char *to,
                                   size_t number, struct err *err)
{
    const char *of = view->aggregates[number].of;
    return column_edges(join, view, to, of == NULL ? view->event_time : of, "AGGREGATION", err);
}

static enum status add_view_columns(struct join *join, const struct feature_table *table,
                                    struct err *err)
{
    for (size_t i = 0; i < table->answers->count; i++) {
        struct field field = table->answers->fields[i];
        const char *from = field.name;
        TRY(name_column(join, &table->view, from, &field.name, err));
        TRY(schema_add(join->schema, &field, err));
        if (i < table->column_count)
            TRY(column_edges(join, &table->view, field.name, from, "IDENTITY", err));
        else
            TRY(aggregate_edges(join, &table->view, field.name, i - table->column_count, err));
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

enum status join_columns(struct join *join, struct err *err)
{
    TRY(check_spine(join, err));
    return make_schema(join, err);
}
