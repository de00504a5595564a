/* columnar/statistics.c: what a chunk says about its columns. */
#include "columnar/statistics.h"

#include "base/memory.h"
#include "columnar/hyperloglog.h"
#include "columnar/layout.h"

#include <math.h>

/* ---- distinct values ---- */

#define EXACT_SLOTS 2048
#define EXACT_MOST  1024

struct distinct {
    uint64_t exact[EXACT_SLOTS]; /* hashes; 0 = free */
    int64_t exact_count;         /* above EXACT_MOST: only the registers count */
    uint8_t registers[HYPERLOGLOG_REGISTERS];
};

static void distinct_add(struct distinct *distinct, uint64_t hash)
{
    if (hash == 0) hash = 1;
    hyperloglog_add(distinct->registers, hash);
    if (distinct->exact_count > EXACT_MOST) return;
    size_t place = hash & (EXACT_SLOTS - 1);
    while (distinct->exact[place] != 0 && distinct->exact[place] != hash)
        place = (place + 1) & (EXACT_SLOTS - 1);
    if (distinct->exact[place] == 0) distinct->exact_count++;
    distinct->exact[place] = hash;
}

static int64_t distinct_count(const struct distinct *distinct)
{
    if (distinct->exact_count <= EXACT_MOST) return distinct->exact_count;
    return hyperloglog_count(distinct->registers);
}

static enum status count_bools(const struct array *array, struct distinct *distinct)
{
    bool seen[2] = {false, false};
    for (int64_t row = 0; row < array->length; row++)
        if (!array_is_null(array, row)) seen[array_bool(array, row)] = true;
    distinct->exact_count = seen[0] + seen[1];
    return STATUS_OK;
}

static enum status count_distinct(const struct field *field, const struct array *array,
                                  struct distinct *distinct, struct err *err)
{
    OWNED(bytes_release) struct bytes key = bytes_limited(SIZE_MAX / 2);
    if (field_info(field)->layout == LAYOUT_NULL) return STATUS_OK;
    if (field->type.id == TYPE_BOOL && !field->dictionary) return count_bools(array, distinct);
    for (int64_t row = 0; row < array->length; row++) {
        uint64_t hash = 0;
        if (array_is_null(array, row)) continue;
        TRY(slot_hash(field, array, row, &key, &hash, err));
        distinct_add(distinct, hash);
    }
    return STATUS_OK;
}

/* A dictionary counts each value once that a row uses. */
static enum status count_dictionary(const struct field *field, const struct array *array,
                                    struct distinct *distinct, struct err *err)
{
    struct field values = field_values(field);
    const struct array *dictionary = array->dictionary;
    OWNED(bytes_release) struct bytes key = bytes_limited(SIZE_MAX / 2);
    OWNED(memory_release) uint8_t *used = NULL;
    TRY(NEW(&used, (size_t)dictionary->length, err));
    for (int64_t row = 0; row < array->length; row++)
        if (!array_is_null(array, row)) used[integer_at(field->index, array, row)] = 1;
    for (int64_t index = 0; index < dictionary->length; index++) {
        uint64_t hash = 0;
        if (used[index] == 0 || array_is_null(dictionary, index)) continue;
        TRY(slot_hash(&values, dictionary, index, &key, &hash, err));
        distinct_add(distinct, hash);
    }
    return STATUS_OK;
}

/* ---- smallest and largest ---- */

static int order(bool less, bool more)
{
    return less ? -1 : more ? 1 : 0;
}

/* Two's complement, little-endian. */
static int compare_wide(const uint8_t *a, const uint8_t *b, size_t width)
{
    int8_t a_top = (int8_t)a[width - 1], b_top = (int8_t)b[width - 1];
    if (a_top != b_top) return order(a_top < b_top, true);
    for (size_t i = width - 1; i-- > 0;)
        if (a[i] != b[i]) return order(a[i] < b[i], true);
    return 0;
}

static bool has_order(const struct field *field)
{
    enum type_id id = field->type.id;
    return id == TYPE_BOOL || type_is_number(id) || type_is_text(id) ||
           (id >= TYPE_DATE32 && id <= TYPE_DURATION) ||
           (id >= TYPE_DECIMAL32 && id <= TYPE_DECIMAL256);
}

static int compare_numbers(const struct field *field, const struct array *array, int64_t i,
                           int64_t j)
{
    double a = 0, b = 0;
    (void)array_number_at(field, array, i, &a);
    (void)array_number_at(field, array, j, &b);
    return order(a<b, a> b);
}

static int compare_slots(const struct field *field, const struct array *array, int64_t i, int64_t j)
{
    enum type_id id = field->type.id;
    struct str a, b;
    if (id == TYPE_BOOL || (id >= TYPE_FLOAT16 && id <= TYPE_FLOAT64))
        return compare_numbers(field, array, i, j);
    a = slot_bytes(field, array, i);
    b = slot_bytes(field, array, j);
    if (type_is_text(id)) return str_compare(a, b);
    if (id >= TYPE_UINT8 && id <= TYPE_UINT64) {
        uint64_t x = (uint64_t)integer_at(id, array, i), y = (uint64_t)integer_at(id, array, j);
        return order(x<y, x> y);
    }
    return compare_wide((const uint8_t *)a.data, (const uint8_t *)b.data, type_width(&field->type));
}

static bool is_nan(const struct field *field, const struct array *array, int64_t row)
{
    double value = 0;
    if (field->type.id < TYPE_FLOAT16 || field->type.id > TYPE_FLOAT64) return false;
    return array_number_at(field, array, row, &value) && isnan(value);
}

struct extremes {
    int64_t least, most; /* rows; -1 = none */
};

/* The common types without a call a row; NaN compares false and is left out. */
#define TYPED_EXTREMES(name, type)                                                                 \
    static struct extremes name(const struct array *array)                                         \
    {                                                                                              \
        struct extremes found = {-1, -1};                                                          \
        const type *values = array_values(array);                                                  \
        for (int64_t row = 0; row < array->length; row++) {                                        \
            if (array_is_null(array, row) || !(values[row] <= values[row])) continue;              \
            if (found.least < 0 || values[row] < values[found.least]) found.least = row;           \
            if (found.most < 0 || values[row] > values[found.most]) found.most = row;              \
        }                                                                                          \
        return found;                                                                              \
    }
TYPED_EXTREMES(extremes_int32, int32_t)
TYPED_EXTREMES(extremes_int64, int64_t)
TYPED_EXTREMES(extremes_float64, double)

static struct extremes find_extremes(const struct field *field, const struct array *array,
                                     const uint8_t *used)
{
    struct extremes extremes = {-1, -1};
    enum type_id id = field->type.id;
    if (used == NULL && (id == TYPE_INT32 || id == TYPE_DATE32)) return extremes_int32(array);
    if (used == NULL && (id == TYPE_INT64 || id == TYPE_TIMESTAMP)) return extremes_int64(array);
    if (used == NULL && id == TYPE_FLOAT64) return extremes_float64(array);
    for (int64_t row = 0; row < array->length; row++) {
        if (array_is_null(array, row) || (used != NULL && used[row] == 0)) continue;
        if (is_nan(field, array, row)) continue;
        if (extremes.least < 0) extremes = (struct extremes){row, row};
        if (compare_slots(field, array, row, extremes.least) < 0) extremes.least = row;
        if (compare_slots(field, array, row, extremes.most) > 0) extremes.most = row;
    }
    return extremes;
}

/* ---- long texts: cut, the maximum to the next larger text of that length ---- */

#define TEXT_MOST 120

static size_t cut_length(const char *text)
{
    size_t size = TEXT_MOST;
    while (size > 0 && ((uint8_t)text[size] & 0xc0) == 0x80)
        size--;
    return size;
}

/* Raises the last ASCII character that can be raised and drops what follows: any text that began
 * with the old one is smaller. */
static void raise_text(char *text)
{
    for (size_t size = strlen(text); size-- > 0;) {
        uint8_t byte = (uint8_t)text[size];
        if (byte >= 0x7e) continue;
        text[size] = (char)(byte + 1);
        text[size + 1] = '\0';
        return;
    }
    memcpy(text + strlen(text), "\xf4\x8f\xbf\xbf", 5); /* the largest character */
}

static void cut_texts(struct column_statistics *ret)
{
    if (strlen(ret->minimum) > TEXT_MOST) ret->minimum[cut_length(ret->minimum)] = '\0';
    if (strlen(ret->maximum) <= TEXT_MOST) return;
    ret->maximum[cut_length(ret->maximum)] = '\0';
    raise_text(ret->maximum);
}

static void put_range(const struct field *field, const struct array *array, const uint8_t *used,
                      struct column_statistics *ret)
{
    if (!has_order(field) || type_table[field->type.id].layout == LAYOUT_RUN_END) return;
    struct extremes extremes = find_extremes(field, array, used);
    if (extremes.least < 0) return;
    ret->has_range = true;
    array_value_text(field, array, extremes.least, ret->minimum, sizeof ret->minimum);
    array_value_text(field, array, extremes.most, ret->maximum, sizeof ret->maximum);
    cut_texts(ret);
}

/* ---- columns ---- */

static enum status put_dictionary_range(const struct field *field, const struct array *array,
                                        struct column_statistics *ret, struct err *err)
{
    struct field values = field_values(field);
    OWNED(memory_release) uint8_t *used = NULL;
    TRY(NEW(&used, (size_t)array->dictionary->length, err));
    for (int64_t row = 0; row < array->length; row++)
        if (!array_is_null(array, row)) used[integer_at(field->index, array, row)] = 1;
    put_range(&values, array->dictionary, used, ret);
    return STATUS_OK;
}

enum status array_statistics(const struct field *field, const struct array *array,
                             struct column_statistics *ret, struct err *err)
{
    OWNED(memory_release) struct distinct *distinct = NULL;
    *ret = (struct column_statistics){.rows = array->length, .nulls = array->null_count};
    TRY(NEW(&distinct, 1, err));
    if (field->dictionary) {
        TRY(count_dictionary(field, array, distinct, err));
        TRY(put_dictionary_range(field, array, ret, err));
    } else {
        TRY(count_distinct(field, array, distinct, err));
        put_range(field, array, NULL, ret);
    }
    ret->distinct = distinct_count(distinct);
    return STATUS_OK;
}

enum status batch_statistics(const struct batch *batch, struct column_statistics *ret,
                             struct err *err)
{
    for (size_t i = 0; i < batch->schema->count; i++)
        TRY(array_statistics(&batch->schema->fields[i], batch->columns[i], &ret[i], err));
    return STATUS_OK;
}
