/* tests/unit/features/test_view.c: definitions of views, and what they refuse. */
#include "features/duration.h"
#include "features/point_in_time.h"
#include "features/view.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct arena *arena;

static enum status parse(const char *text, struct view *ret, struct err *err)
{
    struct yaml *yaml = NULL;
    enum status status = yaml_parse(&yaml, "test.yaml", str_of(text), err);
    if (status == STATUS_OK) status = view_parse(ret, yaml_root(yaml), arena, err);
    yaml_close(&yaml);
    return status;
}

static const char *const whole = "view: user_activity\n"
                                 "entity: [user_id, shop]\n"
                                 "event_time: ts\n"
                                 "created_time: ingested_at\n"
                                 "ttl: 30d\n"
                                 "features:\n"
                                 "  clicks_7d: {type: int64, doc: clicks in 7 days}\n"
                                 "  score: float64\n"
                                 "owner: growth\n"
                                 "personal: [user_id]\n";

static const char *const again =
    "# the same in another layout\n"
    "{view: user_activity, owner: growth, ttl: 30d, personal: [user_id],\n"
    " features: {score: float64, clicks_7d: {doc: clicks in 7 days, type: int64}},\n"
    " created_time: ingested_at, event_time: ts, entity: [user_id, shop]}\n";

static void a_whole_view(void **context)
{
    struct view view;
    struct err err = {0};
    (void)context;
    assert_int_equal(parse(whole, &view, &err), STATUS_OK);
    assert_string_equal(view.name, "user_activity");
    assert_string_equal(view.dataset, "feature/user_activity");
    assert_int_equal(view.entity.count, 2);
    assert_string_equal(view.entity.items[1], "shop");
    assert_string_equal(view.created_time, "ingested_at");
    assert_true(view.ttl == (int64_t)30 * 86400 * 1000000);
    assert_int_equal(view.feature_count, 2);
    assert_string_equal(view.features[0].doc, "clicks in 7 days");
    assert_int_equal(view.features[1].type.type.id, TYPE_FLOAT64);
    assert_true(view_is_key(&view, "ts") && !view_is_key(&view, "score"));
}

static void layout_is_not_meaning(void **context)
{
    struct view view, other;
    struct err err = {0};
    (void)context;
    assert_int_equal(parse(whole, &view, &err), STATUS_OK);
    assert_int_equal(parse(view.definition, &other, &err), STATUS_OK);
    assert_string_equal(other.features[0].doc, view.features[0].doc);
    assert_int_equal(parse(again, &other, &err), STATUS_OK);
    assert_memory_equal(&view.digest, &other.digest, sizeof view.digest);
    assert_int_equal(parse("view: user_activity\nentity: [user_id]\n", &other, &err), STATUS_OK);
    assert_memory_not_equal(&view.digest, &other.digest, sizeof view.digest);
}

static void refused(const char *text, const char *part)
{
    struct view view;
    struct err err = {0};
    assert_int_equal(parse(text, &view, &err), STATUS_USAGE);
    if (strstr(err.message, part) == NULL) fail_msg("\"%s\" is not in \"%s\"", part, err.message);
}

static void what_is_refused(void **context)
{
    (void)context;
    refused("entity: [a]\n", "name");
    refused("view: a/b\nentity: [a]\n", "line 1");
    refused("view: a\n", "no entity");
    refused("view: a\nentitty: [a]\n", "did you mean \"entity\"");
    refused("view: a\nentity: [a]\nttl: 3x\nevent_time: t\n", "line 3");
    refused("view: a\nentity: [a]\nttl: 3d\n", "event_time");
    refused("view: a\nentity: [a]\nfeatures: {a: int64}\n", "in the view already");
    refused("view: a\nentity: [a]\nfeatures: {b: integer}\n", "feature \"b\"");
    refused("view: a\nentity: [a]\nfeatures: {b: {doc: text}}\n", "no type");
    refused("view: a\nentity: [a]\nfeatures: {b: {type: int64, dco: text}}\n", "did you mean");
    refused("view: a\nentity: [a]\nfeatures: {b: int64}\npersonal: [c]\n", "\"c\"");
    refused("- a\n", "map");
}

static void durations(void **context)
{
    int64_t length;
    (void)context;
    assert_int_equal(duration_parse(str_of("250ms"), &length, NULL), STATUS_OK);
    assert_true(length == 250000);
    assert_int_equal(duration_parse(str_of("2 h"), &length, NULL), STATUS_OK);
    assert_true(length == (int64_t)7200 * 1000000);
    assert_int_equal(duration_parse(str_of("d"), &length, NULL), STATUS_USAGE);
    assert_int_equal(duration_parse(str_of("-1d"), &length, NULL), STATUS_USAGE);
    assert_int_equal(duration_parse(str_of("99999999999999w"), &length, NULL), STATUS_USAGE);
    assert_int_equal(duration_parse(str_of("99999999999999999999s"), &length, NULL), STATUS_USAGE);
}

static struct schema *table(enum type_id score)
{
    struct schema *schema = NULL;
    static const char *const names[] = {"extra", "score", "clicks_7d", "ingested_at", "ts", "shop"};
    const enum type_id types[] = {TYPE_UTF8,      score,          TYPE_INT64,
                                  TYPE_TIMESTAMP, TYPE_TIMESTAMP, TYPE_UTF8};
    struct field user = field_dictionary("user_id");
    assert_int_equal(schema_new(&schema, NULL), STATUS_OK);
    for (size_t i = 0; i < 6; i++) {
        struct field field = field_of(names[i], types[i]);
        assert_int_equal(schema_add(schema, &field, NULL), STATUS_OK);
    }
    assert_int_equal(schema_add(schema, &user, NULL), STATUS_OK);
    return schema;
}

static void columns_of_a_version(void **context)
{
    struct view view;
    struct err err = {0};
    size_t *columns = NULL, count = 0;
    (void)context;
    assert_int_equal(parse(whole, &view, &err), STATUS_OK);
    struct schema *schema = table(TYPE_FLOAT64);
    assert_int_equal(view_select(&view, schema, &columns, &count, arena, &err), STATUS_OK);
    const size_t expected[] = {6, 5, 4, 3, 2, 1};
    assert_int_equal(count, 6);
    assert_memory_equal(columns, expected, sizeof expected);
    schema_unref(&schema);
    schema = table(TYPE_UTF8);
    assert_int_equal(view_select(&view, schema, &columns, &count, arena, &err), STATUS_FAILED);
    assert_non_null(strstr(err.message, "\"score\" is float64 in the view and utf8 in the data"));
    schema_unref(&schema);
}

static int open_arena(void **context)
{
    (void)context;
    return arena_open(&arena, NULL) == STATUS_OK ? 0 : -1;
}

static int close_arena(void **context)
{
    (void)context;
    arena_close(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_view),         cmocka_unit_test(layout_is_not_meaning),
        cmocka_unit_test(what_is_refused),      cmocka_unit_test(durations),
        cmocka_unit_test(columns_of_a_version),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
