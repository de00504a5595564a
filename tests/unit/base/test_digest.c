/* tests/unit/base/test_digest.c */
#include "check.h"

#include "base/digest.h"

/* BLAKE2b-256 of "" and "abc", as `b2sum -l 256` prints them. */
static void known_answers(void **state)
{
    (void)state;
    char text[DIGEST_TEXT];
    struct digest empty = digest_of("", 0), abc = digest_of("abc", 3);
    assert_string_equal(digest_text(&empty, text),
                        "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
    assert_string_equal(digest_text(&abc, text),
                        "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
}

static void pieces_do_not_matter_fields_do(void **state)
{
    (void)state;
    struct digester digester;
    digester_begin(&digester);
    digester_add(&digester, "a", 1);
    digester_add(&digester, "bc", 2);
    struct digest pieces = digester_end(&digester), whole = digest_of("abc", 3);
    assert_memory_equal(&pieces, &whole, sizeof whole);

    digester_begin(&digester);
    digester_add_field(&digester, "a", 1);
    digester_add_field(&digester, "bc", 2);
    struct digest one = digester_end(&digester);
    digester_begin(&digester);
    digester_add_field(&digester, "ab", 2);
    digester_add_field(&digester, "c", 1);
    struct digest other = digester_end(&digester);
    assert_memory_not_equal(&one, &other, sizeof one);
}

static void texts_go_back(void **state)
{
    (void)state;
    struct err err = {0};
    struct digest digest = digest_of("x", 1), again;
    char text[DIGEST_TEXT];
    CHECK_OK(digest_parse(digest_text(&digest, text), &again, &err), &err);
    assert_memory_equal(&digest, &again, sizeof digest);
    text[5] = 'g';
    CHECK_FAILS(digest_parse(text, &again, &err), STATUS_FAILED, &err, "not 0-9");
    CHECK_FAILS(digest_parse("ab", &again, &err), STATUS_FAILED, &err, "2 characters");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(known_answers),
                                       cmocka_unit_test(pieces_do_not_matter_fields_do),
                                       cmocka_unit_test(texts_go_back)};
    return cmocka_run_group_tests_name("base digest", tests, NULL, NULL);
}
