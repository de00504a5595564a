/* tests/unit/clean/test_module_mask.c */
#include "tests/unit/clean/harness.h"

#include "clean/mask_find.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

extern const struct clean_module module_mask;

/* ---- what is found: "kind:text kind:text" ---- */

static void expect(const char *text, const char *expected)
{
    struct mask_hits hits = {0};
    char found[512] = "";
    size_t size = 0;
    assert_int_equal(mask_find(str_of(text), ~0u, false, &hits, NULL), STATUS_OK);
    for (size_t i = 0; i < hits.count; i++)
        size += (size_t)snprintf(found + size, sizeof found - size, "%s%s:%.*s", i > 0 ? " | " : "",
                                 mask_kind_names[hits.items[i].kind],
                                 (int)(hits.items[i].end - hits.items[i].first),
                                 text + hits.items[i].first);
    if (strcmp(found, expected) != 0) print_error("in \"%s\"\n", text);
    assert_string_equal(found, expected);
    mask_hits_release(&hits);
}

static void finds_addresses(void **state)
{
    (void)state;
    expect("write to Ann.Lee+x@mail.example.co.uk.", "email:Ann.Lee+x@mail.example.co.uk");
    expect("'a@xn--d1acufc.xn--p1ai'", "email:a@xn--d1acufc.xn--p1ai");
    expect("my email is info@presidio.", "");
    expect("@home a@b .a.@b.de", "");
    expect("see https://example.org/a_(b)?q=1, or www.example.com.",
           "url:https://example.org/a_(b)?q=1 | url:www.example.com");
    expect("http://user:secret@example.org:80/x!", "url:http://user:secret@example.org:80/x");
    expect("http://microsoft note://x.de std::vector", "");
    expect("10.0.0.1 and 256.1.1.1 and 1.2.3.4.5", "ip:10.0.0.1");
    expect("[2001:db8::1]:8080, ::ffff:10.0.0.1 at 12:30:45",
           "ip:2001:db8::1 | ip:::ffff:10.0.0.1");
    expect("684D:1111:222:3333:4444:5555:77", "");
    expect("00:1A:2B:3C:4D:5E AA-BB-CC-DD-EE-FF 0012.3456.789a, 00:00:00:00:00:00",
           "mac:00:1A:2B:3C:4D:5E | mac:AA-BB-CC-DD-EE-FF | mac:0012.3456.789a");
    expect("(192.168.1.1)", "ip:192.168.1.1");
}

static void finds_numbers_with_check_digits(void **state)
{
    (void)state;
    expect("card 4012-8888-8888-1881 2020", "card:4012-8888-8888-1881");
    expect("card 4012-8888-8888-1882", "");
    expect("5555555555554444x", "");
    expect("1748503543012", ""); /* milliseconds */
    expect("DE89 3704 0044 0532 0130 00", "iban:DE89 3704 0044 0532 0130 00");
    expect("gb82west12345698765432,", "iban:gb82west12345698765432");
    expect("GB82WEST12345698765433", "");
    expect("078-05-1123, 000-12-3456", "ssn:078-05-1123");
}

static void finds_phones(void **state)
{
    (void)state;
    expect("(415) 555-0132 or +1 415 555 0132", "phone:(415) 555-0132 | phone:+1 415 555 0132");
    expect("090-1234-5678, 415.555.0132x77", "phone:090-1234-5678 | phone:415.555.0132x77");
    expect("call me: 555 0132", "phone:555 0132");
    expect("made 555 0132 of them", "");
    expect("call about order number 5550132", "");
    expect("2024-03-15 15.03.2024 10 000 000", "");
}

/* ---- the module ---- */

static void masks_columns(void **state)
{
    (void)state;
    struct trial trial = {.words = "mask", .window_rows = 2};
    OWNED(batch_release)
    struct batch input = trial_input("note:utf8|phone:dictionary<int32, utf8>|n:int64",
                                     "from a@b.de to c@d.de|5550132|1\nnothing||2\n|5550132|3\n");
    trial_run(&trial, &module_mask, &input);
    assert_string_equal(trial_text(&trial), "note|phone|n\nfrom [EMAIL] to [EMAIL]|[PHONE]|1\n"
                                            "nothing||2\n|[PHONE]|3\n");
    assert_int_equal(trial.cells, 3);
    assert_false(trial.failed);
    assert_non_null(strstr((const char *)trial.report.data, "masked 2 email in column \"note\""));
    trial_close(&trial);
}

static void shortens(void **state)
{
    (void)state;
    struct trial trial = {.words = "mask action=truncate"};
    OWNED(batch_release)
    struct batch input =
        trial_input("c:utf8", "jane@example.com\n4012-8888-8888-1881\n192.168.1.7\n2001:db8::1\n"
                              "https://x.org/p?q=1\nDE89370400440532013000\n+1 415 555 0132\n");
    trial_run(&trial, &module_mask, &input);
    assert_string_equal(trial_text(&trial),
                        "c\nj***@example.com\n************1881\n192.168.1.0\n2001::\n"
                        "https://x.org\nDE****************3000\n*********32\n");
    trial_close(&trial);
}

/* A key file under a fresh name; the caller unlinks it. */
static void write_key(char path[32], const char *key, mode_t mode)
{
    snprintf(path, 32, "%s", "mask-key-XXXXXX");
    int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    assert_int_equal(write(descriptor, key, strlen(key)), strlen(key));
    assert_int_equal(fchmod(descriptor, mode), 0);
    close(descriptor);
}

static void pseudonyms_keep_equality(void **state)
{
    (void)state;
    char path[32], words[128];
    write_key(path, "0123456789abcdef0123456789abcdef\n", 0600);
    snprintf(words, sizeof words, "mask action=pseudonym key_file=%s", path);
    struct trial trial = {.words = words};
    OWNED(batch_release)
    struct batch input =
        trial_input("a:utf8|b:utf8", "Jane@Example.com|4012888888881881\n"
                                     "jane@example.com|4012-8888-8888-1881\nj@example.com|x\n");
    trial_run(&trial, &module_mask, &input);
    const struct array *a = trial.output.columns[0], *b = trial.output.columns[1];
    assert_true(str_equal(array_text(a, 0), array_text(a, 1)));
    assert_false(str_equal(array_text(a, 0), array_text(a, 2)));
    assert_true(str_equal(array_text(b, 0), array_text(b, 1)));
    /* HMAC-SHA-256 of "EMAIL\0jane@example.com", computed with Python's hmac */
    assert_true(str_is(array_text(a, 0), "EMAIL_53a6813d4259acf5"));
    trial_close(&trial);
    unlink(path);
}

static void the_key_must_be_private(void **state)
{
    (void)state;
    OWNED(batch_release) struct batch input = trial_input("a:utf8", "x\n");
    char path[32], words[128];
    write_key(path, "0123456789abcdef0123456789abcdef", 0640);
    snprintf(words, sizeof words, "mask action=pseudonym key_file=%s", path);
    struct trial wide = {.words = words};
    assert_int_equal(trial_try(&wide, &module_mask, &input), STATUS_USAGE);
    assert_non_null(strstr(wide.err.message, "has mode 0640, expected 0600"));
    trial_close(&wide);
    unlink(path);
    write_key(path, "short\n", 0600);
    snprintf(words, sizeof words, "mask action=pseudonym key_file=%s", path);
    struct trial brief = {.words = words};
    assert_int_equal(trial_try(&brief, &module_mask, &input), STATUS_USAGE);
    assert_non_null(strstr(brief.err.message, "holds 5 bytes"));
    trial_close(&brief);
    unlink(path);
    struct trial keyless = {.words = "mask action=pseudonym"};
    assert_int_equal(trial_try(&keyless, &module_mask, &input), STATUS_USAGE);
    trial_close(&keyless);
    struct trial kind = {.words = "mask kinds=emial"};
    assert_int_equal(trial_try(&kind, &module_mask, &input), STATUS_USAGE);
    assert_non_null(strstr(kind.err.message, "did you mean \"email\""));
    trial_close(&kind);
}

static void threads_change_nothing(void **state)
{
    (void)state;
    OWNED(memory_release) char *lines = memory_get(5000, 64);
    size_t size = 0;
    for (int i = 0; i < 5000; i++)
        size += (size_t)snprintf(lines + size, 64, "row %d %s\n", i, i % 7 == 0 ? "a@b.de" : "-");
    OWNED(batch_release) struct batch input = trial_input("c:utf8", lines);
    struct trial one = {.words = "mask", .window_rows = 100};
    struct trial many = {.words = "mask", .window_rows = 100, .threads = 4};
    trial_run(&one, &module_mask, &input);
    trial_run(&many, &module_mask, &input);
    assert_string_equal(trial_text(&one), trial_text(&many));
    assert_int_equal(one.cells, 715);
    trial_close(&one);
    trial_close(&many);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_addresses),
        cmocka_unit_test(finds_numbers_with_check_digits),
        cmocka_unit_test(finds_phones),
        cmocka_unit_test(masks_columns),
        cmocka_unit_test(shortens),
        cmocka_unit_test(pseudonyms_keep_equality),
        cmocka_unit_test(the_key_must_be_private),
        cmocka_unit_test(threads_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
