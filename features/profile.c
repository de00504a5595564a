/* features/profile.c: how the values of a version are distributed, column by column. */
#include "features/profile.h"

#include "base/memory.h"
#include "base/parallel.h"
#include "columnar/value_text.h"

#include <math.h>
#include <stdlib.h>
#include <xxhash.h>

#define SAMPLE_ROWS   ((int64_t)131072)
#define SAMPLE_VALUES ((int64_t)1 << 24) /* of all columns together */
#define SAMPLE_FEWEST ((int64_t)1024)

/* ---- which rows ---- */

static int64_t sample_size(size_t columns)
{
    int64_t size = SAMPLE_VALUES / (int64_t)(columns == 0 ? 1 : columns);
    if (size > SAMPLE_ROWS) return SAMPLE_ROWS;
    return size < SAMPLE_FEWEST ? SAMPLE_FEWEST : size;
}

struct reading {
    struct profile *profile;
    uint64_t below; /* rows are in the sample whose hash is below this; UINT64_MAX = all */
    int64_t row;    /* place in the version */
    struct bytes text;
};

static bool is_sampled(const struct reading *reading)
{
    return reading->below == UINT64_MAX ||
           XXH3_64bits(&reading->row, sizeof reading->row) < reading->below;
}

static uint64_t threshold(int64_t rows, size_t columns)
{
    int64_t size = sample_size(columns);
    return rows <= size ? UINT64_MAX : (UINT64_MAX / (uint64_t)rows) * (uint64_t)size;
}

/* ---- one value ---- */

static enum status keep_word(struct column_profile *column, uint64_t word, struct err *err)
{
    if (column->count == column->room) {
        size_t room = column->room == 0 ? 1024 : column->room * 2;
        uint64_t *values = memory_resize(column->values, room, sizeof *values);
        if (values == NULL) return fail_memory(err, room * sizeof *values);
        column->values = values;
        column->room = room;
    }
    column->values[column->count++] = word;
    return STATUS_OK;
}

/* Welford's running mean and sum of squares; `deviation` holds the sum until the end. */
static void count_number(struct column_profile *column, double value)
{
    double distance = value - column->mean;
    column->numbers++;
    column->mean += distance / (double)column->numbers;
    column->deviation += distance * (value - column->mean);
    if (column->numbers == 1 || value < column->minimum) column->minimum = value;
    if (column->numbers == 1 || value > column->maximum) column->maximum = value;
}

static enum status look_at_value(struct reading *reading, struct column_profile *column,
                                 const struct array *array, int64_t row, bool sampled,
                                 struct err *err)
{
    double value;
    if (value_is_null(column->field, array, row)) {
        column->nulls++;
        column->sampled_nulls += sampled;
        return STATUS_OK;
    }
    if (column->ordered && array_number_at(column->field, array, row, &value) && !isnan(value)) {
        count_number(column, value);
        return sampled ? keep_word(column, drift_word(value), err) : STATUS_OK;
    }
    if (!sampled) return STATUS_OK;
    if (column->ordered) return keep_word(column, UINT64_MAX, err); /* NaN */
    reading->text.size = 0;
    TRY(value_plain(column->field, array, row, &reading->text, err));
    return keep_word(column, XXH3_64bits(reading->text.data, reading->text.size), err);
}

static enum status look_at_batch(struct reading *reading, const struct batch *batch,
                                 struct err *err)
{
    struct profile *profile = reading->profile;
    for (int64_t row = 0; row < batch->rows; row++, reading->row++) {
        bool sampled = is_sampled(reading);
        profile->sampled += sampled;
        for (size_t i = 0; i < profile->schema->count; i++)
            TRY(look_at_value(reading, &profile->columns[i], batch->columns[i], row, sampled, err));
    }
    profile->rows += batch->rows;
    return STATUS_OK;
}

/* ---- a version ---- */

static bool has_order(const struct field *field)
{
    enum type_id id = field->type.id;
    return type_is_number(id) || id == TYPE_DATE32 || id == TYPE_DATE64 || id == TYPE_TIMESTAMP ||
           id == TYPE_DECIMAL128;
}

static int by_word(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

static void settle(struct profile *profile)
{
    for (size_t i = 0; i < profile->schema->count; i++) {
        struct column_profile *column = &profile->columns[i];
        column->deviation =
            column->numbers < 2 ? 0 : sqrt(column->deviation / (double)(column->numbers - 1));
        if (column->count > 0) qsort(column->values, column->count, sizeof(uint64_t), by_word);
    }
}

static enum status read_rows(struct reading *reading, struct version_reader *reader,
                             struct err *err)
{
    for (;;) {
        OWNED(batch_release) struct batch batch = {0};
        bool end = false;
        TRY(interrupted(err));
        TRY(version_reader_next(reader, &batch, &end, err));
        if (end) return STATUS_OK;
        TRY(look_at_batch(reading, &batch, err));
    }
}

enum status profile_version(struct profile *ret, struct store *store, const struct version *version,
                            const struct common *common, struct err *err)
{
    OWNED(version_reader_close) struct version_reader *reader = NULL;
    struct reading reading = {.profile = ret, .text = bytes_limited((size_t)1 << 32)};
    TRY(version_reader_open(&reader, store, version, parallel_threads((size_t)common->threads),
                            err));
    ret->schema = schema_ref(version_reader_schema(reader));
    TRY(NEW(&ret->columns, ret->schema->count + 1, err));
    for (size_t i = 0; i < ret->schema->count; i++) {
        ret->columns[i].field = &ret->schema->fields[i];
        ret->columns[i].ordered = has_order(&ret->schema->fields[i]);
    }
    reading.below = threshold(version->rows, ret->schema->count);
    enum status status = read_rows(&reading, reader, err);
    bytes_release(&reading.text);
    settle(ret);
    return status;
}

void profile_release(struct profile *profile)
{
    for (size_t i = 0; profile->columns != NULL && i < profile->schema->count; i++)
        memory_free(profile->columns[i].values);
    memory_free(profile->columns);
    schema_unref(&profile->schema);
    *profile = (struct profile){0};
}

const struct column_profile *profile_column(const struct profile *profile, const char *name)
{
    int64_t place = schema_find(profile->schema, str_of(name));
    return place < 0 ? NULL : &profile->columns[place];
}

static struct distribution distribution_of(const struct column_profile *column)
{
    return (struct distribution){column->ordered, column->values, column->count,
                                 column->sampled_nulls};
}

bool drift_between(const struct column_profile *before, const struct column_profile *after,
                   struct drift *ret)
{
    struct distribution first = distribution_of(before), second = distribution_of(after);
    return drift_of(&first, &second, ret);
}
