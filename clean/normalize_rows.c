/* clean/normalize_rows.c: each row's numbers divided by their length (scikit-learn's Normalizer).
 *
 * The length is the sum of magnitudes, the root of the sum of squares, or the largest magnitude,
 * over the chosen columns; nulls have no part in it and stay null, a row of zeros stays as it is.
 */
#include "clean/normalize_columns.h"
#include "clean/numbers.h"

#include <math.h>

static enum status open(void **ret, const struct module_setup *setup, struct schema **ret_schema,
                        struct err *err)
{
    struct normalize_columns *state;
    TRY(NEW(&state, 1, err));
    *ret = state;
    return normalize_columns_open(state, setup, TYPE_FLOAT64, ret_schema, err);
}

static void close_state(void **state)
{
    memory_free(*state);
    *state = NULL;
}

static bool needs_fit(const void *opaque)
{
    (void)opaque;
    return false;
}

static bool touches(const void *opaque, size_t column)
{
    return normalize_columns_touch(opaque, column);
}

static double add_length(int norm, double length, double x)
{
    if (isnan(x)) return length;
    switch ((enum normalize_norm)norm) {
    case NORM_L1: return length + fabs(x);
    case NORM_L2: return length + x * x;
    case NORM_MAX: return fmax(length, fabs(x));
    }
    return length;
}

static enum status apply(const void *opaque, const struct window *window, struct change *change,
                         struct err *err)
{
    const struct normalize_columns *state = opaque;
    OWNED(memory_release) double *lengths = NULL;
    OWNED(memory_release) double *values = NULL;
    int64_t rows = window->batch->rows;
    int norm = state->config->norm;
    TRY(NEW(&lengths, (size_t)rows, err));
    TRY(NEW(&values, (size_t)rows, err));
    for (size_t i = 0; i < state->count; i++) {
        numbers_read(normalize_field(state, i), window->batch->columns[state->columns[i]], values);
        for (int64_t row = 0; row < rows; row++)
            lengths[row] = add_length(norm, lengths[row], values[row]);
    }
    for (int64_t row = 0; row < rows; row++) {
        if (norm == NORM_L2) lengths[row] = sqrt(lengths[row]);
        if (lengths[row] == 0) lengths[row] = 1;
    }
    for (size_t i = 0; i < state->count; i++) {
        const struct array *before = window->batch->columns[state->columns[i]];
        struct array *after;
        numbers_read(normalize_field(state, i), before, values);
        for (int64_t row = 0; row < rows; row++)
            values[row] /= lengths[row];
        TRY(normalize_array(&after, state->type, values, before, err));
        change_column(change, state->columns[i], &after);
        change_cells(change, state->columns[i], rows - before->null_count);
        change_rule(change, state->columns[i], normalize_rule(state->config->method));
    }
    return STATUS_OK;
}

static enum status save(const void *opaque, struct bytes *json, struct err *err)
{
    (void)opaque;
    return bytes_append_text(json, "{\"method\": \"rows\"}", err);
}

static enum status load(void *opaque, const struct yaml_node *parameters, struct err *err)
{
    (void)opaque;
    (void)parameters;
    (void)err;
    return STATUS_OK;
}

/* Every number of the row has a part in every other. */
static enum status column_lineage(const void *opaque, struct column_lineage *lineage,
                                  struct err *err)
{
    const struct normalize_columns *state = opaque;
    for (size_t i = 0; i < state->count; i++)
        for (size_t k = 0; k < state->count; k++)
            TRY(column_from(lineage, normalize_field(state, i)->name,
                            normalize_field(state, k)->name, "DIRECT", "TRANSFORMATION", false,
                            err));
    return STATUS_OK;
}

const struct clean_module normalize_rows = {
    .open = open,
    .needs_fit = needs_fit,
    .touches = touches,
    .apply = apply,
    .save = save,
    .load = load,
    .column_lineage = column_lineage,
    .close = close_state,
};
