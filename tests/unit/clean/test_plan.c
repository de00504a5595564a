/* tests/unit/clean/test_plan.c: which steps share a pass. */
#include "tests/unit/clean/harness.h"

#include "clean/plan.h"

static enum status open_nothing(void **ret_state, const struct module_setup *setup,
                                struct schema **ret_schema, struct err *err)
{
    (void)ret_schema;
    *ret_state = arena_get(setup->arena, 1, 8);
    return *ret_state == NULL ? fail_memory(err, 8) : STATUS_OK;
}
static enum status observe_nothing(const void *state, int pass, const struct window *window,
                                   void *tally, struct err *err)
{
    (void)state, (void)pass, (void)window, (void)tally, (void)err;
    return STATUS_OK;
}
static bool touches_first(const void *state, size_t column)
{
    (void)state;
    return column == 0;
}
static bool touches_second(const void *state, size_t column)
{
    (void)state;
    return column == 1;
}

static const struct clean_module row_wise = {.name = "row", .open = open_nothing};
static const struct clean_module fit = {
    .name = "fit", .open = open_nothing, .observe = observe_nothing};
static const struct clean_module fit_first = {
    .name = "first", .open = open_nothing, .observe = observe_nothing, .touches = touches_first};
static const struct clean_module fit_second = {
    .name = "second", .open = open_nothing, .observe = observe_nothing, .touches = touches_second};
static const struct clean_module fit_drop = {.name = "drop",
                                             .open = open_nothing,
                                             .observe = observe_nothing,
                                             .removes_rows = true,
                                             .touches = touches_first};

/* Learns about the first column and adds one behind the others. */
static enum status open_adding(void **ret_state, const struct module_setup *setup,
                               struct schema **ret_schema, struct err *err)
{
    TRY(open_nothing(ret_state, setup, NULL, err));
    TRY(schema_copy(ret_schema, setup->schema, err));
    return schema_add_column(*ret_schema, "c", TYPE_BOOL, err);
}
static bool touches_added(const void *state, size_t column)
{
    (void)state;
    return column == 2;
}
static const struct clean_module fit_adding = {
    .name = "adding", .open = open_adding, .observe = observe_nothing, .touches = touches_first};
static const struct clean_module fit_added = {
    .name = "added", .open = open_nothing, .observe = observe_nothing, .touches = touches_added};

static void explain(const struct clean_module *const *modules, size_t count, bool rereadable,
                    const char *expected)
{
    struct step steps[8] = {0};
    struct recipe_step recipe[8] = {0};
    struct step_options options = {0};
    struct err err = {0};
    OWNED(batch_release) struct batch batch = trial_input("a:int64|b:int64", "");
    OWNED(bytes_release) struct bytes text = bytes_limited(1 << 16);
    for (size_t i = 0; i < count; i++) {
        recipe[i].module = modules[i];
        steps[i] =
            (struct step){.recipe = &recipe[i], .module = modules[i], .position = (int)i + 1};
        const struct schema *schema = i == 0 ? batch.schema : steps[i - 1].after;
        assert_int_equal(step_open(&steps[i], schema, &options, &err), STATUS_OK);
    }
    assert_int_equal(plan_explain(steps, count, "stdin", rereadable, &text, &err), STATUS_OK);
    assert_int_equal(bytes_append(&text, "", 1, &err), STATUS_OK);
    assert_string_equal((const char *)text.data, expected);
    for (size_t i = 0; i < count; i++)
        step_close(&steps[i]);
}

#define EXPLAIN(rereadable, expected, ...)                                                         \
    explain((const struct clean_module *const[]){__VA_ARGS__},                                     \
            sizeof((const struct clean_module *const[]){__VA_ARGS__}) / sizeof(void *),            \
            (rereadable), (expected))

static void test_row_wise_steps_are_fused(void **unused)
{
    (void)unused;
    EXPLAIN(false,
            "pass 1: read stdin; apply 1 row, 2 row (fused); write the output\n"
            "passes: 1, spools: 0\n",
            &row_wise, &row_wise);
}

static void test_a_fit_is_a_barrier(void **unused)
{
    (void)unused;
    EXPLAIN(false,
            "pass 1: read stdin; apply 1 row; fit 2 fit; spool the rows\n"
            "pass 2: read spool 1; apply 2 fit, 3 row (fused); write the output\n"
            "passes: 2, spools: 1\n",
            &row_wise, &fit, &row_wise);
}

static void test_a_file_is_read_again_instead_of_spooled(void **unused)
{
    (void)unused;
    EXPLAIN(true,
            "pass 1: read stdin; fit 1 fit\n"
            "pass 2: read stdin; apply 1 fit; fit 2 fit; spool the rows\n"
            "pass 3: read spool 1; apply 2 fit; write the output\n"
            "passes: 3, spools: 1\n",
            &fit, &fit);
}

static void test_strangers_learn_together(void **unused)
{
    (void)unused;
    EXPLAIN(false,
            "pass 1: read stdin; fit 1 first, 2 second (together); spool the rows\n"
            "pass 2: read spool 1; apply 1 first, 2 second (fused); write the output\n"
            "passes: 2, spools: 1\n",
            &fit_first, &fit_second);
    EXPLAIN(false,
            "pass 1: read stdin; fit 1 drop; spool the rows\n"
            "pass 2: read spool 1; apply 1 drop; fit 2 second; spool the rows\n"
            "pass 3: read spool 2; apply 2 second; write the output\n"
            "passes: 3, spools: 2\n",
            &fit_drop, &fit_second);
}

static void test_added_columns_are_not_missed(void **unused)
{
    (void)unused;
    EXPLAIN(true,
            "pass 1: read stdin; fit 1 adding, 2 second (together)\n"
            "pass 2: read stdin; apply 1 adding, 2 second (fused); write the output\n"
            "passes: 2, spools: 0\n",
            &fit_adding, &fit_second);
    EXPLAIN(true,
            "pass 1: read stdin; fit 1 adding\n"
            "pass 2: read stdin; apply 1 adding; fit 2 added; spool the rows\n"
            "pass 3: read spool 1; apply 2 added; write the output\n"
            "passes: 3, spools: 1\n",
            &fit_adding, &fit_added);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_row_wise_steps_are_fused),
        cmocka_unit_test(test_a_fit_is_a_barrier),
        cmocka_unit_test(test_a_file_is_read_again_instead_of_spooled),
        cmocka_unit_test(test_strangers_learn_together),
        cmocka_unit_test(test_added_columns_are_not_missed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
