/* features/duration.c: lengths of time as people write them. */
#include "features/duration.h"

static const struct {
    const char *name;
    int64_t microseconds;
} units[] = {
    {"us", 1},
    {"ms", 1000},
    {"s", 1000000},
    {"m", (int64_t)60 * 1000000},
    {"h", (int64_t)3600 * 1000000},
    {"d", (int64_t)86400 * 1000000},
    {"w", (int64_t)7 * 86400 * 1000000},
};

static enum status fail_duration(struct str text, struct err *err)
{
    char shown[64];
    return fail(err, STATUS_USAGE,
                "\"%s\" is not a length of time, expected a number and us, ms, s, m, h, d or w",
                escape_for_terminal(text, shown, sizeof shown));
}

enum status duration_parse(struct str text, int64_t *ret_microseconds, struct err *err)
{
    size_t digits = 0;
    int64_t number = 0;
    while (digits < text.size && text.data[digits] >= '0' && text.data[digits] <= '9') {
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, text.data[digits] - '0', &number))
            return fail_duration(text, err);
        digits++;
    }
    struct str unit = str_trim((struct str){text.data + digits, text.size - digits});
    if (digits == 0) return fail_duration(text, err);
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (str_is(unit, units[i].name) &&
            !__builtin_mul_overflow(number, units[i].microseconds, ret_microseconds))
            return STATUS_OK;
    return fail_duration(text, err);
}
