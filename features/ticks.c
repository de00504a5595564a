/* features/ticks.c: points in time as whole ticks of a column's own unit. */
#include "features/ticks.h"

__extension__ typedef __int128 wide;

#define DAY ((int64_t)86400 * 1000000000)

int64_t tick_nanoseconds(const struct field *field)
{
    static const int64_t unit[] = {1000000000, 1000000, 1000, 1};
    if (field->dictionary) return 0;
    switch (field->type.id) {
    case TYPE_TIMESTAMP: return unit[field->type.unit];
    case TYPE_DATE32: return DAY;
    case TYPE_DATE64: return 1000000;
    default: return 0;
    }
}

enum status require_time(const struct field *field, const char *what, struct err *err)
{
    char type[128];
    if (tick_nanoseconds(field) != 0) return STATUS_OK;
    fail(err, STATUS_USAGE, "%s \"%s\" is %s, expected a date or timestamp", what, field->name,
         field_type_text(field, type, sizeof type));
    err_hint(err, "tamis-clean -m 'types %s=timestamp' makes times of text", field->name);
    return STATUS_USAGE;
}

void ticks_of(const struct field *field, const struct array *array, int64_t *ret, int64_t *ret_null)
{
    const void *values = array_values(array);
    *ret_null = -1;
    if (field->type.id == TYPE_DATE32)
        for (int64_t row = 0; row < array->length; row++)
            ret[row] = ((const int32_t *)values)[row];
    else if (array->length > 0)
        memcpy(ret, values, (size_t)array->length * sizeof *ret);
    if (array->null_count == 0) return;
    for (int64_t row = array->length - 1; row >= 0; row--) {
        if (!array_is_null(array, row)) continue;
        ret[row] = INT64_MIN;
        *ret_null = row;
    }
}

static wide floor_divide(wide value, int64_t by)
{
    wide quotient = value / by;
    return quotient * by > value ? quotient - 1 : quotient;
}

static int64_t clamp(wide value)
{
    if (value > INT64_MAX) return INT64_MAX;
    return value < INT64_MIN ? INT64_MIN : (int64_t)value;
}

int64_t tick_at_or_before(int64_t time, int64_t time_unit, int64_t unit, bool strict)
{
    if (time_unit == unit) return strict && time > INT64_MIN ? time - 1 : time;
    return clamp(floor_divide((wide)time * time_unit - strict, unit));
}

int64_t tick_at_or_after(int64_t time, int64_t time_unit, int64_t microseconds, int64_t unit)
{
    wide bound = (wide)time * time_unit - (wide)microseconds * 1000;
    return clamp(-floor_divide(-bound, unit));
}
