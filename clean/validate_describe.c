/* clean/validate_describe.c: writes the profile that later runs are held against. */
#include "clean/validate_describe.h"

#include "base/output.h"
#include "clean/numbers.h"

#include <stdlib.h>
#include <string.h>

#define DISTINCT_MAXIMUM      100000 /* a text column with more is described by its nulls alone */
#define PROFILE_BYTES_MAXIMUM ((size_t)256 << 20)

struct described {
    size_t column;
    size_t number; /* place in the summary; SIZE_MAX = described by its values */
    bool too_many; /* distinct values */
    struct profile_column profile;
    struct profile_counts *counts;
    _Atomic int64_t rows, nulls;
};

struct describe {
    const char *path;
    const struct schema *schema;
    struct described *columns;
    size_t count;
    size_t *numbers;
    size_t number_count;
    double fractions[PROFILE_EDGES];
    struct summary *summary;
};

/* ---- open ---- */

static bool any_column(const struct field *field)
{
    (void)field;
    return true;
}

static enum status open_columns(struct describe *describe, const size_t *columns, size_t count,
                                struct err *err)
{
    TRY(NEW(&describe->columns, count, err));
    describe->count = count;
    TRY(NEW(&describe->numbers, count, err));
    for (size_t i = 0; i < count; i++) {
        struct described *column = &describe->columns[i];
        column->column = columns[i];
        column->profile.number = field_is_ordered_number(&describe->schema->fields[columns[i]]);
        column->number = column->profile.number ? describe->number_count : SIZE_MAX;
        if (column->profile.number) describe->numbers[describe->number_count++] = columns[i];
        TRY(NEW(&column->counts, 1, err));
    }
    return STATUS_OK;
}

enum status describe_open(struct describe **ret, const char *path, const struct text_list *columns,
                          const struct module_setup *setup, size_t memory, struct err *err)
{
    size_t *list = NULL, count = 0;
    TRY(module_key_columns(setup, columns, any_column, &list, &count, err));
    TRY(NEW(ret, 1, err));
    struct describe *describe = *ret;
    describe->path = path;
    describe->schema = setup->schema;
    TRY(open_columns(describe, list, count, err));
    for (size_t i = 0; i < PROFILE_EDGES; i++)
        describe->fractions[i] = (double)i / (PROFILE_EDGES - 1);
    if (describe->number_count == 0) return STATUS_OK;
    const struct summary_plan plan = {
        .columns = describe->numbers,
        .count = describe->number_count,
        .fractions = describe->fractions,
        .fraction_count = PROFILE_EDGES,
        .memory = memory,
    };
    return summary_open(&describe->summary, &plan, err);
}

/* ---- fit ---- */

static struct str text_at(const struct field *field, const struct array *array, int64_t row,
                          char room[128])
{
    struct str text;
    if (array_text_at(field, array, row, &text)) return text;
    return str_of(array_value_text(field, array, row, room, 128));
}

static enum status observe_values(const struct described *column, const struct batch *batch,
                                  struct counts *ret, struct err *err)
{
    char room[128];
    const struct array *array = batch->columns[column->column];
    for (int64_t row = 0; row < batch->rows; row++) {
        if (array_is_null(array, row)) continue;
        struct str text = text_at(&batch->schema->fields[column->column], array, row, room);
        TRY(counts_add(ret, text.data, text.size, count_hash(text.data, text.size), 1, err));
    }
    return STATUS_OK;
}

enum status describe_observe(const struct describe *describe, int pass, const struct window *window,
                             struct describe_tally *tally, struct err *err)
{
    if (describe->summary != NULL)
        TRY(summary_observe(describe->summary, window, &tally->summary, err));
    if (pass > 0) return STATUS_OK;
    TRY(NEW(&tally->counts, describe->count, err));
    tally->count = describe->count;
    for (size_t i = 0; i < describe->count; i++) {
        const struct described *column = &describe->columns[i];
        if (!column->profile.number && !column->too_many)
            TRY(observe_values(column, window->batch, &tally->counts[i], err));
    }
    return STATUS_OK;
}

static enum status absorb_values(struct described *column, const struct counts *more,
                                 struct err *err)
{
    for (size_t i = 0; !column->too_many && i < more->count; i++) {
        const struct counted *item = &more->items[i];
        TRY(counts_add(&column->profile.values, item->data, item->size, item->hash, item->count,
                       err));
        column->too_many = column->profile.values.count > DISTINCT_MAXIMUM;
    }
    if (column->too_many) counts_release(&column->profile.values);
    return STATUS_OK;
}

enum status describe_absorb(struct describe *describe, struct describe_tally *tally,
                            struct err *err)
{
    enum status status = STATUS_OK;
    if (describe->summary != NULL) status = summary_absorb(describe->summary, &tally->summary, err);
    for (size_t i = 0; status == STATUS_OK && i < tally->count; i++)
        status = absorb_values(&describe->columns[i], &tally->counts[i], err);
    describe_tally_release(tally);
    return status;
}

void describe_tally_release(struct describe_tally *tally)
{
    summary_tally_release(&tally->summary);
    for (size_t i = 0; i < tally->count; i++)
        counts_release(&tally->counts[i]);
    memory_free(tally->counts);
    *tally = (struct describe_tally){0};
}

/* ---- what was learned ---- */

static void take_edges(const struct describe *describe, struct described *column)
{
    struct profile_column *profile = &column->profile;
    if (summary_moments(describe->summary, column->number)->count == 0) return;
    for (size_t i = 0; i < PROFILE_EDGES; i++) {
        double edge = summary_quantile(describe->summary, column->number, i);
        bool rises = profile->edge_count == 0 || profile->edges[profile->edge_count - 1] < edge;
        if (rises) profile->edges[profile->edge_count++] = edge;
    }
}

static int more_frequent(const void *a_, const void *b_)
{
    const struct counted *a = a_, *b = b_;
    if (a->count != b->count) return a->count > b->count ? -1 : 1;
    return str_compare((struct str){(const char *)a->data, a->size},
                       (struct str){(const char *)b->data, b->size});
}

/* Values that occur once tell of one row, not of the column: they are not kept. */
static enum status keep_frequent(struct profile_column *profile, struct err *err)
{
    struct counts kept = {0};
    struct counts *values = &profile->values;
    enum status status = STATUS_OK;
    if (values->count > 1)
        qsort(values->items, values->count, sizeof *values->items, more_frequent);
    for (size_t i = 0; status == STATUS_OK && i < values->count && i < PROFILE_VALUES; i++) {
        const struct counted *item = &values->items[i];
        if (item->count > 1) status = counts_add(&kept, item->data, item->size, item->hash, 1, err);
    }
    counts_release(values);
    *values = kept;
    return status;
}

enum status describe_settle(struct describe *describe, bool *ret_more, struct err *err)
{
    bool more = false;
    if (describe->summary != NULL) TRY(summary_settle(describe->summary, &more, err));
    *ret_more |= more;
    if (more) return STATUS_OK;
    for (size_t i = 0; i < describe->count; i++) {
        struct described *column = &describe->columns[i];
        if (column->profile.number)
            take_edges(describe, column);
        else
            TRY(keep_frequent(&column->profile, err));
    }
    return STATUS_OK;
}

/* ---- while rows are applied ---- */

void describe_count(const struct describe *describe, const struct window *window)
{
    const struct batch *batch = window->batch;
    for (size_t i = 0; i < describe->count; i++) {
        struct described *column = &describe->columns[i];
        const struct array *array = batch->columns[column->column];
        atomic_fetch_add(&column->rows, batch->rows);
        atomic_fetch_add(&column->nulls, array->null_count);
        profile_count(&column->profile, &batch->schema->fields[column->column], array,
                      column->counts);
    }
}

/* ---- the file ---- */

static enum status write_columns(struct describe *describe, struct bytes *json, struct err *err)
{
    TRY(bytes_append_text(json, "{\"tamis_profile\":1,\"columns\":{", err));
    for (size_t i = 0; i < describe->count; i++) {
        struct described *column = &describe->columns[i];
        column->profile.rows = atomic_load(&column->rows);
        column->profile.nulls = atomic_load(&column->nulls);
        TRY(bytes_append_text(json, i == 0 ? "\n" : ",\n", err));
        TRY(profile_write(&column->profile, describe->schema->fields[column->column].name,
                          column->counts, json, err));
    }
    return bytes_append_text(json, "\n}}\n", err);
}

enum status describe_finish(struct describe *describe, struct err *err)
{
    OWNED(bytes_release) struct bytes json = bytes_limited(PROFILE_BYTES_MAXIMUM);
    OWNED(output_close) struct output *output = NULL;
    TRY(write_columns(describe, &json, err));
    enum status status = output_open(&output, describe->path, err);
    if (status == STATUS_OK) status = output_write(output, json.data, json.size, err);
    if (status == STATUS_OK) status = output_commit(output, err);
    return status == STATUS_OK ? STATUS_OK
                               : fail_within(err, status, "save_profile \"%s\"", describe->path);
}

void describe_close(struct describe **describe)
{
    struct describe *d = *describe;
    if (d == NULL) return;
    for (size_t i = 0; i < d->count; i++) {
        counts_release(&d->columns[i].profile.values);
        memory_free(d->columns[i].counts);
    }
    summary_close(&d->summary);
    memory_free(d->columns);
    memory_free(d->numbers);
    memory_free(d);
    *describe = NULL;
}
