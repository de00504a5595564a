/* tests/unit/base/test_setting.c */
#include "check.h"

#include "base/setting.h"

#include <math.h>

struct config {
    bool indicator;
    int64_t neighbors;
    double share;
    uint64_t room;
    const char *map;
    int method;
    struct text_list columns;
    struct maybe_time since;
    const struct yaml_node *rules;
};

static const struct setting table[] = {
    {"indicator", SETTING_FLAG, offsetof(struct config, indicator), .help = "x"},
    {"neighbors", SETTING_INT, offsetof(struct config, neighbors), .fallback = "5", .minimum = 1,
     .maximum = 100, .help = "x"},
    {"share", SETTING_REAL, offsetof(struct config, share), .fallback = "0.5", .maximum = 1,
     .help = "x"},
    {"room", SETTING_SIZE, offsetof(struct config, room), .fallback = "64K", .help = "x"},
    {"map_file", SETTING_TEXT, offsetof(struct config, map), .help = "x"},
    {"method", SETTING_CHOICE, offsetof(struct config, method), .choices = "mean|median|mode",
     .fallback = "median", .help = "x"},
    {"columns", SETTING_TEXTS, offsetof(struct config, columns), .fallback = "a", .help = "x"},
    {"since", SETTING_TIME, offsetof(struct config, since), .help = "x"},
    {"rules", SETTING_TREE, offsetof(struct config, rules), .help = "x"},
    {0}};

static struct arena *arena;

static int open_arena(void **state)
{
    (void)state;
    return arena_open(&arena, NULL) == STATUS_OK ? 0 : -1;
}

static int close_arena(void **state)
{
    (void)state;
    arena_close(&arena);
    return 0;
}

static enum status read_yaml(const char *text, struct config *config, struct yaml **yaml,
                             struct err *err)
{
    TRY(yaml_parse(yaml, NULL, str_of(text), err));
    return settings_from_yaml(table, yaml_root(*yaml), config, arena, err);
}

static void defaults(void **state)
{
    (void)state;
    struct err err = {0};
    struct config config = {0};
    CHECK_OK(settings_from_yaml(table, NULL, &config, arena, &err), &err);
    assert_false(config.indicator);
    assert_int_equal(config.neighbors, 5);
    assert_true(config.share == 0.5);
    assert_int_equal(config.room, 65536);
    assert_null(config.map);
    assert_int_equal(config.method, 1);
    assert_int_equal(config.columns.count, 1);
    assert_false(config.since.given);
    assert_null(config.rules);
}

static void every_kind_from_yaml(void **state)
{
    (void)state;
    struct err err = {0};
    struct config config = {0};
    OWNED(yaml_close) struct yaml *yaml = NULL;
    CHECK_OK(read_yaml("indicator: true\nneighbors: 7\nshare: 1e-3\nroom: 2M\nmap-file: m.csv\n"
                       "method: mode\ncolumns: [x, y, \"a, b\"]\nsince: 1970-01-02\n"
                       "rules: [{column: x}]\n",
                       &config, &yaml, &err),
             &err);
    assert_true(config.indicator);
    assert_int_equal(config.neighbors, 7);
    assert_true(config.share == 1e-3);
    assert_int_equal(config.room, 2 << 20);
    assert_string_equal(config.map, "m.csv"); /* "map-file" is "map_file" */
    assert_int_equal(config.method, 2);
    assert_int_equal(config.columns.count, 3); /* and the default is gone */
    assert_string_equal(config.columns.items[2], "a, b");
    assert_int_equal(config.since.microseconds, 86400000000);
    assert_true(config.since.given);
    assert_int_equal(config.rules->kind, YAML_LIST);
}

static void one_scalar_is_a_list_of_one(void **state)
{
    (void)state;
    struct err err = {0};
    struct config config = {0};
    OWNED(yaml_close) struct yaml *yaml = NULL;
    CHECK_OK(read_yaml("columns: age", &config, &yaml, &err), &err);
    assert_int_equal(config.columns.count, 1);
    assert_string_equal(config.columns.items[0], "age");
}

/* What is refused, and what is said about it. */
static void mistakes_name_their_place(void **state)
{
    (void)state;
    static const struct {
        const char *yaml, *message;
    } cases[] = {
        {"indicator: yes\nmetod: mean",
         "line 2, column 1: unknown setting \"metod\", did you mean \"method\"?"},
        {"zebra: 1", "line 1, column 1: unknown setting \"zebra\""},
        {"method: medin", "line 1, column 9: setting \"method\": found \"medin\", expected mean, "
                          "median or mode, did you mean \"median\"?"},
        {"neighbors: 0", "setting \"neighbors\": found 0, expected at least 1"},
        {"neighbors: 101", "expected at most 100"},
        {"neighbors: 1.5", "expected a whole number"},
        {"neighbors: 99999999999999999999", "beyond 64 bits"},
        {"share: much", "expected a number"},
        {"share: nan", "expected a number"},
        {"share: 0x1", "expected a number"},
        {"room: 3X", "expected a size like 64K"},
        {"room: 99999999999T", "beyond 64 bits"},
        {"room: -1", "expected a size"},
        {"indicator: perhaps", "expected true or false"},
        {"since: soon", "\"soon\" is not a time"},
        {"method:", "setting \"method\" has no value"},
        {"method: [mean]", "found a list, expected one value"},
        {"columns: {a: b}", "found a map, expected a list"},
        {"columns: [a, [b]]", "line 1, column 14: setting \"columns\": found a list"},
        {"map_file: a\nmap-file: b", "line 2, column 1: setting \"map_file\" is given twice"},
        {"[a]", "found a list, expected a map of settings"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct err err = {0};
        struct config config = {0};
        OWNED(yaml_close) struct yaml *yaml = NULL;
        CHECK_FAILS(read_yaml(cases[i].yaml, &config, &yaml, &err), STATUS_USAGE, &err,
                    cases[i].message);
    }
}

static void choices(void **state)
{
    (void)state;
    char word[16];
    assert_int_equal(choice_index("a|bc|d", str_of("bc")), 1);
    assert_int_equal(choice_index("a|bc|d", str_of("b")), -1);
    assert_int_equal(choice_index("a|bc|d", str_of("")), -1);
    assert_string_equal(choice_text("a|bc|d", 2, word, sizeof word), "d");
    assert_string_equal(choice_text("a|bc|d", 3, word, sizeof word), "");
}

static const char *name_at(const void *names, size_t i)
{
    return ((const char *const *)names)[i];
}

static void nearest(void **state)
{
    (void)state;
    static const char *const names[] = {"id", "customer_name", "customer_mail", "age"};
    const char *found = nearest_name(str_of("custmer_name"), 4, name_at, names);
    assert_non_null(found);
    assert_string_equal(found, "customer_name");
    assert_null(nearest_name(str_of("x"), 4, name_at, names));
    assert_null(nearest_name(str_of("price"), 4, name_at, names));
    assert_string_equal(nearest_name(str_of("aeg"), 4, name_at, names), "age");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),
        cmocka_unit_test(every_kind_from_yaml),
        cmocka_unit_test(one_scalar_is_a_list_of_one),
        cmocka_unit_test(mistakes_name_their_place),
        cmocka_unit_test(choices),
        cmocka_unit_test(nearest),
    };
    return cmocka_run_group_tests_name("base setting", tests, open_arena, close_arena);
}
