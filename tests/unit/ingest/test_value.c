/* test_value.c: what a value may be, and that it is kept exactly. */
#include "ingest/value.h"
#include "ingest/value_wide.h"

#include "csv_test.h"

#include <stdio.h>
#include <stdlib.h>

static struct value_day day; /* stays from one value to the next, as in a column */

static unsigned classes(const char *text)
{
    return value_classes(str_of(text), VALUE_ANY, &day);
}

static void classes_are_given_where_nothing_is_lost(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned classes;
    } cases[] = {
        {"true", VALUE_BOOL},
        {"FALSE", VALUE_BOOL},
        {"tRue", 0},
        {"yes", 0},
        {"0", VALUE_INT | VALUE_REAL},
        {"-1", VALUE_INT | VALUE_REAL},
        {"+1", 0},
        {"007", 0},
        {"-0", VALUE_REAL},
        {"9007199254740992", VALUE_INT | VALUE_REAL},
        {"9007199254740993", VALUE_INT},
        {"9223372036854775807", VALUE_INT},
        {"9223372036854775808", 0},
        {"-9223372036854775808", VALUE_INT},
        {"-9223372036854775809", 0},
        {"18446744073709551616", 0},
        {"1.5", VALUE_REAL},
        {".5", VALUE_REAL},
        {"5.", VALUE_REAL},
        {".", 0},
        {"-", 0},
        {"1e5", VALUE_REAL},
        {"1e", 0},
        {"1e+", 0},
        {"1e400", 0},
        {"1e-400", 0},
        {"0e-400", VALUE_REAL},
        {"00.5", 0},
        {"nan", 0},
        {"inf", 0},
        {"0x10", 0},
        {"1,5", 0},
        {" 1", 0},
        {"1 ", 0},
        {"2024-02-29", VALUE_DATE},
        {"2023-02-29", 0},
        {"2024-2-9", 0},
        {"0000-01-01", 0},
        {"2024-02-29T12:30:00", VALUE_TIME},
        {"2024-02-29 12:30", VALUE_TIME},
        {"2024-02-29 12:30:00.123456", VALUE_TIME},
        {"2024-02-29 12:30:00.1234567", 0},
        {"2024-02-29 12:30:00.123456000", VALUE_TIME},
        {"2024-02-29T24:00:00", 0},
        {"2024-02-29T12:30:00Z", VALUE_TIME_ZONED},
        {"2024-02-29T12:30:00+02:00", VALUE_TIME_ZONED},
        {"2024-02-29T12:30:00+0200", VALUE_TIME_ZONED},
        {"2024-02-29T12:30:00+02", VALUE_TIME_ZONED},
        {"2024-02-29T12:30:00+2", 0},
        {"2024-02-29T12:30:00Zx", 0},
        {"2024-02-29T12:30:60", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (classes(cases[i].text) != cases[i].classes)
            fail_msg("\"%s\" gives %u, expected %u", cases[i].text, classes(cases[i].text),
                     cases[i].classes);
}

static void only_asked_classes_are_given(void **state)
{
    (void)state;
    assert_int_equal(value_classes(str_of("12"), VALUE_REAL, &day), VALUE_REAL);
    assert_int_equal(value_classes(str_of("12"), VALUE_DATE | VALUE_BOOL, &day), 0);
    assert_int_equal(value_classes(str_of("2024-02-29 12:30"), VALUE_TIME_ZONED, &day), 0);
}

static void reals_are_those_of_strtod(void **state)
{
    (void)state;
    uint64_t random = 88172645463325252u;
    for (int i = 0; i < 200000; i++) {
        random ^= random << 13, random ^= random >> 7, random ^= random << 17;
        char text[64];
        int digits = 1 + (int)(random % 20);
        if (i % 3 == 0)
            snprintf(text, sizeof text, "%.*f", digits % 12, (double)(int64_t)random / 1e12);
        else
            snprintf(text, sizeof text, "%.*e", digits, (double)(random >> 12) * 1e-9);
        double ours = 0, theirs = strtod(text, NULL);
        assert_true(value_real(str_of(text), &ours));
        if (memcmp(&ours, &theirs, sizeof ours) != 0) fail_msg("%s", text);
    }
    double zero = 1;
    assert_true(value_real(str_of("-0"), &zero));
    assert_true(zero == 0 && 1 / zero < 0);
}

/* What the wide way takes it takes as the plain one does; short reals it does take. */
static void check_wide(const char *bytes, size_t size, unsigned *ret_taken)
{
    struct str value = {bytes, size};
    double wide = 0, real = 0;
    if (!wide_real(value, &wide)) return;
    if (!value_real(value, &real)) fail_msg("%.*s", (int)size, bytes);
    assert_memory_equal(&wide, &real, sizeof real);
    ++*ret_taken;
}

static void wide_reals_are_the_same(void **state)
{
    (void)state;
    static const char letters[] = "0123456789012345678901234567890123456789-..e +x/:";
    uint64_t random = 2463534242u;
    unsigned taken = 0;
    for (int i = 0; i < 500000; i++) {
        char bytes[20 + WIDE_READS];
        for (size_t k = 0; k < sizeof bytes; k++) {
            random ^= random << 13, random ^= random >> 7, random ^= random << 17;
            bytes[k] = i % 8 == 0 ? (char)(random >> 32) : letters[(random >> 32) % 49];
        }
        size_t size = 1 + random % 12;
        if (i % 2 == 0) bytes[0] = i % 4 == 0 ? '-' : '7';
        if (i % 3 == 0)
            for (size_t k = 1; k < size; k++)
                bytes[k] = (char)('0' + (uint8_t)bytes[k] % 10);
        if (i % 6 == 0) bytes[random % size] = '.';
        check_wide(bytes, size, &taken);
    }
    assert_true(taken > 100000);
    static const char *const short_ones[] = {"0",         "7",        "-7", "12.50", "-73.99999",
                                             "40.123456", "12345678", "5.", "-0"};
    for (size_t i = 0; i < sizeof short_ones / sizeof *short_ones; i++) {
        char bytes[64] = {0};
        unsigned more = 0;
        memcpy(bytes, short_ones[i], strlen(short_ones[i]));
        check_wide(bytes, strlen(short_ones[i]), &more);
        assert_int_equal(more, 1);
    }
}

static void moments_are_utc_microseconds(void **state)
{
    (void)state;
    int64_t moment;
    bool zoned;
    int32_t days;
    assert_true(value_time(str_of("1970-01-01T02:00:01.5+02:00"), &day, &moment, &zoned));
    assert_int_equal(moment, 1500000);
    assert_true(zoned);
    assert_true(value_time(str_of("1969-12-31 23:59:59.999999"), &day, &moment, &zoned));
    assert_int_equal(moment, -1);
    assert_false(zoned);
    assert_true(value_date(str_of("1969-12-31"), &day, &days));
    assert_int_equal(days, -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes_are_given_where_nothing_is_lost),
        cmocka_unit_test(only_asked_classes_are_given),
        cmocka_unit_test(reals_are_those_of_strtod),
        cmocka_unit_test(wide_reals_are_the_same),
        cmocka_unit_test(moments_are_utc_microseconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
