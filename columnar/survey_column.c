/* columnar/survey_column.c: one column of one batch, and two of them made one. */
#include "columnar/survey_parts.h"

#include "columnar/hyperloglog.h"
#include "columnar/layout.h"

#include <math.h>

enum survey_kind survey_kind_of(const struct field *field)
{
    enum type_id id = field->type.id;
    enum layout layout = type_table[id].layout;
    if (type_is_text(id)) return SURVEY_TEXT;
    if (id == TYPE_BOOL || field->dictionary) return SURVEY_WORD;
    if (type_is_number(id) || id == TYPE_DECIMAL128) return SURVEY_NUMBER;
    if (id == TYPE_DATE32 || id == TYPE_DATE64 || id == TYPE_TIMESTAMP) return SURVEY_TIME;
    if (layout == LAYOUT_BYTES || layout == LAYOUT_BYTES_LARGE || layout == LAYOUT_VIEW)
        return SURVEY_BYTES;
    return layout == LAYOUT_FIXED ? SURVEY_WORD : SURVEY_OTHER;
}

/* ---- numbers ---- */

#define BLOCK 1024

/* Rows first ... first + count - 1 as doubles; null slots hold anything. */
static void read_block(const struct field *field, const struct array *array, int64_t first,
                       int64_t count, double *ret)
{
    const void *values = array->buffer_count == 0 ? NULL : array_values(array);
    switch (field->type.id) {
    case TYPE_FLOAT64: memcpy(ret, (const double *)values + first, (size_t)count * 8); return;
    case TYPE_INT64:
    case TYPE_TIMESTAMP:
        for (int64_t i = 0; i < count; i++)
            ret[i] = (double)((const int64_t *)values)[first + i];
        return;
    case TYPE_INT32:
    case TYPE_DATE32:
        for (int64_t i = 0; i < count; i++)
            ret[i] = (double)((const int32_t *)values)[first + i];
        return;
    default:
        for (int64_t i = 0; i < count; i++) {
            ret[i] = 0;
            (void)array_number_at(field, array, first + i, &ret[i]);
        }
    }
}

/* Folds the moments of `numbers` finite values (Chan, Golub, LeVeque 1983). */
static void fold_moments(struct survey_column *column, int64_t numbers, double mean, double squares)
{
    int64_t before = column->numbers - column->infinite;
    if (numbers == 0) return;
    double all = (double)(before + numbers), distance = mean - column->mean;
    column->mean += distance * ((double)numbers / all);
    column->squares += squares + distance * distance * ((double)before * (double)numbers / all);
}

struct extremes {
    int64_t least, most; /* rows, -1 = none */
};

static void note_number(struct survey_column *column, double value, int64_t row,
                        struct extremes *extremes)
{
    if (extremes->least < 0 || value < column->least) {
        column->least = value;
        extremes->least = row;
    }
    if (extremes->most < 0 || value > column->most) {
        column->most = value;
        extremes->most = row;
    }
}

/* Leaves the finite values at the beginning of `values`; returns how many. */
static int64_t sort_out(struct survey_column *column, const struct array *array, int64_t first,
                        int64_t count, double *values, int64_t *ret_infinite,
                        struct extremes *extremes)
{
    int64_t finite = 0, zeros = 0, negatives = 0;
    bool nulls = array->null_count > 0;
    *ret_infinite = 0;
    for (int64_t i = 0; i < count; i++) {
        double value = values[i];
        if (nulls && array_is_null(array, first + i)) continue;
        zeros += value == 0;
        negatives += value < 0;
        if (value < column->least || value > column->most ||
            (extremes->least < 0 && value == value))
            note_number(column, value, first + i, extremes);
        if (isfinite(value)) {
            values[finite++] = value;
            continue;
        }
        *ret_infinite += isinf(value) != 0;
        column->nans += isnan(value) != 0;
    }
    column->zeros += zeros;
    column->negatives += negatives;
    return finite;
}

static void look_at_numbers(struct survey_column *column, const struct array *array)
{
    double values[BLOCK];
    struct extremes extremes = {-1, -1};
    for (int64_t first = 0; first < array->length; first += BLOCK) {
        int64_t count = array->length - first < BLOCK ? array->length - first : BLOCK, infinite;
        double sum = 0, squares = 0;
        read_block(column->field, array, first, count, values);
        int64_t finite = sort_out(column, array, first, count, values, &infinite, &extremes);
        for (int64_t i = 0; i < finite; i++)
            sum += values[i];
        double mean = finite == 0 ? 0 : sum / (double)finite;
        for (int64_t i = 0; i < finite; i++)
            squares += (values[i] - mean) * (values[i] - mean);
        fold_moments(column, finite, mean, squares);
        column->numbers += finite + infinite;
        column->infinite += infinite;
    }
    if (extremes.least < 0) return;
    array_value_text(column->field, array, extremes.least, column->least_text, SURVEY_VALUE_TEXT);
    array_value_text(column->field, array, extremes.most, column->most_text, SURVEY_VALUE_TEXT);
}

/* ---- lengths ---- */

static int64_t characters_of(struct str text)
{
    int64_t count = 0;
    for (size_t i = 0; i < text.size; i++)
        count += ((uint8_t)text.data[i] & 0xc0) != 0x80;
    return count;
}

static void note_length(struct survey_column *column, int64_t length, int64_t times)
{
    if (column->longest < 0 || length < column->shortest) column->shortest = length;
    if (length > column->longest) column->longest = length;
    column->lengths += length * times;
}

static void look_at_lengths(struct survey_column *column, const struct array *array)
{
    for (int64_t row = 0; row < array->length; row++) {
        if (array_is_null(array, row)) continue;
        struct str text = slot_bytes(column->field, array, row);
        note_length(column, column->kind == SURVEY_TEXT ? characters_of(text) : (int64_t)text.size,
                    1);
    }
}

/* ---- different values ---- */

struct counting {
    struct survey_column *column;
    const struct array *array;
    struct arena *arena;
    uint64_t *row_hashes;
    bool values; /* counted one by one */
};

static enum status keep_value(const struct counting *counting, const struct field *field,
                              const struct array *array, int64_t row, struct survey_value *slot,
                              struct err *err)
{
    char room[SURVEY_VALUE_TEXT + 8];
    struct str text;
    if (!array_text_at(field, array, row, &text))
        text = str_of(array_value_text(field, array, row, room, sizeof room));
    slot->text = survey_keep_text(counting->arena, text);
    return slot->text.data == NULL ? fail_memory(err, text.size) : STATUS_OK;
}

static enum status count_value(struct counting *counting, const struct field *field,
                               const struct array *array, int64_t row, uint64_t hash, int64_t times,
                               struct err *err)
{
    struct survey_values *values = &counting->column->values;
    hyperloglog_add(counting->column->registers, hash);
    if (!counting->values || values->many) return STATUS_OK;
    TRY(survey_values_reserve(values, err));
    struct survey_value *slot = survey_values_slot(values, hash);
    slot->count += times;
    if (slot->hash != 0) return STATUS_OK;
    slot->hash = hash;
    TRY(keep_value(counting, field, array, row, slot, err));
    if (++values->count <= SURVEY_VALUES) return STATUS_OK;
    survey_values_release(values);
    values->many = true;
    return STATUS_OK;
}

#define NULL_HASH 0x6e756c6c6e756c6cu

static void tell_rows(const struct counting *counting, int64_t first, int64_t count,
                      const uint64_t *hashes)
{
    if (counting->row_hashes == NULL) return;
    for (int64_t i = 0; i < count; i++) {
        uint64_t word = (counting->row_hashes[first + i] ^ hashes[i]) * 0x9e3779b97f4a7c15u;
        counting->row_hashes[first + i] = word ^ word >> 29;
    }
}

/* Hashes of rows first ... first + count - 1; of null slots too, where there is something to hash.
 */
static enum status hash_block(const struct field *field, const struct array *array, int64_t first,
                              int64_t count, uint64_t *ret, struct err *err)
{
    OWNED(bytes_release) struct bytes key = bytes_limited(SIZE_MAX / 2);
    size_t width = field_info(field)->layout == LAYOUT_FIXED ? field_width(field) : 0;
    if (width == 8) {
        const uint64_t *words = array_values(array);
        for (int64_t i = 0; i < count; i++)
            ret[i] = word_hash(words[first + i]);
    } else if (width == 4) {
        const uint32_t *words = array_values(array);
        for (int64_t i = 0; i < count; i++)
            ret[i] = word_hash(words[first + i]);
    } else {
        for (int64_t i = 0; i < count; i++)
            if (!array_is_null(array, first + i))
                TRY(slot_hash(field, array, first + i, &key, &ret[i], err));
    }
    return STATUS_OK;
}

static enum status count_block(struct counting *counting, int64_t first, int64_t count,
                               const uint64_t *hashes, struct err *err)
{
    const struct field *field = counting->column->field;
    uint8_t *registers = counting->column->registers;
    if (counting->values && !counting->column->values.many) {
        for (int64_t i = 0; i < count; i++)
            if (!array_is_null(counting->array, first + i))
                TRY(count_value(counting, field, counting->array, first + i, hashes[i], 1, err));
        return STATUS_OK;
    }
    for (int64_t i = 0; i < count; i++)
        if (!array_is_null(counting->array, first + i)) hyperloglog_add(registers, hashes[i]);
    return STATUS_OK;
}

static enum status count_rows(struct counting *counting, struct err *err)
{
    const struct array *array = counting->array;
    uint64_t hashes[BLOCK];
    for (int64_t first = 0; first < array->length; first += BLOCK) {
        int64_t count = array->length - first < BLOCK ? array->length - first : BLOCK;
        TRY(hash_block(counting->column->field, array, first, count, hashes, err));
        for (int64_t i = 0; i < count; i++) {
            hashes[i] += hashes[i] == 0;
            if (array_is_null(array, first + i)) hashes[i] = NULL_HASH;
        }
        TRY(count_block(counting, first, count, hashes, err));
        tell_rows(counting, first, count, hashes);
    }
    return STATUS_OK;
}

/* A dictionary's value is hashed once; lengths are of its values. */
static enum status count_dictionary(struct counting *counting, struct err *err)
{
    struct survey_column *column = counting->column;
    const struct array *array = counting->array, *dictionary = array->dictionary;
    struct field values = field_values(column->field);
    OWNED(bytes_release) struct bytes key = bytes_limited(SIZE_MAX / 2);
    OWNED(memory_release) int64_t *times = NULL;
    OWNED(memory_release) uint64_t *hashes = NULL;
    TRY(NEW(&times, (size_t)dictionary->length, err));
    TRY(NEW(&hashes, (size_t)dictionary->length, err));
    for (int64_t row = 0; row < array->length; row++)
        if (!array_is_null(array, row)) times[integer_at(column->field->index, array, row)]++;
    for (int64_t index = 0; index < dictionary->length; index++) {
        hashes[index] = NULL_HASH;
        if (times[index] == 0 || array_is_null(dictionary, index)) continue;
        TRY(slot_hash(&values, dictionary, index, &key, &hashes[index], err));
        hashes[index] += hashes[index] == 0;
        TRY(count_value(counting, &values, dictionary, index, hashes[index], times[index], err));
        if (column->kind == SURVEY_TEXT)
            note_length(column, characters_of(slot_bytes(&values, dictionary, index)),
                        times[index]);
    }
    for (int64_t row = 0; row < array->length; row++) {
        bool null = array_is_null(array, row);
        uint64_t hash = null ? NULL_HASH : hashes[integer_at(column->field->index, array, row)];
        tell_rows(counting, row, 1, &hash);
    }
    return STATUS_OK;
}

enum status survey_look_at_column(struct survey_column *column, const struct array *array,
                                  bool count_values, struct arena *arena, uint64_t *row_hashes,
                                  struct err *err)
{
    struct counting counting = {column, array, arena, row_hashes,
                                count_values && column->kind != SURVEY_BYTES};
    column->nulls = array->null_count;
    column->longest = -1;
    column->values.many = !counting.values;
    if (column->kind == SURVEY_OTHER) return STATUS_OK;
    if (column->field->dictionary) return count_dictionary(&counting, err);
    if (column->kind == SURVEY_NUMBER || column->kind == SURVEY_TIME)
        look_at_numbers(column, array);
    if (column->kind == SURVEY_TEXT || column->kind == SURVEY_BYTES) look_at_lengths(column, array);
    return count_rows(&counting, err);
}

/* ---- two made one ---- */

static void fold_extremes(struct survey_column *into, const struct survey_column *from)
{
    if (into->numbers == 0 || from->least < into->least) {
        into->least = from->least;
        memcpy(into->least_text, from->least_text, sizeof into->least_text);
    }
    if (into->numbers == 0 || from->most > into->most) {
        into->most = from->most;
        memcpy(into->most_text, from->most_text, sizeof into->most_text);
    }
}

enum status survey_fold_column(struct survey_column *into, const struct survey_column *from,
                               struct arena *arena, struct err *err)
{
    if (from->numbers > 0) fold_extremes(into, from);
    fold_moments(into, from->numbers - from->infinite, from->mean, from->squares);
    into->nulls += from->nulls;
    into->numbers += from->numbers;
    into->infinite += from->infinite;
    into->nans += from->nans;
    into->zeros += from->zeros;
    into->negatives += from->negatives;
    if (from->longest >= 0 && (into->longest < 0 || from->shortest < into->shortest))
        into->shortest = from->shortest;
    if (from->longest > into->longest) into->longest = from->longest;
    into->lengths += from->lengths;
    hyperloglog_merge(into->registers, from->registers);
    return survey_values_fold(&into->values, &from->values, arena, err);
}
