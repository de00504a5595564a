/* clean/impute_rows.c: the step between windows of columns and the model that sees rows. */
#include "clean/impute_rows.h"

#include "clean/impute_joint.h"
#include "clean/numbers.h"
#include "clean/parameters.h"

#include <math.h>

struct impute_rows {
    const struct schema *schema;
    size_t *columns; /* of the schema, that the model sees */
    bool *filled;    /* whether it is a target */
    size_t count;
    bool widen;
    int64_t seed;
    struct model *model;
};

/* ---- life ---- */

static enum status choose_columns(struct impute_rows *rows, const struct module_setup *setup,
                                  const struct rows_plan *plan, struct err *err)
{
    size_t *from, from_count, fields = setup->schema->count;
    TRY(module_columns(setup, plan->from, field_is_number, &from, &from_count, err));
    bool *seen = arena_get(setup->arena, fields, sizeof *seen);
    bool *target = arena_get(setup->arena, fields, sizeof *target);
    rows->columns = arena_get(setup->arena, fields, sizeof *rows->columns);
    rows->filled = arena_get(setup->arena, fields, sizeof *rows->filled);
    if (seen == NULL || target == NULL || rows->columns == NULL || rows->filled == NULL)
        return fail_memory(err, fields);
    for (size_t i = 0; i < from_count; i++)
        seen[from[i]] = true;
    for (size_t i = 0; i < plan->target_count; i++)
        seen[plan->targets[i]] = target[plan->targets[i]] = true;
    for (size_t at = 0; at < fields; at++) {
        if (!seen[at]) continue;
        rows->columns[rows->count] = at;
        rows->filled[rows->count++] = target[at];
    }
    return STATUS_OK;
}

enum status rows_open(struct impute_rows **ret, const struct module_setup *setup,
                      const struct rows_plan *plan, struct err *err)
{
    struct impute_rows *rows;
    TRY(NEW(&rows, 1, err));
    *ret = rows;
    rows->schema = setup->schema;
    rows->widen = plan->widen;
    rows->seed = setup->seed;
    TRY(choose_columns(rows, setup, plan, err));
    if (rows->count > JOINT_COLUMNS_MAXIMUM) {
        fail_at(setup->node, err, "%zu columns take part, at most %d are possible", rows->count,
                JOINT_COLUMNS_MAXIMUM);
        err_hint(err, "name the columns to look at: from=...");
        return STATUS_USAGE;
    }
    return model_open(&rows->model, plan->kind, rows->count, plan->neighbors, setup, err);
}

void rows_close(struct impute_rows **rows)
{
    if (*rows == NULL) return;
    model_close(&(*rows)->model);
    memory_free(*rows);
    *rows = NULL;
}

/* ---- windows ---- */

enum status rows_observe(const struct impute_rows *rows, const struct window *window,
                         struct sample_tally *tally, struct err *err)
{
    return sample_observe(window, rows->columns, rows->count, rows->seed, tally, err);
}

enum status rows_absorb(struct impute_rows *rows, struct sample_tally *tally, struct err *err)
{
    return sample_absorb(model_sample(rows->model), tally, err);
}

enum status rows_settle(struct impute_rows *rows, struct err *err)
{
    return model_fit(rows->model, err);
}

/* ---- apply ---- */

static enum status fill_rows(const struct impute_rows *rows, double *values, size_t count,
                             struct err *err)
{
    OWNED(memory_release) double *work = NULL;
    TRY(NEW(&work, model_work(rows->model), err));
    for (size_t i = 0; i < count; i++) {
        double *row = values + i * rows->count;
        bool gap = false;
        for (size_t j = 0; j < rows->count; j++)
            gap = gap || (rows->filled[j] && isnan(row[j]));
        if (gap) model_fill(rows->model, row, work);
    }
    return STATUS_OK;
}

/* An integer column as float64. */
static enum status put_widened(size_t at, const struct array *array, const double *values,
                               size_t stride, struct change *change, struct err *err)
{
    struct buffer buffer = {0}, validity = {0};
    size_t rows = (size_t)array->length;
    int64_t nulls = 0;
    struct array *filled;
    TRY(buffer_new(&buffer, rows * sizeof(double), err));
    enum status status = buffer_new(&validity, (rows + 7) / 8, err);
    if (status != STATUS_OK) {
        buffer_unref(&buffer);
        return status;
    }
    double *to = (double *)(void *)buffer_writable(&buffer);
    uint8_t *bits = buffer_writable(&validity);
    for (size_t i = 0; i < rows; i++) {
        if (isnan(values[i * stride])) {
            nulls++;
            continue;
        }
        to[i] = values[i * stride];
        bits[i >> 3] = (uint8_t)(bits[i >> 3] | (1u << (i & 7)));
    }
    if (nulls == 0) {
        buffer_unref(&validity);
        validity = (struct buffer){0};
    }
    change_cells(change, at, array->null_count - nulls);
    TRY(array_make(&filled, array->length, nulls, validity, &buffer, 1, NULL, 0, NULL, err));
    change_column(change, at, &filled);
    return STATUS_OK;
}

static enum status put_column(const struct impute_rows *rows, size_t j, const struct window *window,
                              const double *values, struct change *change, struct err *err)
{
    size_t at = rows->columns[j];
    const struct field *field = &rows->schema->fields[at];
    const struct array *array = window->batch->columns[at];
    if (rows->widen && type_is_integer(field->type.id))
        return put_widened(at, array, values + j, rows->count, change, err);
    OWNED(patch_release) struct patch patch = {field, array, {0}, {0}, 0};
    for (int64_t i = 0; i < array->length; i++) {
        double before = 0, value = values[(size_t)i * rows->count + j];
        bool missing = !array_number_at(field, array, i, &before) || isnan(before);
        if (missing && !isnan(value)) TRY(patch_number(&patch, i, value, err));
    }
    if (patch.cells == 0) return STATUS_OK;
    struct array *filled;
    change_cells(change, at, patch.cells);
    TRY(patch_finish(&patch, &filled, err));
    change_column(change, at, &filled);
    return STATUS_OK;
}

enum status rows_apply(const struct impute_rows *rows, const struct window *window,
                       struct change *change, struct err *err)
{
    OWNED(sample_tally_release) struct sample_tally tally = {0};
    TRY(sample_observe(window, rows->columns, rows->count, rows->seed, &tally, err));
    TRY(fill_rows(rows, tally.rows, tally.count, err));
    for (size_t j = 0; j < rows->count; j++)
        if (rows->filled[j]) TRY(put_column(rows, j, window, tally.rows, change, err));
    return STATUS_OK;
}

/* ---- state and lineage ---- */

enum status rows_save(const struct impute_rows *rows, struct bytes *json, struct err *err)
{
    TRY(bytes_append_text(json, "\"from\": [", err));
    for (size_t j = 0; j < rows->count; j++) {
        if (j > 0) TRY(bytes_append_text(json, ", ", err));
        TRY(bytes_append_json(json, str_of(rows->schema->fields[rows->columns[j]].name), err));
    }
    TRY(bytes_append_text(json, "], \"model\": ", err));
    return model_save(rows->model, json, err);
}

enum status rows_load(struct impute_rows *rows, const struct yaml_node *map, struct err *err)
{
    const struct yaml_node *from = yaml_get(map, "from"), *model;
    if (from == NULL || from->kind != YAML_LIST || from->count != rows->count)
        return fail_at(map, err, "the saved state looks at other columns");
    for (size_t j = 0; j < rows->count; j++) {
        const char *name = rows->schema->fields[rows->columns[j]].name;
        if (!str_is(from->items[j]->text, name))
            return fail_at(from->items[j], err, "column \"%s\" is another one in the saved state",
                           name);
    }
    TRY(get_map(map, "model", &model, err));
    return model_load(rows->model, model, err);
}

enum status rows_lineage(const struct impute_rows *rows, struct column_lineage *lineage,
                         const char *output, struct err *err)
{
    for (size_t j = 0; j < rows->count; j++) {
        const char *name = rows->schema->fields[rows->columns[j]].name;
        if (strcmp(name, output) != 0)
            TRY(column_from(lineage, output, name, "INDIRECT", "CONDITIONAL", false, err));
    }
    return STATUS_OK;
}
