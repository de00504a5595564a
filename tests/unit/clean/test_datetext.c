/* tests/unit/clean/test_datetext.c: dates and times as people write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "clean/datetext.h"

#include <cmocka.h>
#include <stdio.h>

static void expect(enum date_order order, const char *text, const char *wanted)
{
    struct date_text date;
    struct date_reading reading;
    char found[TIME_TEXT] = "none";
    if (date_scan(str_of(text), &date) && date_read(&date, order, &reading)) {
        if (!reading.has_date) reading.year = 1970, reading.month = reading.day = 1;
        time_text(date_micros(&reading, true), found);
        found[10] = ' ';
        found[19] = '\0';
    }
    if (strcmp(found, wanted) != 0) fail_msg("\"%s\" is %s, not %s", text, found, wanted);
}

static void numbers_follow_the_order(void **unused)
{
    (void)unused;
    expect(ORDER_DAY_FIRST, "03/04/2016", "2016-04-03 00:00:00");
    expect(ORDER_MONTH_FIRST, "03/04/2016", "2016-03-04 00:00:00");
    expect(ORDER_YEAR_FIRST, "03-04-16", "2003-04-16 00:00:00");
    expect(ORDER_DAY_FIRST, "2016-04-03", "2016-04-03 00:00:00");
    expect(ORDER_DAY_FIRST, "1.2.69", "1969-02-01 00:00:00");
    expect(ORDER_DAY_FIRST, "1.2.68", "2068-02-01 00:00:00");
    expect(ORDER_DAY_FIRST, "20030925T104941", "2003-09-25 10:49:41");
    expect(ORDER_DAY_FIRST, "19970902090807", "1997-09-02 09:08:07");
}

static void names_need_no_order(void **unused)
{
    (void)unused;
    for (int order = 0; order < ORDER_COUNT; order++) {
        enum date_order each = (enum date_order)order;
        expect(each, "3rd of May 2001", "2001-05-03 00:00:00");
        expect(each, "Wed, July 10, '96", "1996-07-10 00:00:00");
        expect(each, "13NOV2017", "2017-11-13 00:00:00");
        expect(each, "31-Dec-00", "2000-12-31 00:00:00");
        expect(each, "12-Mär-2014", "2014-03-12 00:00:00");
        expect(each, "22 janvier 2015 à 14h40", "2015-01-22 14:40:00");
        expect(each, "13 янв. 2005 г. 19:13", "2005-01-13 19:13:00");
        expect(each, "2016年3月20日 21時40分", "2016-03-20 21:40:00");
        expect(each, "7 červenec 2014", "2014-07-07 00:00:00");
    }
}

static void times_have_halves_units_and_zones(void **unused)
{
    (void)unused;
    expect(ORDER_DAY_FIRST, "Aug. 9, 2012 at 2:57 p.m.", "2012-08-09 14:57:00");
    expect(ORDER_DAY_FIRST, "12 am 1 May 2001", "2001-05-01 00:00:00");
    expect(ORDER_DAY_FIRST, "29.02.2020 13.12", "2020-02-29 13:12:00");
    expect(ORDER_DAY_FIRST, "Tue Apr 4 00:22:12 PDT 1995", "1995-04-04 07:22:12");
    expect(ORDER_DAY_FIRST, "1994-11-05T08:15:30+05:30", "1994-11-05 02:45:30");
    expect(ORDER_DAY_FIRST, "10:36:28", "1970-01-01 10:36:28");
}

static void what_is_no_date_is_none(void **unused)
{
    (void)unused;
    const char *const texts[] = {
        "",          "may",        "2016",       "31/31/2016",      "2015-02-29",
        "12 High 3", "10.0.0.1",   "1.2.3",      "25:00",           "10:61",
        "Sep 2003",  "2016-13-01", "1/2/3/2016", "3 listopad 2014", "call 5 may 2014"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        for (int order = 0; order < ORDER_COUNT; order++)
            expect((enum date_order)order, texts[i], "none");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_follow_the_order),
        cmocka_unit_test(names_need_no_order),
        cmocka_unit_test(times_have_halves_units_and_zones),
        cmocka_unit_test(what_is_no_date_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
