/* features/join_columns.c: which columns of a spine a join uses, and which it adds. */
#include "features/join.h"

#include "base/memory.h"
#include "features/dependence.h"
#include "features/ticks.h"

#include <stdio.h>

/* ---- the spine's columns ---- */

static enum status require_keys(const struct joined_name *joined, const struct schema *spine,
                                const struct text_list *entity, struct err *err)
{
    for (size_t i = 0; i < entity->count; i++) {
        const char *column = joined->keys.items[i];
        if (schema_find(spine, str_of(column)) >= 0) continue;
        (void)fail(err, STATUS_USAGE,
                   "the spine has no column \"%s\" to find rows of view \"%s\" by", column,
                   joined->name);
        err_hint(err, "say which column it is: --key %s.%s=COLUMN", joined->name, entity->items[i]);
        return STATUS_USAGE;
    }
    return STATUS_OK;
}

static enum status match_keys(struct join *join, size_t view, const struct schema *spine,
                              struct err *err)
{
    const struct feature_table *table = &join->tables[view];
    struct key_layout *layout = &join->layouts[view], own;
    char here[128], there[128];
    size_t column;
    const struct joined_name *joined = &join->names[view];
    TRY(require_keys(joined, spine, &table->view.entity, err));
    TRY(key_layout_of(spine, &joined->keys, layout, err));
    TRY(key_layout_of(table->schema, &table->view.entity, &own, err));
    if (key_layouts_agree(layout, &own, &column)) return STATUS_OK;
    const char *name = joined->keys.items[column];
    size_t view_column = own.columns[column];
    return fail(err, STATUS_USAGE, "column \"%s\" is %s in the spine and %s in view \"%s\"", name,
                field_type_text(&spine->fields[layout->columns[column]], here, sizeof here),
                field_type_text(&table->schema->fields[view_column], there, sizeof there),
                joined->name);
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

/* The feature's own name, or VIEW.NAME where that is taken or provenance, or the view was named. */
static enum status name_column(const struct join *join, size_t number, const char *name,
                               const char **ret, struct err *err)
{
    const struct joined_name *joined = &join->names[number];
    bool free = !joined->given && !view_is_key(&join->tables[number].view, name);
    *ret = name;
    if (free && schema_find(join->schema, str_of(name)) < 0) return STATUS_OK;
    *ret = arena_format(join->invocation->arena, "%s.%s", joined->name, name);
    if (*ret == NULL) return fail_memory(err, strlen(name));
    if (schema_find(join->schema, str_of(*ret)) < 0) return STATUS_OK;
    return fail(err, STATUS_USAGE, "two columns would be named \"%s\"", *ret);
}

/* The row of features is found by the spine's keys and time. */
static enum status spine_decides(const struct join *join, size_t number, const char *to,
                                 const char *time_how, struct err *err)
{
    const struct feature_table *table = &join->tables[number];
    const struct schema *spine = stage_input_schema(join->spine);
    struct column_edge edge = {.output_column = to,
                               .input = stage_input_node(join->spine),
                               .kind = "INDIRECT",
                               .subtype = "JOIN"};
    const struct text_list *keys = &join->names[number].keys;
    for (size_t i = 0; i < keys->count; i++) {
        edge.input_column = keys->items[i];
        TRY(run_column_edge(join->run, &edge, err));
    }
    if (table->view.event_time == NULL || join->time_column < 0) return STATUS_OK;
    edge.input_column = spine->fields[join->time_column].name;
    edge.subtype = time_how;
    return run_column_edge(join->run, &edge, err);
}

/* `from` NULL: rows are counted, whatever is in them. */
static enum status column_edges(const struct join *join, size_t number, const char *to,
                                const char *from, const char *how, struct err *err)
{
    const struct served *served = &join->tables[number].served;
    const char *time_how = strcmp(how, "AGGREGATION") == 0 ? "WINDOW" : "JOIN";
    const struct column_edge value = {
        .output_column = to, .input_column = from, .kind = "DIRECT", .subtype = how};
    const struct choice choice = {.entity = "JOIN",
                                  .event_time = time_how,
                                  .created_time = join->args->no_as_known ? "SORT" : "FILTER",
                                  .log = "FILTER"};
    if (from != NULL) TRY(depends_on_versions(join->run, served, &value, err));
    TRY(depends_on_choice(join->run, served, &choice, to, err));
    return spine_decides(join, number, to, time_how, err);
}

static enum status add_view_columns(struct join *join, size_t number, struct err *err)
{
    const struct feature_table *table = &join->tables[number];
    for (size_t i = 0; i < table->answers->count; i++) {
        struct field field = table->answers->fields[i];
        bool carried = i < table->column_count;
        const char *from =
            carried ? field.name : table->view.aggregates[i - table->column_count].of;
        TRY(name_column(join, number, field.name, &field.name, err));
        TRY(schema_add(join->schema, &field, err));
        TRY(column_edges(join, number, field.name, from, carried ? "IDENTITY" : "AGGREGATION",
                         err));
    }
    return STATUS_OK;
}

static enum status make_schema(struct join *join, struct err *err)
{
    const struct schema *spine = stage_input_schema(join->spine);
    TRY(schema_new(&join->schema, err));
    TRY(join_mark_keys(join, join->schema, err));
    for (size_t i = 0; i < spine->count; i++)
        TRY(run_column_same(join->run, stage_input_node(join->spine), spine->fields[i].name, err));
    for (size_t i = 0; i < join->table_count; i++)
        TRY(add_view_columns(join, i, err));
    return STATUS_OK;
}

enum status join_columns(struct join *join, struct err *err)
{
    TRY(check_spine(join, err));
    return make_schema(join, err);
}
