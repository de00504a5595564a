/* tests/unit/base/test_err.c */
#include "check.h"

#include <errno.h>

static void messages_grow_outwards(void **state)
{
    (void)state;
    struct err err = {0};
    assert_int_equal(fail(&err, STATUS_USAGE, "column \"%s\" is twice here", "a"), STATUS_USAGE);
    assert_int_equal(fail_within(&err, STATUS_USAGE, "line %d", 7), STATUS_USAGE);
    assert_string_equal(err.message, "line 7: column \"a\" is twice here");
}

static void inner_hint_stays(void **state)
{
    (void)state;
    struct err err = {0};
    assert_int_equal(fail(&err, STATUS_FAILED, "x"), STATUS_FAILED);
    err_hint(&err, "first");
    err_hint(&err, "second");
    assert_string_equal(err.hint, "first");
    assert_int_equal(fail(&err, STATUS_FAILED, "y"), STATUS_FAILED);
    assert_string_equal(err.hint, "");
}

static void errno_becomes_a_status(void **state)
{
    (void)state;
    struct err err = {0};
    assert_int_equal(fail_errno(&err, EPIPE, "stdout"), STATUS_DOWNSTREAM);
    assert_int_equal(fail_errno(&err, ENOMEM, "map"), STATUS_MEMORY);
    assert_int_equal(fail_errno(&err, ENOSPC, "file \"%s\"", "f"), STATUS_FAILED);
    assert_string_equal(err.message, "file \"f\": No space left on device");
    assert_int_equal(fail_errno(NULL, EIO, "x"), STATUS_FAILED);
}

static void long_messages_are_cut(void **state)
{
    (void)state;
    struct err err = {0};
    char word[4000];
    memset(word, 'x', sizeof word - 1);
    word[sizeof word - 1] = '\0';
    assert_int_equal(fail(&err, STATUS_FAILED, "%s", word), STATUS_FAILED);
    assert_int_equal(fail_within(&err, STATUS_FAILED, "%s", "place"), STATUS_FAILED);
    assert_int_equal(strlen(err.message), sizeof err.message - 1);
    assert_memory_equal(err.message, "place: xxx", 10);
}

/* The table of design section 4. */
static void exit_codes(void **state)
{
    (void)state;
    static const struct {
        enum status status;
        int code;
    } table[] = {{STATUS_OK, 0},           {STATUS_FAILED, 1},        {STATUS_MEMORY, 1},
                 {STATUS_USAGE, 2},        {STATUS_VERDICT, 3},       {STATUS_BUSY, 75},
                 {STATUS_DOWNSTREAM, 141}, {STATUS_INTERRUPTED, 130}, {STATUS_TERMINATED, 143}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        assert_int_equal(status_exit_code(table[i].status), table[i].code);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_grow_outwards),
        cmocka_unit_test(inner_hint_stays),
        cmocka_unit_test(errno_becomes_a_status),
        cmocka_unit_test(long_messages_are_cut),
        cmocka_unit_test(exit_codes),
    };
    return cmocka_run_group_tests_name("base err", tests, NULL, NULL);
}
