/* Records like the one before: what fits is what the parser takes apart, token by token, and what a
 * program writes fits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "ingest/json_template.h"

#include <stdio.h>
#include <string.h>

/* last: it defines a macro named fail */
#include <cmocka.h>

static uint64_t seed = 1;

static uint64_t random_below(uint64_t bound)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % bound;
}

struct pair {
    struct json json; /* the one with the template */
    struct json_template template;
    struct json plain;
};

static void pair_release(struct pair *pair)
{
    json_release(&pair->json);
    json_release(&pair->plain);
    json_template_release(&pair->template);
}

static void learn(struct pair *pair, const char *text)
{
    struct err err = {0};
    assert_int_equal(json_parse(&pair->json, (const uint8_t *)text, strlen(text), &err), 0);
    assert_string_equal(pair->json.fault, "");
    assert_int_equal(json_template_learn(&pair->template, &pair->json, strlen(text), &err), 0);
}

static bool fits(struct pair *pair, const char *text)
{
    return json_template_fits(&pair->template, &pair->json, (const uint8_t *)text, strlen(text));
}

/* Both ways of reading agree on all values. */
static void check_tokens(struct pair *pair, const char *text)
{
    struct err err = {0};
    assert_int_equal(json_parse(&pair->plain, (const uint8_t *)text, strlen(text), &err), 0);
    assert_string_equal(pair->plain.fault, "");
    assert_int_equal(pair->plain.count, pair->json.count);
    for (size_t i = 0; i < pair->plain.count; i++) {
        const struct json_token *left = &pair->json.tokens[i], *right = &pair->plain.tokens[i];
        assert_int_equal(left->kind == JSON_OBJECT, right->kind == JSON_OBJECT);
        if (right->kind == JSON_KEY || right->kind == JSON_OBJECT) continue;
        assert_int_equal(left->kind, right->kind);
        assert_int_equal(left->begin, right->begin);
        assert_int_equal(left->size, right->size);
        assert_false(right->escaped);
    }
}

static void what_a_program_writes(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "{\"id\": 1, \"name\": \"a\", \"at\": {\"x\": -1.5e3, \"y\": null}, \"ok\": true}",
        "{\"id\": 27, \"name\": \"\", \"at\": {\"x\": null, \"y\": 0}, \"ok\": false}",
        "{\"id\": null, \"name\": \"longer than eight\", \"at\": {\"x\": 0.25, \"y\": \"z\"}, "
        "\"ok\": 1}",
    };
    OWNED(pair_release) struct pair pair = {0};
    learn(&pair, rows[0]);
    for (size_t i = 0; i < 3; i++) {
        assert_true(fits(&pair, rows[i]));
        check_tokens(&pair, rows[i]);
    }
}

static void what_does_not_fit(void **state)
{
    (void)state;
    static const char *const others[] = {
        "{\"a\":1,\"b\":\"x\"",
        "{\"a\":1,\"b\":\"x\"}}",
        "{\"a\":1,\"c\":\"x\"}",
        "{\"a\":1}",
        "{\"a\":01,\"b\":\"x\"}",
        "{\"a\":1.,\"b\":\"x\"}",
        "{\"a\":-,\"b\":\"x\"}",
        "{\"a\":1e,\"b\":\"x\"}",
        "{\"a\":1,\"b\":\"x\\n\"}",
        "{\"a\":1,\"b\":\"x\ty\"}",
        "{\"a\":1,\"b\":\"xxxxxxx\ty\"}",
        "{\"a\":[],\"b\":\"x\"}",
        "{\"a\":{},\"b\":\"x\"}",
        "{\"a\":nul,\"b\":\"x\"}",
        "{\"a\":,\"b\":\"x\"}",
        "{\"a\":1,\"b\":\"x}",
        "{\"a\":1 ,\"b\":\"x\"}",
        "",
        "{\"a\":1,\"b\":",
        "{\"a\":+1,\"b\":\"x\"}",
        "{\"a\":tru",
    };
    OWNED(pair_release) struct pair pair = {0};
    learn(&pair, "{\"a\":1,\"b\":\"x\"}");
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(fits(&pair, others[i]));
    assert_true(fits(&pair, "{\"a\":2,\"b\":\"y\"}"));
}

static void what_is_not_learned(void **state)
{
    (void)state;
    static const char *const rows[] = {"{\"a\":[1]}", "{\"a\":\"\\u0041\"}"};
    OWNED(pair_release) struct pair pair = {0};
    for (size_t i = 0; i < 2; i++) {
        learn(&pair, rows[i]);
        assert_false(fits(&pair, rows[i]));
    }
}

/* A value, or nearly one. */
static size_t put_value(char *to)
{
    static const char *const values[] = {
        "0",    "-0",    "12.50", "1e9",         "null",
        "true", "false", "\"\"",  "\"abc def\"", "\"\xc3\xa9t\xc3\xa9 1234567\"",
        "01",   "1.",    "[1]",   "{}",          "\"\\\"\"",
        "nulll"};
    return (size_t)sprintf(to, "%s", values[random_below(random_below(4) == 0 ? 16 : 10)]);
}

static void any_text(void **state)
{
    (void)state;
    OWNED(pair_release) struct pair pair = {0};
    unsigned fitted = 0;
    for (unsigned round = 0; round < 200000; round++) {
        char text[400];
        size_t size = 0;
        if (round % 1000 == 0) learn(&pair, "{\"a\":1,\"b\":{\"c\":\"x\",\"d\":null},\"e\":2.5}");
        size += (size_t)sprintf(text, "{\"a\":");
        size += put_value(text + size);
        size += (size_t)sprintf(text + size, ",\"b\":{\"c\":");
        size += put_value(text + size);
        size += (size_t)sprintf(text + size, ",\"d\":");
        size += put_value(text + size);
        size += (size_t)sprintf(text + size, "},\"e\":");
        size += put_value(text + size);
        size += (size_t)sprintf(text + size, "}");
        if (random_below(4) == 0) text[random_below(size)] = (char)(1 + random_below(127));
        if (!fits(&pair, text)) continue;
        check_tokens(&pair, text);
        fitted++;
    }
    assert_true(fitted > 50000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_program_writes),
        cmocka_unit_test(what_does_not_fit),
        cmocka_unit_test(what_is_not_learned),
        cmocka_unit_test(any_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
