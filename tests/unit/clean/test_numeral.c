/* tests/unit/clean/test_numeral.c: numbers under each style, the quick reading and the thorough
 * one. */
#include "tests/unit/clean/harness.h"

#include "clean/numeral.h"

#include <stdio.h>
#include <stdlib.h>

static void expect_fits(const char *text, unsigned whole, unsigned real, bool code)
{
    struct number_fit fit = number_fits(str_of(text));
    assert_int_equal(fit.whole, whole);
    assert_int_equal(fit.real, real);
    assert_int_equal(fit.code, code);
}

#define POINTS ((1u << STYLE_POINT) | (1u << STYLE_POINT_COMMA) | (1u << STYLE_POINT_SPACE))
#define COMMAS ((1u << STYLE_COMMA) | (1u << STYLE_COMMA_POINT) | (1u << STYLE_COMMA_SPACE))

static void a_text_fits_the_styles_that_can_read_it(void **unused)
{
    (void)unused;
    expect_fits("12", STYLE_ALL, STYLE_ALL, false);
    expect_fits("-12", STYLE_ALL, STYLE_ALL, false);
    expect_fits("007", STYLE_ALL, STYLE_ALL, true);
    expect_fits("-007", STYLE_ALL, STYLE_ALL, true);
    expect_fits("12.5", 0, POINTS, false);
    expect_fits("0.123", 0, POINTS, false);
    expect_fits("1.234", 1u << STYLE_COMMA_POINT, POINTS | 1u << STYLE_COMMA_POINT, false);
    expect_fits("012.345", 0, POINTS, true);
    expect_fits("1234.567", 0, POINTS, false);
    expect_fits("1,234", 1u << STYLE_POINT_COMMA, COMMAS | 1u << STYLE_POINT_COMMA, false);
    expect_fits("1 234", 1u << STYLE_POINT_SPACE | 1u << STYLE_COMMA_SPACE,
                1u << STYLE_POINT_SPACE | 1u << STYLE_COMMA_SPACE, false);
    expect_fits("5.", 0, POINTS, false);
    expect_fits(".5", 0, POINTS, false);
    expect_fits("1e3", 0, STYLE_ALL, false);
    expect_fits("9223372036854775807", STYLE_ALL, STYLE_ALL, true);
    expect_fits("", 0, 0, false);
    expect_fits("-", 0, 0, false);
    expect_fits("1.2.3", 0, 0, false);
    expect_fits("12a", 0, 0, false);
}

static uint64_t next(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return *seed >> 33;
}

static void reals_are_the_nearest_double(void **unused)
{
    (void)unused;
    uint64_t seed = 1;
    for (int i = 0; i < 200000; i++) {
        char text[64];
        int decimals = (int)(next(&seed) % 17);
        uint64_t scale = 1;
        for (int k = 0; k < (int)(next(&seed) % 19); k++)
            scale *= 10;
        uint64_t digits = (next(&seed) << 31 ^ next(&seed)) % scale;
        snprintf(text, sizeof text, "%s%llu.%0*llu", next(&seed) % 2 ? "-" : "",
                 (unsigned long long)(digits >> 20), decimals + 1,
                 (unsigned long long)(digits & 0xfffff));
        double value = 0;
        assert_true(number_real(str_of(text), STYLE_POINT, &value));
        assert_true(value == strtod(text, NULL));
    }
}

static void integers_are_exact(void **unused)
{
    (void)unused;
    uint64_t seed = 2;
    for (int i = 0; i < 100000; i++) {
        char text[64];
        int64_t wanted = (int64_t)(next(&seed) << 33 ^ next(&seed)) >> (next(&seed) % 63),
                found = 0;
        snprintf(text, sizeof text, "%lld", (long long)wanted);
        assert_true(number_whole(str_of(text), STYLE_COMMA, &found));
        assert_int_equal(found, wanted);
    }
    int64_t found = 0;
    assert_false(number_whole(str_of("9223372036854775808"), STYLE_POINT, &found));
    assert_false(number_whole(str_of("1.5"), STYLE_POINT, &found));
    assert_true(number_whole(str_of("1.234"), STYLE_COMMA_POINT, &found));
    assert_int_equal(found, 1234);
}

static void expect_decimal(const char *text, int precision, int scale,
                           enum number_rounding rounding, int128 wanted)
{
    int128 found = 0;
    assert_true(number_decimal(str_of(text), STYLE_POINT, precision, scale, rounding, &found));
    assert_true(found == wanted);
}

static void refuse_decimal(const char *text, int precision, int scale,
                           enum number_rounding rounding)
{
    int128 found = 0;
    assert_false(number_decimal(str_of(text), STYLE_POINT, precision, scale, rounding, &found));
}

static void decimals_keep_every_digit(void **unused)
{
    (void)unused;
    expect_decimal("12.34", 4, 2, ROUND_NONE, 1234);
    expect_decimal("-12.34", 4, 2, ROUND_NONE, -1234);
    expect_decimal("12.3400", 4, 2, ROUND_NONE, 1234);
    expect_decimal("12", 4, 2, ROUND_NONE, 1200);
    expect_decimal("5.", 4, 2, ROUND_NONE, 500);
    expect_decimal(".5", 4, 2, ROUND_NONE, 50);
    expect_decimal("1.234e1", 4, 2, ROUND_NONE, 1234);
    expect_decimal("1234e-2", 4, 2, ROUND_NONE, 1234);
    expect_decimal("0e999", 4, 2, ROUND_NONE, 0);
    expect_decimal("12345678901234567890.123456789012345678", 38, 18, ROUND_NONE,
                   (int128)12345678901234567890u * 1000000000000000000 + 123456789012345678);
    refuse_decimal("123.4", 4, 2, ROUND_NONE);
    refuse_decimal("12.345", 4, 2, ROUND_NONE);
    refuse_decimal("1e99", 38, 0, ROUND_NONE);
    refuse_decimal("1e-99", 38, 0, ROUND_NONE);
    refuse_decimal("1,5", 4, 2, ROUND_NONE);
    refuse_decimal("", 4, 2, ROUND_NONE);
}

static void decimals_round_when_asked(void **unused)
{
    (void)unused;
    expect_decimal("1.005", 4, 2, ROUND_HALF_EVEN, 100);
    expect_decimal("1.015", 4, 2, ROUND_HALF_EVEN, 102);
    expect_decimal("1.0050001", 4, 2, ROUND_HALF_EVEN, 101);
    expect_decimal("1.005", 4, 2, ROUND_HALF_UP, 101);
    expect_decimal("-1.005", 4, 2, ROUND_HALF_UP, -101);
    expect_decimal("0.005", 4, 2, ROUND_HALF_UP, 1);
    expect_decimal("0.005", 4, 2, ROUND_HALF_EVEN, 0);
    expect_decimal("0.0009", 4, 2, ROUND_HALF_UP, 0);
    expect_decimal("9e-400", 4, 2, ROUND_HALF_UP, 0);
    refuse_decimal("99.995", 4, 2, ROUND_HALF_UP); /* 100.00 has five digits */
    refuse_decimal("99.999", 4, 2, ROUND_HALF_EVEN);
}

/* A double read back with as many digits is the text again, or it is not. */
static void what_a_double_loses_is_seen(void **unused)
{
    (void)unused;
    const char *const kept[] = {"0.1", "0.30000000000000004", "1234567890.1234567",
                                "0.1000000000000000055511151231257827", "9007199254740992"};
    const char *const lost[] = {"12345678901234567.89", "3.3333333333333333", "9007199254740993.5",
                                "0.12345678901234567891", "9007199254740993"};
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        assert_int_equal(number_fits(str_of(kept[i])).beyond, 0);
        assert_true(number_fits(str_of(lost[i])).beyond & 1u << STYLE_POINT);
    }
    struct number_fit fit = number_fits(str_of("12,345,678,901,234,567.890"));
    assert_int_equal(fit.digits[MARK_POINT].whole, 17);
    assert_int_equal(fit.digits[MARK_POINT].fraction, 3);
    assert_int_equal(fit.digits[MARK_COMMA].whole, 0);
    fit = number_fits(str_of("1.234"));
    assert_int_equal(fit.digits[MARK_POINT].fraction, 3);
    assert_int_equal(fit.digits[MARK_COMMA].whole, 4);
    fit = number_fits(str_of("00.00000000000000000125e3"));
    assert_int_equal(fit.digits[MARK_POINT].fraction, 17);
}

static void expect_same(const struct number_fit *a, const struct number_fit *b, const char *text)
{
    bool same = a->whole == b->whole && a->real == b->real && a->beyond == b->beyond &&
                a->code == b->code && memcmp(a->digits, b->digits, sizeof a->digits) == 0;
    if (!same) fail_msg("\"%s\"", text);
}

/* Behind a sign each byte is looked at, without one up to eight at once. */
static void eight_bytes_are_read_as_one_by_one(void **unused)
{
    (void)unused;
    static const char bytes[] = "0123456789012345678901234567890.....,x e/:";
    uint64_t seed = 3;
    int shaped = 0;
    for (int i = 0; i < 300000; i++) {
        char text[16] = "+";
        int size = 1 + (int)(next(&seed) % 8);
        double quick = 0, slow = 0;
        for (int k = 0; k < size; k++)
            text[1 + k] = bytes[next(&seed) % (k % 3 == 1 ? sizeof bytes - 1 : 31)];
        struct str bare = {text + 1, (size_t)size}, with = {text, (size_t)size + 1};
        struct number_fit fit = number_fits(bare), reference = number_fits(with);
        expect_same(&fit, &reference, text);
        int shape = number_shape(bare);
        assert_int_equal(shape, number_shape(with));
        if (shape >= 0) fit = number_shape_fits(shape);
        expect_same(&fit, &reference, text);
        bool read = number_real(bare, STYLE_POINT, &quick);
        assert_int_equal(read, number_real(with, STYLE_POINT, &slow));
        assert_true(!read || (quick == slow && quick == strtod(text, NULL)));
        shaped += shape >= 0;
    }
    assert_true(shaped > 100000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_fits_the_styles_that_can_read_it),
        cmocka_unit_test(reals_are_the_nearest_double),
        cmocka_unit_test(integers_are_exact),
        cmocka_unit_test(decimals_keep_every_digit),
        cmocka_unit_test(decimals_round_when_asked),
        cmocka_unit_test(what_a_double_loses_is_seen),
        cmocka_unit_test(eight_bytes_are_read_as_one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
