/* features/window_words.c: the values of a column as 64-bit words in a timeline's order. */
#include "features/window_words.h"

#include "base/memory.h"

#include <math.h>

bool word_kind_of(const struct field *field, enum window_function function, enum word_kind *ret)
{
    bool adds = function == WINDOW_SUM || function == WINDOW_MEAN;
    *ret = WORD_SIGNED;
    if (function == WINDOW_COUNT || function == WINDOW_LAST) return true;
    if (field->dictionary) {
        *ret = WORD_NUMBER;
        return function == WINDOW_DISTINCT && field->type.id == TYPE_UTF8;
    }
    switch (field->type.id) {
    case TYPE_UINT8:
    case TYPE_UINT16:
    case TYPE_UINT32:
    case TYPE_UINT64: *ret = WORD_UNSIGNED; return true;
    case TYPE_FLOAT16:
    case TYPE_FLOAT32:
    case TYPE_FLOAT64: *ret = WORD_REAL; return true;
    case TYPE_BOOL:
    case TYPE_INT8:
    case TYPE_INT16:
    case TYPE_INT32:
    case TYPE_INT64:
    case TYPE_DURATION: return true;
    case TYPE_DATE32:
    case TYPE_DATE64:
    case TYPE_TIME32:
    case TYPE_TIME64:
    case TYPE_TIMESTAMP: return !adds;
    case TYPE_UTF8:
    case TYPE_LARGE_UTF8:
    case TYPE_BINARY:
    case TYPE_LARGE_BINARY:
    case TYPE_FIXED_BINARY: *ret = WORD_NUMBER; return function == WINDOW_DISTINCT;
    default: return false;
    }
}

/* ---- words by row ---- */

static uint64_t real_word(double value)
{
    uint64_t word;
    if (isnan(value)) value = (double)NAN;
    if (value == 0) value = 0; /* -0 too */
    memcpy(&word, &value, sizeof word);
    return word;
}

static uint64_t signed_word(const struct array *array, size_t width, int64_t row)
{
    const void *values = array_values(array);
    switch (width) {
    case 1: return (uint64_t)(int64_t)((const int8_t *)values)[row];
    case 2: return (uint64_t)(int64_t)((const int16_t *)values)[row];
    case 4: return (uint64_t)(int64_t)((const int32_t *)values)[row];
    default: return ((const uint64_t *)values)[row];
    }
}

static uint64_t unsigned_word(const struct array *array, size_t width, int64_t row)
{
    const void *values = array_values(array);
    switch (width) {
    case 1: return ((const uint8_t *)values)[row];
    case 2: return ((const uint16_t *)values)[row];
    case 4: return ((const uint32_t *)values)[row];
    default: return ((const uint64_t *)values)[row];
    }
}

static uint64_t word_at(const struct field *field, const struct array *array, enum word_kind kind,
                        int64_t row)
{
    double real = 0;
    if (field->type.id == TYPE_BOOL) return array_bool(array, row);
    if (kind == WORD_SIGNED) return signed_word(array, type_width(&field->type), row);
    if (kind == WORD_UNSIGNED) return unsigned_word(array, type_width(&field->type), row);
    array_number_at(field, array, row, &real);
    return real_word(real);
}

/* ---- numbers for values that are no numbers ---- */

static enum status number_values(const struct field *field, const struct array *array,
                                 uint32_t **ret, struct err *err)
{
    OWNED(entities_close) struct entities *values = NULL;
    OWNED(schema_unref) struct schema *schema = NULL;
    OWNED(batch_release) struct batch batch = {0};
    OWNED(array_unref) struct array *column = array_ref(array);
    struct text_list names = {(const char **)(void *)&field->name, 1};
    struct key_layout layout;
    TRY(schema_new(&schema, err));
    TRY(schema_add(schema, field, err));
    TRY(key_layout_of(schema, &names, &layout, err));
    TRY(entities_open(&values, &layout, err));
    TRY(batch_make(&batch, schema, array->length, &column, err));
    TRY(NEW(ret, (size_t)array->length, err));
    return entities_add(values, &batch, *ret, err);
}

/* ---- by position ---- */

static enum status take_valid(struct window_words *ret, const struct field *field,
                              const struct array *array, const struct timeline *timeline,
                              struct err *err)
{
    bool plain = !field->dictionary && array->null_count == 0;
    if (plain) return STATUS_OK;
    TRY(NEW(&ret->valid, timeline->rows, err));
    for (uint32_t at = 0; at < timeline->rows; at++) {
        int64_t row = timeline_row(timeline, at);
        struct str text;
        ret->valid[at] = field->dictionary ? array_text_at(field, array, row, &text)
                                           : !array_is_null(array, row);
    }
    return STATUS_OK;
}

static enum status take_words(struct window_words *ret, const struct field *field,
                              const struct array *array, const struct timeline *timeline,
                              struct err *err)
{
    OWNED(memory_release) uint32_t *numbers = NULL;
    if (ret->kind == WORD_NUMBER) TRY(number_values(field, array, &numbers, err));
    TRY(NEW(&ret->words, timeline->rows, err));
    for (uint32_t at = 0; at < timeline->rows; at++) {
        int64_t row = timeline_row(timeline, at);
        ret->words[at] = numbers != NULL ? numbers[row] : word_at(field, array, ret->kind, row);
    }
    return STATUS_OK;
}

enum status window_words_make(struct window_words *ret, const struct field *field,
                              const struct array *array, enum window_function function,
                              const struct timeline *timeline, struct err *err)
{
    char type[128];
    if (!word_kind_of(field, function, &ret->kind))
        return fail(err, STATUS_USAGE, "column \"%s\" is %s", field->name,
                    field_type_text(field, type, sizeof type));
    TRY(take_valid(ret, field, array, timeline, err));
    if (function == WINDOW_COUNT || function == WINDOW_LAST) return STATUS_OK;
    return take_words(ret, field, array, timeline, err);
}

void window_words_release(struct window_words *words)
{
    memory_free(words->words);
    memory_free(words->valid);
    *words = (struct window_words){0};
}
