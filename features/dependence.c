/* features/dependence.c: column edges of what is done with entities and times. */
#include "features/dependence.h"

#include <stdio.h>

enum status depends_on_versions(struct run *run, const struct served *served,
                                const struct column_edge *edge, struct err *err)
{
    char node[VERSION_NODE];
    struct column_edge there = *edge;
    there.input = node;
    for (size_t i = 0; i < served->state.count; i++) {
        snprintf(node, sizeof node, "version:%s@%lld", served->view.dataset,
                 (long long)served->state.shares[i].number);
        TRY(run_column_edge(run, &there, err));
    }
    return STATUS_OK;
}

/* One column of the versions; nothing where it or the word is missing. */
static enum status depends_on(struct run *run, const struct served *served, const char *input,
                              const char *subtype, const char *output, struct err *err)
{
    const struct column_edge edge = {
        .output_column = output, .input_column = input, .kind = "INDIRECT", .subtype = subtype};
    if (input == NULL || subtype == NULL) return STATUS_OK;
    return depends_on_versions(run, served, &edge, err);
}

enum status depends_on_choice(struct run *run, const struct served *served,
                              const struct choice *choice, const char *output_column,
                              struct err *err)
{
    const struct view *view = &served->view;
    for (size_t i = 0; i < view->entity.count; i++)
        TRY(depends_on(run, served, view->entity.items[i], choice->entity, output_column, err));
    TRY(depends_on(run, served, view->event_time, choice->event_time, output_column, err));
    TRY(depends_on(run, served, view->created_time, choice->created_time, output_column, err));
    if (!view->log.given) return STATUS_OK;
    for (size_t i = 0; i < view->log.key.count; i++)
        TRY(depends_on(run, served, view->log.key.items[i], choice->log, output_column, err));
    return depends_on(run, served, view->log.deleted, choice->log, output_column, err);
}

static enum status every_column(struct run *run, const char *input, const char *key,
                                const char *subtype, const struct schema *columns, struct err *err)
{
    for (size_t i = 0; key != NULL && i < columns->count; i++) {
        const struct column_edge edge = {.output_column = columns->fields[i].name,
                                         .input = input,
                                         .input_column = key,
                                         .kind = "INDIRECT",
                                         .subtype = subtype};
        TRY(run_column_edge(run, &edge, err));
    }
    return STATUS_OK;
}

enum status depends_on_keys(struct run *run, const struct view *view, const char *input,
                            const char *subtype, const struct schema *columns, struct err *err)
{
    for (size_t i = 0; i < view->entity.count; i++)
        TRY(every_column(run, input, view->entity.items[i], subtype, columns, err));
    TRY(every_column(run, input, view->event_time, subtype, columns, err));
    return every_column(run, input, view->created_time, subtype, columns, err);
}
