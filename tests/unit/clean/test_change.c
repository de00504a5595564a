/* tests/unit/clean/test_change.c: what one step does to one window, through a module made for it.
 */
#include "tests/unit/clean/harness.h"

/* Doubles column 0, adds a column "big", rejects -1, drops -2, merges -3, finds 0. */
struct state {
    const struct schema *before;
};

static enum status open_sample(void **ret_state, const struct module_setup *setup,
                               struct schema **ret_schema, struct err *err)
{
    struct state *state = arena_get(setup->arena, 1, sizeof *state);
    if (state == NULL) return fail_memory(err, sizeof *state);
    state->before = setup->schema;
    *ret_state = state;
    TRY(schema_copy(ret_schema, setup->schema, err));
    return schema_add_column(*ret_schema, "big", TYPE_BOOL, err);
}

static enum status remove_row(struct change *change, int64_t row, int64_t value, struct err *err)
{
    switch (value) {
    case -1: return change_reject(change, row, "negative", "n", str_of("-1"), ">= 0", err);
    case -2: return change_drop(change, row, "two", "n", str_of("-2"), NULL, err);
    case -3: return change_merge(change, row, str_of("s"), 7, "three", str_of(""), NULL, err);
    case 0: return change_finding(change, "zero", "n", 1, err);
    default: return STATUS_OK;
    }
}

static enum status apply_sample(const void *state, const struct window *window,
                                struct change *change, struct err *err)
{
    (void)state;
    OWNED(builder_close) struct builder *doubled = NULL;
    OWNED(builder_close) struct builder *big = NULL;
    OWNED(array_unref) struct array *column = NULL;
    struct field flag = field_of("big", TYPE_BOOL);
    const struct batch *batch = window->batch;
    TRY(builder_open(&doubled, &batch->schema->fields[0], batch->rows, err));
    TRY(builder_open(&big, &flag, batch->rows, err));
    for (int64_t row = 0; row < batch->rows; row++) {
        int64_t value = ((const int64_t *)array_values(batch->columns[0]))[row];
        TRY(remove_row(change, row, value, err));
        TRY(build_int(doubled, value * 2, err));
        TRY(build_bool(big, value > 5, err));
    }
    TRY(builder_finish(doubled, &column, err));
    change_column(change, 0, &column);
    change_cells(change, 0, batch->rows);
    TRY(builder_finish(big, &column, err));
    change_column(change, batch->schema->count, &column);
    return STATUS_OK;
}

static const struct setting no_settings[] = {{0}};
static const struct clean_module sample = {
    .name = "sample",
    .settings = no_settings,
    .open = open_sample,
    .apply = apply_sample,
};

static void test_columns_and_rows(void **unused)
{
    (void)unused;
    struct trial trial = {.words = "sample", .window_rows = 3, .threads = 2};
    OWNED(batch_release)
    struct batch input = trial_input("n:int64", "1\n-1\n0\n6\n-2\n-3\n0\n");
    trial_run(&trial, &sample, &input);
    assert_string_equal(trial_text(&trial), "n|big\n2|false\n0|false\n12|true\n0|false\n");
    assert_int_equal(trial.cells, 7);
    trial_close(&trial);
}

static void test_reasons(void **unused)
{
    (void)unused;
    struct trial trial = {.words = "sample", .window_rows = 3};
    OWNED(batch_release)
    struct batch input = trial_input("n:int64", "1\n-1\n0\n6\n-2\n-3\n0\n");
    trial_run(&trial, &sample, &input);
    assert_int_equal(trial.removal_count, 3);
    assert_int_equal(trial.removals[0].kind, EVENT_REJECT);
    assert_int_equal(trial.removals[0].row, 1);
    assert_string_equal(trial.removals[0].threshold, ">= 0");
    assert_int_equal(trial.removals[1].kind, EVENT_DROP);
    assert_int_equal(trial.removals[1].row, 4);
    assert_int_equal(trial.removals[2].kind, EVENT_MERGE);
    assert_int_equal(trial.removals[2].into_record, 7);
    assert_memory_equal(trial.removals[2].into_source.data, "s", 1);
    assert_int_equal(trial.finding_count, 1);
    assert_int_equal(trial.findings[0].rows, 2);
    trial_close(&trial);
}

static enum status apply_nothing(const void *state, const struct window *window,
                                 struct change *change, struct err *err)
{
    (void)state, (void)window, (void)change, (void)err;
    return STATUS_OK;
}

static void test_a_column_that_was_announced_must_be_made(void **unused)
{
    (void)unused;
    struct clean_module forgetful = sample;
    forgetful.apply = apply_nothing;
    struct trial trial = {.words = "sample"};
    OWNED(batch_release) struct batch input = trial_input("n:int64", "1\n");
    assert_int_equal(trial_try(&trial, &forgetful, &input), STATUS_FAILED);
    assert_non_null(strstr(trial.err.message, "\"big\""));
    trial_close(&trial);
}

static void test_the_first_reason_wins_and_values_are_cut_at_a_character(void **unused)
{
    (void)unused;
    char value[300];
    memset(value, 'a', sizeof value);
    memcpy(value + 255, "\xc3\xa9", 2); /* would be cut in two */
    OWNED(batch_release) struct batch input = trial_input("n:int64", "1\n2\n");
    struct window window = {.batch = &input, .source_column = -1, .record_column = -1};
    struct change change = {0};
    struct err err = {0};
    assert_int_equal(change_open(&change, &window, input.schema, &err), STATUS_OK);
    struct str text = {value, sizeof value};
    assert_int_equal(change_reject(&change, 1, "a", NULL, text, NULL, &err), STATUS_OK);
    assert_int_equal(change_drop(&change, 1, "b", NULL, text, NULL, &err), STATUS_OK);
    assert_int_equal(change.removal_count, 1);
    assert_string_equal(change.removals[0].rule, "a");
    assert_int_equal(change.removals[0].value.size, 255);
    change_release(&change);
}

static void test_names_may_repeat(void **unused)
{
    (void)unused;
    struct trial trial = {.words = "sample"};
    OWNED(batch_release) struct batch input = trial_input("n:int64|a:utf8|a:int64", "1|x|5\n");
    trial_run(&trial, &sample, &input);
    assert_string_equal(trial_text(&trial), "n|a|a|big\n2|x|5|false\n");
    trial_close(&trial);
}

static bool names_rows(const char *columns)
{
    OWNED(batch_release) struct batch input = trial_input(columns, "");
    int64_t source = 7, record = 7;
    bool names = schema_provenance(input.schema, &source, &record);
    if (!names) assert_true(source == -1 && record == -1);
    return names;
}

static void test_columns_of_other_types_name_no_row(void **unused)
{
    (void)unused;
    assert_true(names_rows("n:int8|_record:int64|_source:utf8"));
    assert_true(names_rows("_source:dictionary<int32, utf8>|_record:int64"));
    assert_false(names_rows("_source:utf8|_record:float64"));
    assert_false(names_rows("_source:utf8|_record:utf8"));
    assert_false(names_rows("_source:utf8|_record:null"));
    assert_false(names_rows("_source:int64|_record:int64"));
    assert_false(names_rows("_record:int64|n:int8"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_columns_and_rows),
        cmocka_unit_test(test_reasons),
        cmocka_unit_test(test_a_column_that_was_announced_must_be_made),
        cmocka_unit_test(test_the_first_reason_wins_and_values_are_cut_at_a_character),
        cmocka_unit_test(test_names_may_repeat),
        cmocka_unit_test(test_columns_of_other_types_name_no_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
