/* features/leak.c: how many answers depend on what was known when. */
#include "features/leak.h"

#include "base/memory.h"
#include "columnar/value_text.h"

#define VALUE_BYTES ((size_t)1 << 32)

/* Two values as text, kept between comparisons. */
struct comparing {
    struct bytes a, b;
};

static void comparing_release(struct comparing *comparing)
{
    bytes_release(&comparing->a);
    bytes_release(&comparing->b);
}

/* Row -1 is null. */
static enum status text_of(const struct field *field, const struct array *array, int64_t row,
                           struct bytes *ret, struct err *err)
{
    ret->size = 0;
    return row < 0 ? bytes_append_text(ret, "null", err) : value_json(field, array, row, ret, err);
}

static enum status differ(struct comparing *comparing, const struct field *field,
                          const struct array *a, int64_t row_a, const struct array *b,
                          int64_t row_b, bool *ret, struct err *err)
{
    TRY(text_of(field, a, row_a, &comparing->a, err));
    TRY(text_of(field, b, row_b, &comparing->b, err));
    *ret = comparing->a.size != comparing->b.size ||
           memcmp(comparing->a.data, comparing->b.data, comparing->a.size) != 0;
    return STATUS_OK;
}

static enum status count_rows(const struct feature_table *table, const int64_t *rows,
                              const int64_t *others, int64_t count, struct comparing *comparing,
                              struct err *err)
{
    bool differs;
    for (int64_t i = 0; i < count; i++) {
        if (rows[i] == others[i]) continue;
        for (size_t c = 0; c < table->column_count; c++) {
            const struct array *values = table->values[c];
            TRY(differ(comparing, &table->answers->fields[c], values, rows[i], values, others[i],
                       &differs, err));
            if (differs) atomic_fetch_add(&table->leaked[c], 1);
        }
    }
    return STATUS_OK;
}

static enum status count_windows(const struct feature_table *table, struct array *const *answers,
                                 struct array *const *others, int64_t rows,
                                 struct comparing *comparing, struct err *err)
{
    bool differs;
    for (size_t c = table->column_count; c < table->answers->count; c++) {
        const struct array *other = others[c - table->column_count];
        int64_t count = 0;
        for (int64_t row = 0; row < rows; row++) {
            TRY(differ(comparing, &table->answers->fields[c], answers[c], row, other, row, &differs,
                       err));
            count += differs;
        }
        atomic_fetch_add(&table->leaked[c], count);
    }
    return STATUS_OK;
}

static enum status compare_windows(const struct feature_table *table, const struct asked *asked,
                                   struct array *const *answers, struct comparing *comparing,
                                   struct err *err)
{
    OWNED(memory_release) struct array **others = NULL;
    size_t count = table->view.aggregate_count;
    TRY(NEW(&others, count, err));
    enum status status = window_set_answer_by(table->windows, table->other, asked, others, err);
    if (status == STATUS_OK)
        status = count_windows(table, answers, others, asked->rows, comparing, err);
    for (size_t i = 0; i < count; i++)
        array_unref(&others[i]);
    return status;
}

enum status leak_count(const struct feature_table *table, const struct asked *asked,
                       const int64_t *rows, struct array *const *answers, struct err *err)
{
    OWNED(memory_release) int64_t *others = NULL;
    OWNED(comparing_release)
    struct comparing comparing = {bytes_limited(VALUE_BYTES), bytes_limited(VALUE_BYTES)};
    TRY(NEW(&others, (size_t)asked->rows, err));
    asked_rows(asked, table->other, others);
    TRY(count_rows(table, rows, others, asked->rows, &comparing, err));
    if (table->windows == NULL) return STATUS_OK;
    return compare_windows(table, asked, answers, &comparing, err);
}
