/* test_feed.c: dates of feeds, fields of dialects, and what guards the parser. */
#include "ingest/feed_filter.h"
#include "ingest/feed_guard.h"
#include "ingest/feed_parts.h"
#include "ingest/seen.h"

#include "csv_test.h"

#include "base/clock.h"

#include <stdio.h>

static void dates_are_moments_or_stay_text(void **state)
{
    (void)state;
    static const struct {
        const char *text, *moment; /* NULL = none */
    } cases[] = {
        {"Sat, 07 Sep 2002 00:00:01 GMT", "2002-09-07T00:00:01.000000Z"},
        {"Sat, 07 Sep 02 09:42:31 EST", "2002-09-07T14:42:31.000000Z"},
        {"7 Sep 2002 09:42 +0530", "2002-09-07T04:12:00.000000Z"},
        {"07 September 1999 09:42:31 -0700", "1999-09-07T16:42:31.000000Z"},
        {"Saturday, 07-Sep-02 09:42:31 UT", "2002-09-07T09:42:31.000000Z"},
        {"  Sat, 07 Sep 2002 00:00:01 +0000\n", "2002-09-07T00:00:01.000000Z"},
        {"Sat, 07 Sep 2002 00:00:01", "2002-09-07T00:00:01.000000Z"},
        {"7 Sep 2002", "2002-09-07T00:00:00.000000Z"},
        {"7 Sep 49", "2049-09-07T00:00:00.000000Z"},
        {"7 Sep 50", "1950-09-07T00:00:00.000000Z"},
        {"2003-12-13T18:30:02Z", "2003-12-13T18:30:02.000000Z"},
        {"2003-12-13T18:30:02.25+01:00", "2003-12-13T17:30:02.250000Z"},
        {"2003-12-13t18:30:02.1234567z", "2003-12-13T18:30:02.123456Z"},
        {"2003-12-13T18:30+0100", "2003-12-13T17:30:00.000000Z"},
        {"2003-12-13 18:30:02", "2003-12-13T18:30:02.000000Z"},
        {"2003-12-13", "2003-12-13T00:00:00.000000Z"},
        {"2003-12", NULL},
        {"2003", NULL},
        {"2003-13-13", NULL},
        {"2003-02-29T00:00:00Z", NULL},
        {"30 Feb 2003 00:00 GMT", NULL},
        {"07 Sep 2002 24:00:00 GMT", NULL},
        {"07 Sep 2002 00:00:60 GMT", NULL},
        {"07 Sep 2002 00:00:01 CEST", NULL}, /* no zone of RFC 822 */
        {"07 Sep 2002 00:00:01 GMT+1", NULL},
        {"09/07/2002", NULL},
        {"yesterday", NULL},
        {"", NULL},
        {"Sat,", NULL},
        {"1 Jan 2002 1", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[TIME_TEXT] = "";
        int64_t moment;
        bool known = feed_time(str_of(cases[i].text), &moment);
        if (known) time_text(moment, text);
        if (known != (cases[i].moment != NULL)) fail_msg("%s: %s", cases[i].text, text);
        if (known) assert_string_equal(text, cases[i].moment);
    }
}

static void wrong_bytes_are_put_right_and_remembered(void **state)
{
    (void)state;
    struct feed_filter filter = {0};
    struct err err = {0};
    uint8_t text[] = "a\xff"
                     "b\x07\xef\xbf\xbf caf\xc3";
    size_t size;
    assert_ok(feed_filter(&filter, text, sizeof text - 1, false, 100, &size, &err));
    assert_int_equal(size, sizeof text - 2); /* the last may go on */
    assert_memory_equal(text, "a?b???? caf", size);
    const struct feed_wrong *wrong = feed_filter_take(&filter, 102);
    assert_non_null(wrong);
    assert_int_equal(wrong->at, 101);
    assert_true(wrong->encoding);
    wrong = feed_filter_take(&filter, 1000);
    assert_int_equal(wrong->at, 103);
    assert_false(wrong->encoding);
    assert_null(feed_filter_take(&filter, 1000));
    assert_ok(feed_filter(&filter, text + size, 1, true, 111, &size, &err));
    assert_int_equal(feed_filter_take(&filter, 1000)->at, 111);
    feed_filter_release(&filter);
}

static enum status guard(const char *front, const char *again, size_t times, const char *behind)
{
    struct feed_guard state = {0};
    struct err err = {0};
    enum status status = feed_guard(&state, (const uint8_t *)front, strlen(front), &err);
    for (size_t i = 0; i < times && status == STATUS_OK; i++)
        status = feed_guard(&state, (const uint8_t *)again, strlen(again), &err);
    if (status == STATUS_OK)
        status = feed_guard(&state, (const uint8_t *)behind, strlen(behind), &err);
    if (status == STATUS_OK) assert_int_equal(state.state, GUARD_TEXT);
    return status;
}

static void tags_have_an_end(void **state)
{
    (void)state;
    assert_int_equal(guard("<a ", "b='' ", 1000, "/>"), STATUS_OK);
    assert_int_equal(guard("<a ", "b='' ", 1001, "/>"), STATUS_FAILED);
    assert_int_equal(guard("<a b='", "=>", 2000, "'/>"), STATUS_OK);
    assert_int_equal(guard("<a b='", "xxxxxxxxxxxxxxxx", 1 << 17, "'/>"), STATUS_FAILED);
    assert_int_equal(guard("<!--", "<a b='' -->", 1, ""), STATUS_OK);
    assert_int_equal(guard("<!-- ", "<a b=''", 2000, " > -->"), STATUS_OK);
    assert_int_equal(guard("<![CDATA[", "<a b=''", 2000, " > ]]>"), STATUS_OK);
    assert_int_equal(guard("<?x ", "<a b=''", 2000, " > ?>"), STATUS_OK);
    assert_int_equal(guard("<!DOCTYPE x", " a=b", 2000, ">"), STATUS_OK);
    assert_int_equal(guard("<a>", "b=c ", 2000, "</a>"), STATUS_OK);
}

static void a_digest_is_new_once(void **state)
{
    (void)state;
    struct seen seen = {0};
    struct err err = {0};
    bool new;
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 1000; i++) {
            struct digest digest = digest_of(&i, sizeof i);
            assert_ok(seen_add(&seen, &digest, &new, &err));
            assert_int_equal(new, round == 0);
        }
    assert_int_equal(seen.count, 1000);
    seen_release(&seen);
}

static void names_are_told_apart_by_their_space(void **state)
{
    (void)state;
    struct feed_name title = feed_name_of("title", NULL, NULL);
    struct feed_name media = feed_name_of("title", "media", "http://search.yahoo.com/mrss/");
    struct feed_name lost = feed_name_of("encoded", "content", NULL); /* prefix not declared */
    struct feed_name other = feed_name_of("encoded", "content", "urn:other");
    assert_int_equal(feed_field_of(title), FEED_TITLE);
    assert_int_equal(feed_field_of(media), FEED_NONE);
    assert_int_equal(feed_field_of(lost), FEED_CONTENT);
    assert_int_equal(feed_field_of(other), FEED_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates_are_moments_or_stay_text),
        cmocka_unit_test(wrong_bytes_are_put_right_and_remembered),
        cmocka_unit_test(tags_have_an_end),
        cmocka_unit_test(a_digest_is_new_once),
        cmocka_unit_test(names_are_told_apart_by_their_space),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
