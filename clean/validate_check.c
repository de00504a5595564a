/* clean/validate_check.c: holds the rows of one window against one check. */
#include "clean/datetext.h"
#include "clean/numeral.h"
#include "clean/validate_rule.h"

#include <stdio.h>
#include <strings.h>

#define CELL_TEXT      128
#define MATCH_LIMIT    1000000 /* steps of one match: hostile text can not stall a run */
#define MATCH_HEAP_KIB 4096
#define DAY_MICROS     INT64_C(86400000000)

/* ---- values ---- */

static int64_t moment_of(const struct field *field, const struct array *array, int64_t row)
{
    static const int64_t per_micro_up[] = {1000000, 1000, 1, 1};
    if (field->type.id == TYPE_DATE32)
        return ((const int32_t *)array_values(array))[row] * DAY_MICROS;
    int64_t value = ((const int64_t *)array_values(array))[row];
    if (field->type.unit == UNIT_NANO) return value / 1000;
    int64_t moment = 0;
    if (__builtin_mul_overflow(value, per_micro_up[field->type.unit], &moment))
        return value < 0 ? INT64_MIN : INT64_MAX;
    return moment;
}

static int64_t whole_of(const struct field *field, const struct array *array, int64_t row)
{
    const void *values = array_values(array);
    switch (field->type.id) {
    case TYPE_INT8: return ((const int8_t *)values)[row];
    case TYPE_INT16: return ((const int16_t *)values)[row];
    case TYPE_INT32: return ((const int32_t *)values)[row];
    case TYPE_UINT8: return ((const uint8_t *)values)[row];
    case TYPE_UINT16: return ((const uint16_t *)values)[row];
    case TYPE_UINT32: return ((const uint32_t *)values)[row];
    default: return ((const int64_t *)values)[row];
    }
}

bool check_value(const struct check *check, size_t column, const struct batch *batch, int64_t row,
                 struct bound *ret, bool *ret_unfit)
{
    const struct field *field = &batch->schema->fields[column];
    const struct array *array = batch->columns[column];
    if (array_is_null(array, row)) return false;
    ret->given = true;
    switch (check->scale) {
    case SCALE_WHOLE: ret->whole = whole_of(field, array, row); return true;
    case SCALE_MOMENT: ret->whole = moment_of(field, array, row); return true;
    case SCALE_TEXT: return array_text_at(field, array, row, &ret->text);
    case SCALE_NUMBER: break;
    }
    if (!check->numeric_text) return array_number_at(field, array, row, &ret->number);
    struct str text;
    if (!array_text_at(field, array, row, &text)) return false;
    *ret_unfit |= !number_real(str_trim(text), STYLE_POINT, &ret->number);
    return true;
}

/* Any value as text. */
static bool text_of(const struct batch *batch, size_t column, int64_t row, char room[CELL_TEXT],
                    struct str *ret)
{
    const struct field *field = &batch->schema->fields[column];
    const struct array *array = batch->columns[column];
    if (array_is_null(array, row)) return false;
    if (field->dictionary || field->type.id == TYPE_UTF8 || field->type.id == TYPE_BINARY)
        return array_text_at(field, array, row, ret);
    *ret = str_of(array_value_text(field, array, row, room, CELL_TEXT));
    return true;
}

/* ---- one row ---- */

enum answer { ANSWER_NULL, ANSWER_HOLDS, ANSWER_FAILS };

static enum answer answer_of(bool holds)
{
    return holds ? ANSWER_HOLDS : ANSWER_FAILS;
}

static enum answer check_between(const struct check *check, const struct batch *batch, int64_t row)
{
    struct bound value = {0};
    bool unfit = false;
    if (!check_value(check, check->index, batch, row, &value, &unfit)) return ANSWER_NULL;
    bool nan = check->scale == SCALE_NUMBER && value.number != value.number;
    if (unfit || nan) return ANSWER_FAILS;
    return answer_of(
        (!check->low.given || bound_compare(check->scale, &value, &check->low) >= 0) &&
        (!check->high.given || bound_compare(check->scale, &value, &check->high) <= 0));
}

static enum answer check_set(const struct check *check, const struct batch *batch, int64_t row)
{
    char room[CELL_TEXT];
    struct bound value = {0};
    struct str text;
    bool unfit = false;
    if (check->scale == SCALE_NUMBER) {
        if (!check_value(check, check->index, batch, row, &value, &unfit)) return ANSWER_NULL;
        value.number += 0.0; /* -0 is 0 */
        text = (struct str){(const char *)&value.number, sizeof value.number};
    } else if (!text_of(batch, check->index, row, room, &text)) {
        return ANSWER_NULL;
    }
    bool found = counts_place(&check->set, text.data, text.size) != SIZE_MAX;
    return answer_of(found == (check->kind == CHECK_IN));
}

static enum answer check_length(const struct check *check, const struct batch *batch, int64_t row)
{
    char room[CELL_TEXT];
    struct str text;
    int64_t length = 0;
    if (!text_of(batch, check->index, row, room, &text)) return ANSWER_NULL;
    for (size_t i = 0; i < text.size; i++)
        length += ((unsigned char)text.data[i] & 0xc0) != 0x80;
    return answer_of((!check->low.given || length >= check->low.whole) &&
                     (!check->high.given || length <= check->high.whole));
}

static enum answer check_compare(const struct check *check, const struct batch *batch, int64_t row)
{
    struct bound a = {0}, b = {0};
    bool unfit = false;
    if (!check_value(check, check->index, batch, row, &a, &unfit)) return ANSWER_NULL;
    if (!check_value(check, check->with, batch, row, &b, &unfit)) return ANSWER_NULL;
    int order = bound_compare(check->scale, &a, &b);
    switch (check->comparison) {
    case LESS: return answer_of(order < 0);
    case LESS_EQUAL: return answer_of(order <= 0);
    case EQUAL: return answer_of(order == 0);
    case NOT_EQUAL: return answer_of(order != 0);
    case GREATER_EQUAL: return answer_of(order >= 0);
    case GREATER: return answer_of(order > 0);
    }
    return ANSWER_FAILS;
}

static bool reads_as(const struct field *type, struct str text)
{
    int64_t whole = 0;
    int128 decimal = 0;
    double real = 0;
    struct date_text date;
    struct date_reading reading;
    enum type_id id = type->type.id;
    text = str_trim(text);
    if (type->dictionary || type_is_text(id)) return true;
    if (type_is_integer(id))
        return number_whole(text, STYLE_POINT, &whole) && integer_fits(id, whole);
    if (type_is_number(id)) return number_real(text, STYLE_POINT, &real);
    if (id == TYPE_DECIMAL128)
        return number_decimal(text, STYLE_POINT, type->type.precision, type->type.scale, ROUND_NONE,
                              &decimal);
    if (id == TYPE_BOOL)
        return (text.size == 4 && strncasecmp(text.data, "true", 4) == 0) ||
               (text.size == 5 && strncasecmp(text.data, "false", 5) == 0);
    if (id != TYPE_DATE32 && id != TYPE_TIMESTAMP) return false;
    if (!date_scan(text, &date)) return false;
    bool reads = date_read(&date, ORDER_DAY_FIRST, &reading) ||
                 date_read(&date, ORDER_MONTH_FIRST, &reading);
    return reads && reading.has_date && (id == TYPE_TIMESTAMP || !reading.has_time);
}

static enum answer check_type(const struct check *check, const struct batch *batch, int64_t row)
{
    const struct field *field = &batch->schema->fields[check->index];
    struct str text;
    if (array_is_null(batch->columns[check->index], row)) return ANSWER_NULL;
    if (!type_is_text(field->type.id)) return answer_of(field->type.id == check->type.type.id);
    if (!array_text_at(field, batch->columns[check->index], row, &text)) return ANSWER_NULL;
    return answer_of(reads_as(&check->type, text));
}

static bool key_is_null(const struct check *check, const struct batch *batch, int64_t row)
{
    for (size_t i = 0; i < check->column_count; i++)
        if (array_is_null(batch->columns[check->columns[i]], row)) return true;
    return false;
}

static enum answer check_row(const struct check *check, const struct window *window, int64_t row)
{
    const struct batch *batch = window->batch;
    switch (check->kind) {
    case CHECK_NOT_NULL: return answer_of(!array_is_null(batch->columns[check->index], row));
    case CHECK_BETWEEN: return check_between(check, batch, row);
    case CHECK_IN:
    case CHECK_NOT_IN: return check_set(check, batch, row);
    case CHECK_LENGTH: return check_length(check, batch, row);
    case CHECK_TYPE: return check_type(check, batch, row);
    case CHECK_COMPARE: return check_compare(check, batch, row);
    case CHECK_UNIQUE:
    case CHECK_DETERMINES:
        if (key_is_null(check, batch, row)) return ANSWER_NULL;
        return answer_of(!groups_fails(check->groups, window->first_row + row));
    case CHECK_MATCHES:
    case CHECK_NOT_MATCHES:
    case CHECK_FORMAT: break; /* check_patterns */
    }
    return ANSWER_NULL;
}

/* ---- patterns: scratch for one thread ---- */

struct matcher {
    pcre2_match_data *data;
    pcre2_match_context *context;
};

static void matcher_release(struct matcher *matcher)
{
    pcre2_match_data_free(matcher->data);
    pcre2_match_context_free(matcher->context);
}

static enum status matcher_open(const pcre2_code *pattern, struct matcher *ret, struct err *err)
{
    ret->data = pcre2_match_data_create_from_pattern(pattern, NULL);
    ret->context = pcre2_match_context_create(NULL);
    if (ret->data == NULL || ret->context == NULL) return fail_memory(err, 256);
    pcre2_set_match_limit(ret->context, MATCH_LIMIT);
    pcre2_set_heap_limit(ret->context, MATCH_HEAP_KIB);
    return STATUS_OK;
}

/* A match that goes beyond its limits is no match. */
static bool matches(const struct check *check, struct matcher *matcher, struct str text)
{
    return pcre2_match(check->pattern, (PCRE2_SPTR)(text.data == NULL ? "" : text.data), text.size,
                       0, 0, matcher->data, matcher->context) >= 0;
}

static enum status check_patterns(const struct check *check, const struct batch *batch,
                                  const uint8_t *skip, uint8_t *marks, int64_t *ret_evaluated,
                                  struct err *err)
{
    OWNED(matcher_release) struct matcher matcher = {0};
    char room[CELL_TEXT];
    TRY(matcher_open(check->pattern, &matcher, err));
    for (int64_t row = 0; row < batch->rows; row++) {
        struct str text;
        if (skip != NULL && skip[row]) continue;
        if (!text_of(batch, check->index, row, room, &text)) continue;
        bool holds = matches(check, &matcher, text) == (check->kind != CHECK_NOT_MATCHES);
        marks[row] = !holds;
        (*ret_evaluated)++;
    }
    return STATUS_OK;
}

/* `skip` (may be NULL): rows that are not held against the check. */
static enum status check_some(const struct check *check, const struct window *window,
                              const uint8_t *skip, uint8_t *marks, int64_t *ret_evaluated,
                              struct err *err)
{
    *ret_evaluated = 0;
    memset(marks, 0, (size_t)window->batch->rows);
    if (check->pattern != NULL)
        return check_patterns(check, window->batch, skip, marks, ret_evaluated, err);
    for (int64_t row = 0; row < window->batch->rows; row++) {
        if (skip != NULL && skip[row]) continue;
        enum answer answer = check_row(check, window, row);
        marks[row] = answer == ANSWER_FAILS;
        *ret_evaluated += answer != ANSWER_NULL;
    }
    return STATUS_OK;
}

enum status check_rows(const struct check *check, const struct window *window, uint8_t *marks,
                       int64_t *ret_evaluated, struct err *err)
{
    const struct check *when = check->when;
    OWNED(memory_release) uint8_t *skip = NULL;
    int64_t evaluated = 0;
    if (when == NULL) return check_some(check, window, NULL, marks, ret_evaluated, err);
    TRY(NEW(&skip, (size_t)window->batch->rows, err));
    TRY(check_some(when, window, NULL, skip, &evaluated, err));
    for (int64_t row = 0; row < window->batch->rows; row++) /* nor does a null pass */
        skip[row] |=
            when->kind != CHECK_NOT_NULL && array_is_null(window->batch->columns[when->index], row);
    return check_some(check, window, skip, marks, ret_evaluated, err);
}
