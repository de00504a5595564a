/* clean/summary.c: moments, exact quantiles and the median absolute deviation of several columns.
 */
#include "clean/summary.h"

#include "base/parallel.h"
#include "clean/numbers.h"

#include <math.h>

struct column_summary {
    struct moments moments;
    struct quantiles *quantiles; /* NULL = moments only */
    bool centered;               /* the median is known, deviations are being selected */
    bool done;
    double median;
};

struct summary {
    struct summary_plan plan;
    bool later; /* past the first pass: moments are complete */
    struct column_summary columns[];
};

struct summary_cell {
    struct moments moments;
    struct quantile_tally keys;
};

enum status summary_open(struct summary **ret, const struct summary_plan *plan, struct err *err)
{
    size_t bytes = sizeof(struct summary) + plan->count * sizeof(struct column_summary);
    struct summary *summary = memory_get(1, bytes);
    if (summary == NULL) return fail_memory(err, bytes);
    summary->plan = *plan;
    *ret = summary;
    for (size_t i = 0; plan->fraction_count > 0 && i < plan->count; i++)
        TRY(quantiles_open(&summary->columns[i].quantiles, plan->fractions, plan->fraction_count,
                           plan->memory / plan->count, plan->threads, err));
    return STATUS_OK;
}

/* Moments without a copy, where the column is floats without nulls. */
static bool lies_as_floats(const struct field *field, const struct array *array,
                           enum element_type *ret_type)
{
    return numbers_elements(field, array, ret_type) != NULL && array->null_count == 0;
}

static enum status observe_values(const struct summary *summary, size_t index, const double *values,
                                  int64_t rows, struct summary_cell *cell, struct err *err)
{
    const struct column_summary *column = &summary->columns[index];
    if (column->done) return STATUS_OK;
    if (!summary->later)
        TRY(device_moments(summary->plan.device, ELEMENT_FLOAT64, values, rows, &cell->moments,
                           err));
    if (column->quantiles == NULL) return STATUS_OK;
    return quantiles_observe(column->quantiles, values, rows, &cell->keys, err);
}

static enum status observe_column(const struct summary *summary, size_t index,
                                  const struct window *window, double *values,
                                  struct summary_cell *cell, struct err *err)
{
    const struct column_summary *column = &summary->columns[index];
    if (column->done) return STATUS_OK;
    size_t at = summary->plan.columns[index];
    const struct field *field = &window->batch->schema->fields[at];
    const struct array *array = window->batch->columns[at];
    enum element_type type = ELEMENT_FLOAT64;
    if (column->quantiles != NULL || !lies_as_floats(field, array, &type)) {
        numbers_read(field, array, values);
        return observe_values(summary, index, values, window->batch->rows, cell, err);
    }
    if (summary->later) return STATUS_OK;
    return device_moments(summary->plan.device, type, array_values(array), array->length,
                          &cell->moments, err);
}

enum status summary_observe(const struct summary *summary, const struct window *window,
                            struct summary_tally *tally, struct err *err)
{
    size_t count = summary->plan.count;
    OWNED(memory_release) double *values = NULL;
    TRY(NEW(&values, (size_t)window->batch->rows, err));
    TRY(NEW(&tally->cells, count, err));
    tally->count = count;
    for (size_t i = 0; i < count; i++)
        TRY(observe_column(summary, i, window, values, &tally->cells[i], err));
    return STATUS_OK;
}

enum status summary_observe_values(const struct summary *summary, const double *values,
                                   size_t stride, int64_t rows, struct summary_tally *tally,
                                   struct err *err)
{
    size_t count = summary->plan.count;
    TRY(NEW(&tally->cells, count, err));
    tally->count = count;
    for (size_t i = 0; i < count; i++)
        TRY(observe_values(summary, i, values + i * stride, rows, &tally->cells[i], err));
    return STATUS_OK;
}

enum status summary_absorb(struct summary *summary, struct summary_tally *tally, struct err *err)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < tally->count; i++) {
        struct column_summary *column = &summary->columns[i];
        if (column->done) continue;
        if (!summary->later) moments_fold(&column->moments, &tally->cells[i].moments);
        if (column->quantiles != NULL)
            status = quantiles_absorb(column->quantiles, &tally->cells[i].keys, err);
    }
    summary_tally_release(tally);
    return status;
}

enum status summary_tally_carry(const struct summary *summary, struct summary_tally *tally,
                                struct wire *wire, struct err *err)
{
    if (wire->reading) {
        TRY(NEW(&tally->cells, summary->plan.count, err));
        tally->count = summary->plan.count;
    }
    for (size_t i = 0; i < tally->count; i++) {
        struct moments *moments = &tally->cells[i].moments;
        TRY(WIRE(wire, moments, err));
        if (!wire_is_count(moments->count))
            return fail(err, STATUS_FAILED, "%lld values", (long long)moments->count);
    }
    return STATUS_OK;
}

void summary_tally_release(struct summary_tally *tally)
{
    for (size_t i = 0; i < tally->count; i++)
        quantile_tally_release(&tally->cells[i].keys);
    memory_free(tally->cells);
    *tally = (struct summary_tally){0};
}

static enum status settle_column(const struct summary_plan *plan, struct column_summary *column,
                                 struct err *err)
{
    bool more = false;
    if (column->quantiles != NULL) TRY(quantiles_settle(column->quantiles, &more, err));
    if (!more && plan->deviations && !column->centered) {
        column->centered = true;
        column->median = quantiles_value(column->quantiles, 0);
        TRY(quantiles_recenter(column->quantiles, column->median, &more, err));
    }
    column->done = !more;
    return STATUS_OK;
}

static enum status settle_one(void *context, size_t index, struct err *err)
{
    struct summary *summary = context;
    struct column_summary *column = &summary->columns[index];
    return column->done ? STATUS_OK : settle_column(&summary->plan, column, err);
}

enum status summary_settle(struct summary *summary, bool *ret_more, struct err *err)
{
    size_t threads = summary->plan.threads == 0 ? 1 : summary->plan.threads;
    *ret_more = false;
    if (summary->plan.count == 1) /* all threads for the search in the one column */
        TRY(settle_one(summary, 0, err));
    else
        TRY(parallel_for(threads, summary->plan.count, summary, settle_one, err));
    for (size_t i = 0; i < summary->plan.count; i++)
        if (!summary->columns[i].done) *ret_more = true;
    summary->later = true;
    return STATUS_OK;
}

const struct moments *summary_moments(const struct summary *summary, size_t index)
{
    return &summary->columns[index].moments;
}

double summary_quantile(const struct summary *summary, size_t index, size_t fraction)
{
    return quantiles_value(summary->columns[index].quantiles, fraction);
}

double summary_median(const struct summary *summary, size_t index)
{
    return summary->columns[index].median;
}

double summary_deviation(const struct summary *summary, size_t index)
{
    return quantiles_value(summary->columns[index].quantiles, 0);
}

void summary_close(struct summary **summary)
{
    if (*summary == NULL) return;
    for (size_t i = 0; i < (*summary)->plan.count; i++)
        quantiles_close(&(*summary)->columns[i].quantiles);
    memory_free(*summary);
    *summary = NULL;
}
