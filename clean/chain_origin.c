/* clean/chain_origin.c: where the columns that leave a chain came from. */
#include "clean/chain_origin.h"

#define ORIGINS_MAXIMUM 1000000

/* What column_from writes into while a step is asked. */
struct column_lineage {
    const struct step *step;
    const struct origins *before;
    struct origins after;
    bool *told; /* by column of step->after: column_from was called for it */
};

static bool same_origin(const struct origin *a, const struct origin *b)
{
    return strcmp(a->output, b->output) == 0 && strcmp(a->input, b->input) == 0 &&
           a->direct == b->direct;
}

static enum status add(struct origins *origins, const struct origin *origin, struct err *err)
{
    for (size_t i = origins->count; i > 0; i--) { /* those of one column lie together */
        struct origin *known = &origins->items[i - 1];
        if (strcmp(known->output, origin->output) != 0) break;
        if (!same_origin(known, origin)) continue;
        known->masked = known->masked && origin->masked;
        return STATUS_OK;
    }
    if (origins->count == ORIGINS_MAXIMUM)
        return fail(err, STATUS_FAILED, "more than %d column origins", ORIGINS_MAXIMUM);
    if ((origins->count & (origins->count - 1)) == 0) {
        size_t room = origins->count == 0 ? 1 : origins->count * 2;
        struct origin *items = memory_resize(origins->items, room, sizeof *items);
        if (items == NULL) return fail_memory(err, room * sizeof *items);
        origins->items = items;
    }
    origins->items[origins->count++] = *origin;
    return STATUS_OK;
}

static enum status add_row_origin(struct origins *origins, const char *input, const char *subtype,
                                  struct err *err)
{
    for (size_t i = 0; i < origins->row_count; i++)
        if (strcmp(origins->rows[i].input, input) == 0 &&
            strcmp(origins->rows[i].subtype, subtype) == 0)
            return STATUS_OK;
    if ((origins->row_count & (origins->row_count - 1)) == 0) {
        size_t room = origins->row_count == 0 ? 1 : origins->row_count * 2;
        struct row_origin *rows = memory_resize(origins->rows, room, sizeof *rows);
        if (rows == NULL) return fail_memory(err, room * sizeof *rows);
        origins->rows = rows;
    }
    origins->rows[origins->row_count++] = (struct row_origin){input, subtype};
    return STATUS_OK;
}

enum status origins_begin(struct origins *ret, const struct schema *schema, struct err *err)
{
    *ret = (struct origins){0};
    for (size_t i = 0; i < schema->count; i++) {
        const char *name = schema->fields[i].name;
        struct origin origin = {name, name, true, "IDENTITY", false};
        TRY(add(ret, &origin, err));
    }
    return STATUS_OK;
}

/* Every origin of `input_column` becomes one of `output_column`. */
static enum status carry(struct column_lineage *lineage, const char *output_column,
                         const char *input_column, bool direct, const char *subtype, bool masked,
                         struct err *err)
{
    for (size_t i = 0; i < lineage->before->count; i++) {
        struct origin origin = lineage->before->items[i];
        if (strcmp(origin.output, input_column) != 0) continue;
        origin.output = output_column;
        origin.direct = origin.direct && direct;
        if (strcmp(subtype, "IDENTITY") != 0) origin.subtype = subtype;
        origin.masked = origin.masked || masked;
        TRY(add(&lineage->after, &origin, err));
    }
    return STATUS_OK;
}

enum status column_from(struct column_lineage *lineage, const char *output_column,
                        const char *input_column, const char *kind, const char *subtype,
                        bool masked, struct err *err)
{
    const struct schema *after = lineage->step->after;
    int64_t column = schema_find(after, str_of(output_column));
    if (column < 0) return STATUS_OK; /* a column the step took out */
    lineage->told[column] = true;
    return carry(lineage, after->fields[column].name, input_column, strcmp(kind, "DIRECT") == 0,
                 subtype, masked, err);
}

/* Whatever the column was made from decided, too. */
enum status column_filters(struct column_lineage *lineage, const char *input_column,
                           const char *subtype, struct err *err)
{
    for (size_t i = 0; i < lineage->before->count; i++) {
        const struct origin *origin = &lineage->before->items[i];
        if (strcmp(origin->output, input_column) != 0) continue;
        TRY(add_row_origin(&lineage->after, origin->input, subtype, err));
    }
    return STATUS_OK;
}

enum status columns_decide(struct column_lineage *lineage, const char *output_column,
                           const struct schema *schema, const size_t *columns, size_t count,
                           const char *subtype, struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        const char *name = schema->fields[columns[i]].name;
        if (output_column == NULL)
            TRY(column_filters(lineage, name, subtype, err));
        else
            TRY(column_from(lineage, output_column, name, "INDIRECT", subtype, false, err));
    }
    return STATUS_OK;
}

/* Columns the module said nothing about come from the column of their name. */
static enum status carry_rest(struct column_lineage *lineage, struct err *err)
{
    const struct step *step = lineage->step;
    for (size_t i = 0; i < step->after->count; i++) {
        if (lineage->told[i]) continue;
        const char *name = step->after->fields[i].name;
        const char *subtype = step->cells[i] > 0 ? "TRANSFORMATION" : "IDENTITY";
        TRY(carry(lineage, name, name, true, subtype, false, err));
    }
    return STATUS_OK;
}

static enum status ask(struct column_lineage *lineage, struct err *err)
{
    const struct step *step = lineage->step;
    for (size_t i = 0; i < lineage->before->row_count; i++)
        TRY(add_row_origin(&lineage->after, lineage->before->rows[i].input,
                           lineage->before->rows[i].subtype, err));
    if (step->module->column_lineage != NULL)
        TRY(step->module->column_lineage(step->state, lineage, err));
    return carry_rest(lineage, err);
}

enum status origins_follow(struct origins *origins, const struct step *step, struct err *err)
{
    OWNED(memory_release) bool *told = NULL;
    TRY(NEW(&told, step->after->count, err));
    struct column_lineage lineage = {.step = step, .before = origins, .told = told};
    enum status status = ask(&lineage, err);
    if (status != STATUS_OK) {
        origins_release(&lineage.after);
        return fail_in_step(step, status, err);
    }
    origins_release(origins);
    *origins = lineage.after;
    return STATUS_OK;
}

void origins_release(struct origins *origins)
{
    memory_free(origins->items);
    memory_free(origins->rows);
    *origins = (struct origins){0};
}
