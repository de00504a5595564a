/* tests/unit/base/test_clock.c */
#include "check.h"

#include "base/clock.h"

static void known_days(void **state)
{
    (void)state;
    assert_int_equal(days_from_civil(1970, 1, 1), 0);
    assert_int_equal(days_from_civil(2000, 3, 1), 11017);
    assert_int_equal(days_from_civil(1969, 12, 31), -1);
    for (int64_t day = -800000; day < 800000; day += 37) {
        int64_t year;
        int month, of_month;
        civil_from_days(day, &year, &month, &of_month);
        assert_true(civil_exists(year, month, of_month));
        assert_int_equal(days_from_civil(year, month, of_month), day);
    }
}

static void leap_years(void **state)
{
    (void)state;
    assert_true(civil_exists(2024, 2, 29));
    assert_true(civil_exists(2000, 2, 29));
    assert_false(civil_exists(1900, 2, 29));
    assert_false(civil_exists(2023, 2, 29));
    assert_false(civil_exists(2024, 4, 31));
    assert_false(civil_exists(2024, 13, 1));
    assert_false(civil_exists(2024, 0, 1));
    assert_false(civil_exists(2024, 1, 0));
}

static void parsed(const char *text, const char *expected)
{
    struct err err = {0};
    int64_t micros = 0;
    char shown[TIME_TEXT];
    CHECK_OK(time_parse(str_of(text), &micros, &err), &err);
    assert_string_equal(time_text(micros, shown), expected);
}

static void times_are_read(void **state)
{
    (void)state;
    parsed("2026-11-24", "2026-11-24T00:00:00.000000Z");
    parsed("2026-11-24T04:53:23Z", "2026-11-24T04:53:23.000000Z");
    parsed("2026-11-24 04:53:23.5", "2026-11-24T04:53:23.500000Z");
    parsed("2026-11-24T01:00:00+02:00", "2026-11-23T23:00:00.000000Z");
    parsed("1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z");
    parsed("2026-11-24T04:53:23.1234567Z", "2026-11-24T04:53:23.123456Z");
}

static void other_texts_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        "yesterday",
                                        "2026-02-30",
                                        "2026-13-01",
                                        "2026-1-1",
                                        "2026-11-24T25:00:00Z",
                                        "2026-11-24T00:00:00+99:00",
                                        "2026-11-24x",
                                        "latest"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct err err = {0};
        int64_t micros;
        CHECK_FAILS(time_parse(str_of(texts[i]), &micros, &err), STATUS_USAGE, &err, texts[i]);
    }
}

static void uuids_sort_by_time(void **state)
{
    (void)state;
    char first[UUID_TEXT], second[UUID_TEXT];
    uuid7(first);
    double begun = clock_seconds();
    while (clock_seconds() - begun < 0.005)
        continue;
    uuid7(second);
    assert_int_equal(strlen(first), 36);
    assert_int_equal(first[14], '7');
    assert_non_null(strchr("89ab", first[19]));
    assert_true(strcmp(first, second) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_days),         cmocka_unit_test(leap_years),
        cmocka_unit_test(times_are_read),     cmocka_unit_test(other_texts_are_refused),
        cmocka_unit_test(uuids_sort_by_time),
    };
    return cmocka_run_group_tests_name("base clock", tests, NULL, NULL);
}
