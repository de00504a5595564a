/* clean/impute_rows.c: the step between windows of columns and the model that sees rows. */
#include "clean/impute_rows.h"

#include "clean/impute_joint.h"
#include "clean/numbers.h"
#include "clean/parameters.h"

#include <math.h>

#define DONORS_TEXT ((size_t)1 << 20)

struct impute_rows {
    const struct schema *schema;
    size_t *columns; /* of the schema, that the model sees */
    bool *filled;    /* whether it is a target */
    struct bounds *bounds;
    const char *rule;
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
    rows->bounds = arena_get(setup->arena, fields, sizeof *rows->bounds);
    if (seen == NULL || target == NULL || rows->columns == NULL || rows->filled == NULL ||
        rows->bounds == NULL)
        return fail_memory(err, fields);
    for (size_t i = 0; i < from_count; i++)
        seen[from[i]] = true;
    for (size_t i = 0; i < plan->target_count; i++)
        seen[plan->targets[i]] = target[plan->targets[i]] = true;
    for (size_t at = 0; at < fields; at++) {
        if (!seen[at]) continue;
        rows->columns[rows->count] = at;
        rows->bounds[rows->count] = (struct bounds){-INFINITY, INFINITY};
        for (size_t i = 0; i < plan->target_count; i++)
            if (plan->targets[i] == at) rows->bounds[rows->count] = plan->bounds[i];
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
    rows->rule = plan->rule;
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
    TRY(sample_observe(window, rows->columns, rows->count, rows->seed, tally, err));
    if (!model_has_donors(rows->model)) return STATUS_OK;
    return sample_observe_origins(window, tally, err);
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

/* What the rows of a window are filled with, and who is told of donors. */
struct filling {
    const struct impute_rows *rows;
    const size_t *places;
    struct change *change;
    double *work;
    struct donated *donated; /* by column; NULL = nobody reads of them */
    struct bytes text;
};

static void filling_release(struct filling *filling)
{
    memory_free(filling->work);
    memory_free(filling->donated);
    bytes_release(&filling->text);
}

static enum status tell_donors(struct filling *filling, int64_t row, size_t j, struct err *err)
{
    const struct impute_rows *rows = filling->rows;
    size_t place = filling->places[rows->columns[j]];
    if (place == SIZE_MAX || !rows->filled[j] || filling->donated[j].count == 0) return STATUS_OK;
    TRY(model_donors_text(rows->model, &filling->donated[j], &filling->text, err));
    if (filling->text.size == 0) return STATUS_OK;
    return change_note_donors(filling->change, place, row, rows->rule,
                              (struct str){(const char *)filling->text.data, filling->text.size},
                              err);
}

/* Known cells stay as they are, gaps within their bounds. */
static enum status fill_row(struct filling *filling, int64_t row, double *values, struct err *err)
{
    const struct impute_rows *rows = filling->rows;
    bool gaps[JOINT_COLUMNS_MAXIMUM];
    for (size_t j = 0; j < rows->count; j++)
        gaps[j] = isnan(values[j]);
    model_fill(rows->model, values, filling->work, filling->donated);
    for (size_t j = 0; j < rows->count; j++) {
        if (!gaps[j] || isnan(values[j])) continue;
        values[j] = fmin(fmax(values[j], rows->bounds[j].low), rows->bounds[j].high);
        if (filling->donated != NULL) TRY(tell_donors(filling, row, j, err));
    }
    return STATUS_OK;
}

static enum status fill_rows(const struct impute_rows *rows, double *values, size_t count,
                             const size_t *places, struct change *change, struct err *err)
{
    OWNED(filling_release)
    struct filling filling = {rows, places, change, NULL, NULL, bytes_limited(DONORS_TEXT)};
    TRY(NEW(&filling.work, model_work(rows->model), err));
    if (change_wants_notes(change)) TRY(NEW(&filling.donated, rows->count, err));
    for (size_t i = 0; i < count; i++) {
        double *row = values + i * rows->count;
        bool gap = false;
        for (size_t j = 0; j < rows->count; j++)
            gap = gap || (rows->filled[j] && isnan(row[j]));
        if (gap) TRY(fill_row(&filling, (int64_t)i, row, err));
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
                              const double *values, size_t place, struct change *change,
                              struct err *err)
{
    size_t at = rows->columns[j];
    const struct field *field = &rows->schema->fields[at];
    const struct array *array = window->batch->columns[at];
    if (rows->widen && type_is_integer(field->type.id))
        return put_widened(place, array, values, rows->count, change, err);
    OWNED(patch_release) struct patch patch = {field, array, {0}, {0}, 0};
    for (int64_t i = 0; i < array->length; i++) {
        double before = 0, value = values[(size_t)i * rows->count];
        bool missing = !array_number_at(field, array, i, &before) || isnan(before);
        if (missing && !isnan(value)) TRY(patch_number(&patch, i, value, err));
    }
    if (patch.cells == 0) return STATUS_OK;
    struct array *filled;
    change_cells(change, place, patch.cells);
    TRY(patch_finish(&patch, &filled, err));
    change_column(change, place, &filled);
    return STATUS_OK;
}

enum status rows_apply(const struct impute_rows *rows, const struct window *window,
                       const size_t *places, struct change *change, struct err *err)
{
    OWNED(sample_tally_release) struct sample_tally tally = {0};
    TRY(sample_observe(window, rows->columns, rows->count, rows->seed, &tally, err));
    TRY(fill_rows(rows, tally.rows, tally.count, places, change, err));
    for (size_t j = 0; j < rows->count; j++)
        if (rows->filled[j] && places[rows->columns[j]] != SIZE_MAX)
            TRY(put_column(rows, j, window, tally.rows + j, places[rows->columns[j]], change, err));
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
