/* tests/unit/base/test_option.c: the command line by the tables, and the shape of the common ones.
 */
#include "check.h"

#include "base/option.h"
#include "sample.h"

enum status sample_run(struct invocation *invocation, struct err *err)
{
    (void)invocation, (void)err;
    return STATUS_OK;
}

static struct arena *arena;
static struct invocation seen;

/* Parses `line` split at blanks. */
static enum status parse(const struct command *command, const char *line, struct err *err)
{
    static char copy[512];
    static char *argv[32];
    int argc = 0;
    snprintf(copy, sizeof copy, "%s %s", command->name, line);
    for (char *word = copy; *word != '\0' && argc < 31;) {
        size_t size = strcspn(word, " ");
        argv[argc++] = word;
        word += size + (word[size] == ' ');
        word[-1] = *word == '\0' ? word[-1] : '\0';
    }
    argv[argc] = NULL;
    arena_reset(arena);
    seen = (struct invocation){.argv = argv, .argc = argc, .arena = arena};
    return options_parse(&seen, command, err);
}

static const struct sample_args *args(void)
{
    return seen.args;
}

static void accepted(const struct command *command, const char *line)
{
    struct err err = {0};
    CHECK_OK(parse(command, line, &err), &err);
}

static void refused(const struct command *command, const char *line, const char *message)
{
    struct err err = {0};
    CHECK_FAILS(parse(command, line, &err), STATUS_USAGE, &err, message);
    assert_non_null(strstr(err.hint, "--help"));
}

static void values_land_in_structs(void **state)
{
    (void)state;
    accepted(&sample_clean, "-r r.yaml -m one -m two --on-fail=null --no-sure --count 7 in -q");
    assert_ptr_equal(seen.command, &sample_clean);
    assert_string_equal(args()->recipe, "r.yaml");
    assert_int_equal(args()->steps.count, 2);
    assert_string_equal(args()->steps.items[1], "two");
    assert_int_equal(args()->mode, 1);
    assert_int_equal(args()->count, 7);
    assert_false(args()->sure);
    assert_true(seen.common.quiet);
    assert_int_equal(seen.operand_count, 1);
    assert_string_equal(seen.operands[0], "in");
}

static void defaults_hold(void **state)
{
    (void)state;
    accepted(&sample_clean, "-");
    assert_true(args()->sure);
    assert_int_equal(args()->count, 3);
    assert_int_equal(seen.common.memory, 1 << 30);
    assert_int_equal(seen.common.threads, 0);
    assert_int_equal(seen.common.wait, 30);
    assert_int_equal(seen.common.progress, PROGRESS_AUTO);
    assert_int_equal(seen.common.log_format, LOG_TEXT);
    assert_string_equal(seen.operands[0], "-");
}

static void subcommands(void **state)
{
    (void)state;
    accepted(&sample_clean, "put v");
    assert_ptr_equal(seen.command, &sample_put);
    accepted(&sample_clean, "--store d --count 4 put v");
    assert_ptr_equal(seen.command, &sample_put);
    assert_string_equal(seen.common.store, "d");
    assert_int_equal(args()->count, 4);
    accepted(&sample_clean, "--recipe log put v"); /* "log" is the recipe's name */
    assert_ptr_equal(seen.command, &sample_put);
    assert_string_equal(args()->recipe, "log");
    accepted(&sample_clean, "put put");
    assert_string_equal(seen.operands[0], "put");
    accepted(&sample_clean, "./put");
    assert_ptr_equal(seen.command, &sample_clean);
    accepted(&sample_clean, "puts"); /* not exactly a subcommand: a file */
    assert_ptr_equal(seen.command, &sample_clean);
    accepted(&sample_features, "put --help");
    assert_true(seen.common.help);
}

static void mistakes(void **state)
{
    (void)state;
    refused(&sample_clean, "--coumt 3", "unknown option --coumt, did you mean --count?");
    refused(&sample_clean, "--zebra", "unknown option --zebra");
    refused(&sample_clean, "-z", "unknown option -z");
    refused(&sample_clean, "--count", "option --count needs a value: N");
    refused(&sample_clean, "-r", "option --recipe needs a value: FILE");
    refused(&sample_clean, "--count 99", "option --count: found 99, expected at most 10");
    refused(&sample_clean, "--quiet=1", "option --quiet takes no value");
    refused(&sample_clean, "--on-fail rejct", "did you mean \"reject\"?");
    refused(&sample_clean, "a b", "one operand too many: \"b\" (expected [INPUT])");
    refused(&sample_clean, "put", "put: found 0 operands, expected VIEW [FILE]");
    refused(&sample_clean, "log x", "log: found \"x\", expected options only");
    refused(&sample_clean, "put v --explain", "put: unknown option --explain");
    refused(&sample_features, "", "a subcommand is needed");
    refused(&sample_features, "pur", "unknown subcommand \"pur\", did you mean \"put\"?");
    refused(&sample_features, "--memory 1M put v", "expected at least 32M");
    /* not there yet: refused by name */
    refused(&sample_clean, "--device cpu", "unknown option --device");
    /* only where pictures are decoded */
    refused(&sample_clean, "--sandbox off", "unknown option --sandbox");
}

/* Design section 4: these names and letters, these defaults. Changing one breaks people's crontabs.
 */
static void common_options_keep_their_shape(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        char letter;
        enum setting_kind kind;
        const char *fallback;
    } shape[] = {
        {"help", 'h', SETTING_FLAG, NULL},
        {"help-all", 0, SETTING_FLAG, NULL},
        {"man", 0, SETTING_FLAG, NULL},
        {"version", 0, SETTING_FLAG, NULL},
        {"completion", 0, SETTING_CHOICE, "none"},
        {"quiet", 'q', SETTING_FLAG, NULL},
        {"output", 'o', SETTING_TEXT, NULL},
        {"threads", 0, SETTING_INT, "0"},
        {"memory", 0, SETTING_SIZE, "1G"},
        {"store", 0, SETTING_TEXT, NULL},
        {"no-store", 0, SETTING_FLAG, NULL},
        {"seed", 0, SETTING_INT, "0"},
        {"as-of", 0, SETTING_TIME, NULL},
        {"wait", 0, SETTING_INT, "30"},
        {"json", 0, SETTING_FLAG, NULL},
        {"explain", 0, SETTING_FLAG, NULL},
        {"log-format", 0, SETTING_CHOICE, "text"},
        {"progress", 0, SETTING_CHOICE, "auto"},
        {"metrics-file", 0, SETTING_TEXT, NULL},
        {"emit", 0, SETTING_TEXT, NULL},
        {"sandbox", 0, SETTING_CHOICE, "auto"},
    };
    size_t count = sizeof shape / sizeof shape[0];
    for (size_t i = 0; i < count; i++) {
        const struct setting *row = &common_options[i];
        assert_non_null(row->name);
        assert_string_equal(row->name, shape[i].name);
        assert_int_equal(row->letter, shape[i].letter);
        assert_int_equal(row->kind, shape[i].kind);
        assert_int_equal(row->fallback == NULL, shape[i].fallback == NULL);
        if (row->fallback != NULL) assert_string_equal(row->fallback, shape[i].fallback);
        assert_true(strlen(row->help) > 5);
        assert_true(row->help[strlen(row->help) - 1] != '.');
    }
    assert_null(common_options[count].name);
}

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_land_in_structs),
        cmocka_unit_test(defaults_hold),
        cmocka_unit_test(subcommands),
        cmocka_unit_test(mistakes),
        cmocka_unit_test(common_options_keep_their_shape),
    };
    return cmocka_run_group_tests_name("base option", tests, open_arena, close_arena);
}
