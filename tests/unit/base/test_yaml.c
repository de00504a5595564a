/* tests/unit/base/test_yaml.c */
#include "folder.h"

#include "base/digest.h"
#include "base/memory.h"
#include "base/yaml.h"

static struct yaml *parsed(const char *text)
{
    struct err err = {0};
    struct yaml *yaml = NULL;
    CHECK_OK(yaml_parse(&yaml, NULL, str_of(text), &err), &err);
    return yaml;
}

static void refused(const char *text, const char *message)
{
    struct err err = {0};
    OWNED(yaml_close) struct yaml *yaml = NULL;
    CHECK_FAILS(yaml_parse(&yaml, NULL, str_of(text), &err), STATUS_USAGE, &err, message);
    assert_null(yaml);
}

static void json_is(const struct yaml_node *node, const char *expected)
{
    struct err err = {0};
    OWNED(bytes_release) struct bytes json = bytes_limited(1 << 20);
    CHECK_OK(yaml_json(node, &json, &err), &err);
    CHECK_TEXT(json, expected);
}

static void nodes_know_their_places(void **state)
{
    (void)state;
    OWNED(yaml_close)
    struct yaml *yaml = parsed("tamis: 1\nsteps:\n  - text: {columns: [a, \"1\"]}\n");
    const struct yaml_node *steps = yaml_get(yaml_root(yaml), "steps");
    assert_non_null(steps);
    assert_int_equal(steps->kind, YAML_LIST);
    const struct yaml_node *columns = yaml_get(yaml_get(steps->items[0], "text"), "columns");
    assert_int_equal(columns->line, 3);
    assert_int_equal(columns->column, 21);
    assert_false(columns->items[0]->quoted);
    assert_true(columns->items[1]->quoted);
    assert_null(yaml_get(steps, "text")); /* a list has no keys */
    json_is(yaml_root(yaml), "{\"tamis\":1,\"steps\":[{\"text\":{\"columns\":[\"a\",\"1\"]}}]}");
}

static void plain_scalars_become_json_values(void **state)
{
    (void)state;
    OWNED(yaml_close)
    struct yaml *yaml =
        parsed("[1, -2.5e3, 007, 1., true, yes, null, ~, \"null\", 'x\"y', -, 1e, .5]");
    json_is(yaml_root(yaml), "[1,-2.5e3,\"007\",\"1.\",true,\"yes\",null,null,\"null\",\"x\\\"y\","
                             "\"-\",\"1e\",\".5\"]");
}

static void empty_documents_have_no_root(void **state)
{
    (void)state;
    OWNED(yaml_close) struct yaml *nothing = parsed("");
    OWNED(yaml_close) struct yaml *comment = parsed("# only a comment\n");
    assert_null(yaml_root(nothing));
    assert_null(yaml_root(comment));
}

static void mistakes_name_their_place(void **state)
{
    (void)state;
    refused("a: 1\nb: [1,\n", "line 3, column 1: ");
    refused("a: 1\na: 2", "line 2, column 1: \"a\" is given twice, first on line 1");
    refused("a: &x 1\nb: *x", "line 1, column 4: anchors are not accepted");
    refused("a: !!int 1", "line 1, column 4: tags are not accepted");
    refused("a: *x", "aliases are not accepted");
    refused("a: 1\n---\nb: 2", "line 2, column 1: a second document");
    refused("[a]: 1", "a key must be a text, found a list");
    refused("a: \xff", "byte ");
    refused("a:\tb:\n\t- c", "line 1");
}

static void depth_and_size_have_ends(void **state)
{
    (void)state;
    char deep[200];
    memset(deep, '[', 100);
    memset(deep + 100, ']', 99);
    deep[199] = '\0';
    refused(deep, "64 levels");

    size_t size = 300000;
    char *wide = memory_get(size + 1, 1);
    assert_non_null(wide);
    for (size_t i = 1; i + 2 < size; i += 2)
        memcpy(wide + i, "a,", 2);
    wide[0] = '[';
    wide[size - 1] = ']';
    refused(wide, "100000 values");
    memory_free(wide);

    char *large = memory_get((2 << 20) + 1, 1);
    assert_non_null(large);
    memset(large, '#', 2 << 20);
    refused(large, "1 MiB");
    memory_free(large);
}

static void same_meaning_same_digest(void **state)
{
    (void)state;
    static const char *const texts[] = {"a: 1\nb: [x, y]\n", "{b: [x,   y], a: 1} # words",
                                        "a: '1'\nb: [x, y]", "a: 1\nb: [y, x]"};
    struct digest digests[4];
    for (size_t i = 0; i < 4; i++) {
        struct err err = {0};
        OWNED(yaml_close) struct yaml *yaml = parsed(texts[i]);
        CHECK_OK(yaml_digest(yaml_root(yaml), &digests[i], &err), &err);
    }
    assert_memory_equal(&digests[0], &digests[1], sizeof digests[0]); /* order, layout, comment */
    assert_memory_not_equal(&digests[0], &digests[2], sizeof digests[0]); /* a text, not a number */
    assert_memory_not_equal(&digests[0], &digests[3], sizeof digests[0]); /* lists have an order */
}

static void words_are(const char *words, const char *json)
{
    struct err err = {0};
    OWNED(yaml_close) struct yaml *yaml = NULL;
    CHECK_OK(yaml_from_words(&yaml, words, &err), &err);
    json_is(yaml_root(yaml), json);
}

static void words_become_a_step(void **state)
{
    (void)state;
    words_are("impute columns=age,height method=median",
              "{\"impute\":{\"columns\":[\"age\",\"height\"],\"method\":\"median\"}}");
    words_are("  text  ", "{\"text\":{}}");
    words_are("impute indicator share=0.5", "{\"impute\":{\"indicator\":true,\"share\":0.5}}");
    words_are("text columns=\"full name\",'a,b'",
              "{\"text\":{\"columns\":[\"full name\",\"a,b\"]}}");
    words_are("missing markers=N/A,-,? keep=-", "{\"missing\":{\"markers\":[\"N/A\",\"-\",\"?\"],"
                                                "\"keep\":\"-\"}}");
    words_are("validate rules=[{column: age, between: [0, 120]}] x=1",
              "{\"validate\":{\"rules\":[{\"column\":\"age\",\"between\":[0,120]}],\"x\":1}}");
}

static void words_refused(const char *words, const char *message)
{
    struct err err = {0};
    OWNED(yaml_close) struct yaml *yaml = NULL;
    CHECK_FAILS(yaml_from_words(&yaml, words, &err), STATUS_USAGE, &err, message);
}

static void wrong_words_name_their_column(void **state)
{
    (void)state;
    words_refused("", "expected a name");
    words_refused("impute a=1 a=2", "line 1, column 12: \"a\" is given twice");
    words_refused("impute a=\"x", "line 1, column 10: this quote is not closed");
    words_refused("impute a=[1, 2", "line 1, column 10: this bracket is not closed");
    words_refused("impute a=\"x\"y", "behind a quoted text");
    words_refused("impute =5", "line 1, column 8: found \"=\"");
    words_refused("impute a={b: }c", "line 1");
    words_refused("impute a=[&x 1]", "line 1, column 11: anchors");
}

static void files_are_named(void **state)
{
    (void)state;
    struct err err = {0};
    OWNED(yaml_close) struct yaml *yaml = NULL;
    file_write("r.yaml", "a: [");
    CHECK_FAILS(yaml_load(&yaml, "r.yaml", &err), STATUS_USAGE, &err, "file \"r.yaml\": line ");
    CHECK_FAILS(yaml_load(&yaml, "absent.yaml", &err), STATUS_FAILED, &err, "absent.yaml");
    file_write("r.yaml", "a: 5");
    CHECK_OK(yaml_load(&yaml, "r.yaml", &err), &err);
    json_is(yaml_root(yaml), "{\"a\":5}");
}

/* Each allocation that fails is reported, and nothing leaks. */
static void memory_failures_are_reported(void **state)
{
    (void)state;
    size_t before = memory_in_use();
    for (uint64_t at = 1;; at++) {
        struct err err = {0};
        struct yaml *yaml = NULL;
        memory_fail_at(at);
        enum status status = yaml_from_words(&yaml, "validate rules=[{a: 1}] b=2,3", &err);
        bool reached = memory_requests() >= at;
        memory_fail_at(0);
        yaml_close(&yaml);
        assert_int_equal(memory_in_use(), before);
        if (!reached) break;
        assert_int_equal(status, STATUS_MEMORY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_know_their_places),
        cmocka_unit_test(plain_scalars_become_json_values),
        cmocka_unit_test(empty_documents_have_no_root),
        cmocka_unit_test(mistakes_name_their_place),
        cmocka_unit_test(depth_and_size_have_ends),
        cmocka_unit_test(same_meaning_same_digest),
        cmocka_unit_test(words_become_a_step),
        cmocka_unit_test(wrong_words_name_their_column),
        cmocka_unit_test(files_are_named),
        cmocka_unit_test(memory_failures_are_reported),
    };
    return cmocka_run_group_tests_name("base yaml", tests, folder_enter, folder_leave);
}
