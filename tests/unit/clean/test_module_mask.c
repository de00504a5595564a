/* tests/unit/clean/test_module_mask.c */
#include "tests/unit/clean/harness.h"

#include "clean/mask_find.h"
#include "clean/mask_format.h"
#include "clean/mask_national.h"
#include "clean/mask_words.h"

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
    struct text_list none = {0};
    struct mask_set kinds;
    assert_int_equal(mask_set_of(&none, NULL, &kinds, NULL), STATUS_OK);
    struct mask_plan plan;
    mask_plan_make(&kinds, &plan);
    struct mask_query query = {.kinds = &kinds, .plan = &plan};
    assert_int_equal(mask_find(str_of(text), &query, &hits, NULL), STATUS_OK);
    for (size_t i = 0; i < hits.count; i++)
        size += (size_t)snprintf(found + size, sizeof found - size, "%s%s:%.*s", i > 0 ? " | " : "",
                                 mask_kinds[hits.items[i].kind].name,
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
    expect("my domains: example.com shop.example.co.il",
           "url:example.com | url:shop.example.co.il");
    expect("see example.com and end.Then file.txt a.b", "");
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

/* ---- national identifiers ---- */

static size_t found(const char *kind, const char *text, bool weak)
{
    const char *names[] = {kind};
    struct text_list list = {names, 1};
    struct mask_set kinds;
    struct mask_hits hits = {0};
    assert_int_equal(mask_set_of(&list, NULL, &kinds, NULL), STATUS_OK);
    struct mask_plan plan;
    mask_plan_make(&kinds, &plan);
    struct mask_query query = {.kinds = &kinds, .weak = weak, .plan = &plan};
    assert_int_equal(mask_find(str_of(text), &query, &hits, NULL), STATUS_OK);
    size_t count = hits.count;
    mask_hits_release(&hits);
    return count;
}

/* One that is right, one with a wrong check digit, date or range. */
static const struct {
    const char *kind, *right, *wrong;
} numbers[] = {
    {"ssn", "078-05-1123", "078-00-1123"},
    {"us_itin", "911-70-1234", "911-69-1234"},
    {"us_mbi", "1EG4-TE5-MK73", "1SG4-TE5-MK73"},
    {"us_npi", "1234567893", "1234567894"},
    {"us_routing", "121000358", "121000359"},
    {"us_passport", "Z12803456", "Z1280345"},
    {"uk_nhs", "943 476 5919", "943 476 5918"},
    {"uk_nino", "AB 12 34 56 C", "BG 12 34 56 C"},
    {"uk_driver", "MORGA657054SM9IJ", "MORGA699054SM9IJ"},
    {"ca_sin", "130-692-544", "130-692-545"},
    {"es_nif", "12345678Z", "12345678A"},
    {"es_nie", "X-1234567-L", "X-1234567-M"},
    {"it_fiscal", "RSSMRA85T10A562S", "RSSMRA85Z10A562S"},
    {"it_vat", "07643520567", "07643520568"},
    {"pl_pesel", "44051401458", "44051401459"},
    {"pl_nip", "123-456-32-18", "123-456-32-19"},
    {"au_abn", "51 824 753 556", "52 824 753 556"},
    {"au_acn", "004 085 616", "004 085 617"},
    {"au_tfn", "123 456 782", "123 456 783"},
    {"au_medicare", "2123 45670 1", "2123 45680 1"},
    {"in_pan", "ABCPE1234F", "ABCDE1234F"},
    {"in_aadhaar", "3123-4567-8909", "3123-4567-8908"},
    {"in_gstin", "27AAPFU0939F1ZV", "27AAPFU0939F1ZW"},
    {"fi_hetu", "131052-308T", "131052-308U"},
    {"kr_rrn", "900101-1234568", "901301-1234568"},
    {"kr_brn", "120-81-47521", "120-81-47522"},
    {"de_tax", "86095742719", "86095742718"},
    {"de_social", "15070649C103", "15070649C104"},
    {"fr_nir", "1 85 05 78 006 084 91", "1 85 05 78 006 084 92"},
    {"nl_bsn", "111222333", "111222334"},
    {"be_nrn", "85.07.30-033.28", "85.07.30-033.29"},
    {"ch_ahv", "756.9217.0769.85", "756.9217.0769.84"},
    {"at_svnr", "1237 010180", "1238 010180"},
    {"se_pnr", "811228-9874", "811228-9875"},
    {"cz_rc", "710319/2745", "710319/2746"},
    {"pt_nif", "501442600", "501442601"},
    {"ie_pps", "1234567T", "1234567U"},
    {"tr_tckn", "10000000146", "10000000147"},
    {"br_cpf", "529.982.247-25", "529.982.247-26"},
    {"br_cnpj", "11.222.333/0001-81", "11.222.333/0001-82"},
    {"mx_curp", "BOXW310820HNERXN09", "BOXW310820HNERXN08"},
    {"cn_id", "11010519491231002X", "110105194912310021"},
    {"jp_number", "1234 5678 9018", "1234 5678 9019"},
    {"th_id", "1-2345-67890-12-1", "1-2345-67890-12-2"},
    {"il_id", "000000018", "000000019"},
    {"za_id", "8001015009087", "8001015009088"},
    {"crypto", "16Yeky6GMjeNkAiNcBY7ZhrLoMSgg1BoyZ", "16Yeky6GMjeNkAiNcBY7ZhrLoMSgg1BoyY"},
    {"crypto", "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
     "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdp"},
};

static void knows_national_numbers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (found(numbers[i].kind, numbers[i].right, true) != 1)
            fail_msg("%s %s is not found", numbers[i].kind, numbers[i].right);
        if (found(numbers[i].kind, numbers[i].wrong, true) != 0)
            fail_msg("%s %s is found", numbers[i].kind, numbers[i].wrong);
    }
}

static void weak_numbers_need_their_words(void **state)
{
    (void)state;
    assert_int_equal(found("pl_pesel", "parcel 44051401458", false), 0);
    assert_int_equal(found("pl_pesel", "PESEL: 44051401458", false), 1);
    assert_int_equal(found("us_driver", "bus driver, 201-948-1927", false), 0);
    assert_int_equal(found("us_driver", "my driver's license is F162823540116", false), 1);
    assert_int_equal(found("us_*", "account number 945456787654", false), 1);
    assert_int_equal(found("national", "078-05-1123 and S9108268C", false), 2);
}

static void finds_dates(void **state)
{
    (void)state;
    assert_int_equal(found("date", "on 5-20-2021, 21.5.21 and 5-May-2021", false), 3);
    assert_int_equal(found("date", "May 21, 2021 at 2024-06-05T09:15:30.500-07:00", false), 2);
    assert_int_equal(found("date", "3... 2... 1... 13/13/13 1.2.3.4 number 1984", false), 0);
    assert_int_equal(found("date", "the act of 1984", false), 1);
}

/* ---- names and lists ---- */

/* The text with its finds as labels, all kinds looked for. */
static void expect_masked(const char *text, const char *expected)
{
    const char *names[] = {"all"};
    struct text_list list = {names, 1};
    struct mask_set kinds;
    struct mask_plan plan;
    struct mask_hits hits = {0};
    struct mask_style style = {.keep = -1};
    struct mask_words *words;
    struct bytes masked = bytes_limited(4096);
    assert_int_equal(mask_set_of(&list, NULL, &kinds, NULL), STATUS_OK);
    mask_plan_make(&kinds, &plan);
    assert_int_equal(mask_words_open(&words, true, NULL), STATUS_OK);
    assert_int_equal(mask_words_add(words, str_of("Projekt Adler"), WORD_OWN_LISTED, NULL),
                     STATUS_OK);
    assert_int_equal(mask_words_add(words, str_of("Acme"), WORD_OWN_ALLOWED, NULL), STATUS_OK);
    struct mask_query query = {.kinds = &kinds, .plan = &plan, .words = words};
    assert_int_equal(mask_find(str_of(text), &query, &hits, NULL), STATUS_OK);
    assert_int_equal(mask_write(str_of(text), &hits, &style, 0, &masked, NULL), STATUS_OK);
    assert_int_equal(bytes_append(&masked, "", 1, NULL), STATUS_OK);
    assert_string_equal((const char *)masked.data, expected);
    bytes_release(&masked);
    mask_hits_release(&hits);
    mask_words_close(&words);
}

static void finds_names(void **state)
{
    (void)state;
    expect_masked("Dear Mrs. O'Connor, call Tom", "Dear [TITLE] [PERSON], call [PERSON]");
    expect_masked("I met Anne-Marie van der Berg and John F. Baker's son.",
                  "I met [PERSON] and [PERSON]'s son.");
    expect_masked("She moved from Krak\303\263w to New Zealand",
                  "She moved from [PLACE] to [PLACE]");
    expect_masked("He works for Clean Power Ltd. in tunisia",
                  "He works for [ORGANIZATION] in [PLACE]");
    expect_masked("my name is vitoria, a 31 year old Czech nurse",
                  "my name is [PERSON], a [AGE] year old [NATIONALITY] nurse");
    expect_masked("The Weather Was Nice. Don't worry, I'm fine. See the manual on Monday",
                  "The Weather Was Nice. Don't worry, I'm fine. See the manual on [DATE]");
    expect_masked("PROJEKT  adler is at Acme", "[LISTED] is at Acme");
    expect_masked("", "");
}

static void finds_addresses_of_houses(void **state)
{
    (void)state;
    expect_masked("Ship to 221B Baker Street, London.", "Ship to [ADDRESS].");
    expect_masked("I live at Hauptstra\303\237e 12, 10115 Berlin!", "I live at [ADDRESS]!");
    expect_masked("at 45 Elm Grove\n Apt. 3\n Springfield, IL 62704", "at [ADDRESS]");
    expect_masked("ZIP: 75534-030", "ZIP: [ADDRESS]");
    expect_masked("there were 45 people on 3 buses", "there were 45 people on 3 buses");
}

/* ---- formats and dates ---- */

static void round_trip(const char *value, enum mask_kind kind)
{
    struct mask_key key = {.bytes = "0123456789abcdef", .size = 16};
    struct bytes there = bytes_limited(1024), back = bytes_limited(1024);
    bool done;
    assert_int_equal(mask_format(str_of(value), kind, &key, false, &there, &done, NULL), STATUS_OK);
    assert_true(done);
    struct str masked = {(const char *)there.data, there.size};
    assert_int_equal(masked.size, strlen(value));
    assert_false(str_is(masked, value));
    for (size_t i = 0; i < masked.size; i++) {
        assert_int_equal(is_digit(masked.data[i]), is_digit(value[i]));
        assert_int_equal(is_word(masked.data[i]), is_word(value[i]));
    }
    assert_int_equal(mask_format(masked, kind, &key, true, &back, &done, NULL), STATUS_OK);
    assert_true(str_is((struct str){(const char *)back.data, back.size}, value));
    bytes_release(&there);
    bytes_release(&back);
}

static void formats_are_kept_and_undone(void **state)
{
    (void)state;
    round_trip("4012-8888-8888-1881", MASK_CARD);
    round_trip("4012-8888-8888-1882", MASK_CARD);
    round_trip("+1 (415) 555-0132 x7", MASK_PHONE);
    round_trip("Ann.Lee@example.org", MASK_EMAIL);
    round_trip("DE89 3704 0044 0532 0130 00", MASK_IBAN);
    round_trip("078-05-1123", MASK_SSN);
    round_trip("AB 12 34 56 C", MASK_UK_NINO);
    round_trip("7", MASK_US_BANK);
}

static void masked_cards_hold_luhn(void **state)
{
    (void)state;
    struct mask_key key = {.bytes = "0123456789abcdef", .size = 16};
    struct bytes made = bytes_limited(1024);
    bool done;
    size_t end;
    assert_int_equal(
        mask_format(str_of("4012888888881881"), MASK_CARD, &key, false, &made, &done, NULL),
        STATUS_OK);
    struct mask_code code = {.count = 16};
    memcpy(code.places, made.data, 16);
    assert_true(check_luhn(&code));
    made.size = 0;
    assert_int_equal(
        mask_format(str_of("GB82WEST12345698765432"), MASK_IBAN, &key, false, &made, &done, NULL),
        STATUS_OK);
    assert_true(iban_at((struct str){(const char *)made.data, made.size}, 0, &end));
    made.size = 0;
    assert_int_equal(mask_format(str_of("2001:db8::1"), MASK_IP, &key, false, &made, &done, NULL),
                     STATUS_OK);
    assert_true(done);
    bytes_release(&made);
}

static void shifts(const char *text, int64_t days, const char *expected)
{
    struct bytes made = bytes_limited(256);
    bool done;
    assert_int_equal(mask_shift_text(str_of(text), days, &made, &done, NULL), STATUS_OK);
    assert_int_equal(done, expected != NULL);
    if (done) assert_true(str_is((struct str){(const char *)made.data, made.size}, expected));
    bytes_release(&made);
}

static void dates_keep_their_writing(void **state)
{
    (void)state;
    shifts("2024-02-28", 2, "2024-03-01");
    shifts("2/28/2023", 1, "3/1/2023");
    shifts("28.02.23", 1, "01.03.23");
    shifts("31 December 1999", 1, "01 January 2000");
    shifts("MAR 5, 2021", -5, "FEB 28, 2021");
    shifts("2024-06-05T09:15:30.5-07:00", 30, "2024-07-05T09:15:30.5-07:00");
    shifts("2/30/2023", 1, NULL);
    shifts("May 2021", 1, NULL);
    shifts("1977", 1, NULL);
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
        cmocka_unit_test(knows_national_numbers),
        cmocka_unit_test(weak_numbers_need_their_words),
        cmocka_unit_test(finds_dates),
        cmocka_unit_test(finds_names),
        cmocka_unit_test(finds_addresses_of_houses),
        cmocka_unit_test(formats_are_kept_and_undone),
        cmocka_unit_test(masked_cards_hold_luhn),
        cmocka_unit_test(dates_keep_their_writing),
        cmocka_unit_test(masks_columns),
        cmocka_unit_test(shortens),
        cmocka_unit_test(pseudonyms_keep_equality),
        cmocka_unit_test(the_key_must_be_private),
        cmocka_unit_test(threads_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
