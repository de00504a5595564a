/* tests/unit/clean/test_hide.c: what a step tells about itself, as a step that redacts shows it. */
#include "tests/unit/clean/harness.h"

#include "clean/hide.h"

#include <stdio.h>

/* A module that takes "secret" for personal. */
static enum status stars(const void *state, const char *column, struct str value, struct bytes *ret,
                         struct err *err)
{
    (void)state;
    (void)column;
    for (size_t i = 0; i < value.size; i++) {
        bool found = value.size - i >= 6 && memcmp(value.data + i, "secret", 6) == 0;
        TRY(bytes_append(ret, found ? "******" : value.data + i, found ? 6 : 1, err));
        if (found) i += 5;
    }
    return STATUS_OK;
}

static const struct clean_module plain = {.name = "plain"};
static const struct clean_module redacting = {.name = "redacting", .redact = stars};

/* Two steps; the one in front of them in memory is not of the chain. */
struct chain_in_memory {
    struct schema schema;
    struct step steps[3];
    struct redactor redactor;
};

static void set_up(struct chain_in_memory *ret)
{
    *ret = (struct chain_in_memory){.schema.count = 0};
    ret->steps[0].blind = true;
    ret->steps[1] = (struct step){.module = &plain, .position = 1, .before = &ret->schema};
    ret->steps[2] = (struct step){.module = &redacting, .position = 2, .before = &ret->schema};
    ret->redactor = (struct redactor){ret->steps + 1, 2, false};
}

static const char *shown(const struct chain_in_memory *chain, const char *message)
{
    static struct err err;
    snprintf(err.message, sizeof err.message, "%s", message);
    hide_error(&chain->redactor, &err);
    return err.message;
}

static void errors_are_masked_wherever_they_came_from(void **state)
{
    (void)state;
    struct chain_in_memory chain;
    set_up(&chain);
    assert_string_equal(shown(&chain, "found \"secret\" in row 7"), "found \"******\" in row 7");
    assert_string_equal(shown(&chain, "disk full"), "disk full");
}

static void errors_before_masking_is_open_are_not_shown(void **state)
{
    (void)state;
    struct chain_in_memory chain;
    set_up(&chain);
    chain.steps[2].before = NULL;
    assert_null(strstr(shown(&chain, "found \"secret\" in row 7"), "secret"));
    chain.redactor.not_opened = true; /* about settings */
    assert_string_equal(shown(&chain, "no such column"), "no such column");
}

static void lines_and_json_are_masked_behind_their_step_only(void **state)
{
    (void)state;
    struct chain_in_memory chain;
    OWNED(bytes_release) struct bytes json = bytes_limited(1024), lines = bytes_limited(1024);
    set_up(&chain);
    assert_int_equal(STATUS_OK, bytes_format(&json, NULL, "{\"value\": \"a secret\", \"n\": 12}"));
    assert_int_equal(STATUS_OK, hide_json(&chain.redactor, 1, &json, 0, NULL));
    assert_memory_equal(json.data, "{\"value\": \"a ******\", \"n\": 12}", json.size);
    assert_int_equal(STATUS_OK, bytes_format(&lines, NULL, "most often: secret"));
    assert_int_equal(STATUS_OK, hide_lines(&chain.redactor, 3, &lines, NULL));
    assert_memory_equal(lines.data, "most often: secret", lines.size);
    assert_int_equal(STATUS_OK, hide_lines(&chain.redactor, 2, &lines, NULL));
    assert_memory_equal(lines.data, "most often: ******", lines.size);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_are_masked_wherever_they_came_from),
        cmocka_unit_test(errors_before_masking_is_open_are_not_shown),
        cmocka_unit_test(lines_and_json_are_masked_behind_their_step_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
