/* tests/unit/clean/test_chain_origin.c: hops of columns, composed over steps. */
#include "tests/unit/clean/harness.h"

#include "clean/chain_origin.h"

/* "sum" from a and b, masked b, nothing said about c. */
static enum status tell_sum(const void *state, struct column_lineage *lineage, struct err *err)
{
    (void)state;
    TRY(column_from(lineage, "sum", "a", "DIRECT", "TRANSFORMATION", false, err));
    TRY(column_from(lineage, "sum", "b", "INDIRECT", "CONDITIONAL", false, err));
    return column_from(lineage, "b", "b", "DIRECT", "TRANSFORMATION", true, err);
}
static const struct clean_module sum = {.name = "sum", .column_lineage = tell_sum};
static const struct clean_module plain = {.name = "plain"};

static const struct origin *find(const struct origins *origins, const char *output,
                                 const char *input)
{
    for (size_t i = 0; i < origins->count; i++)
        if (strcmp(origins->items[i].output, output) == 0 &&
            strcmp(origins->items[i].input, input) == 0)
            return &origins->items[i];
    return NULL;
}

static void follow(struct origins *origins, const struct clean_module *module,
                   struct schema *before, struct schema *after, int64_t *cells)
{
    struct err err = {0};
    struct step step = {
        .module = module, .position = 1, .before = before, .after = after, .cells = cells};
    assert_int_equal(origins_follow(origins, &step, &err), STATUS_OK);
}

static void test_hops_are_composed(void **unused)
{
    (void)unused;
    struct err err = {0};
    struct origins origins = {0};
    int64_t cells[4] = {0, 0, 5, 0};
    OWNED(batch_release) struct batch before = trial_input("a:int64|b:int64|c:int64", "");
    OWNED(batch_release) struct batch after = trial_input("a:int64|b:int64|c:int64|sum:int64", "");
    assert_int_equal(origins_begin(&origins, before.schema, &err), STATUS_OK);
    follow(&origins, &plain, before.schema, before.schema, cells);
    follow(&origins, &sum, before.schema, after.schema, (int64_t[4]){0});
    follow(&origins, &plain, after.schema, after.schema, (int64_t[4]){0});
    assert_int_equal(origins.count, 5);
    assert_string_equal(find(&origins, "a", "a")->subtype, "IDENTITY");
    assert_string_equal(find(&origins, "c", "c")->subtype, "TRANSFORMATION");
    assert_true(find(&origins, "b", "b")->masked);
    assert_true(find(&origins, "sum", "a")->direct);
    assert_false(find(&origins, "sum", "b")->direct);
    assert_string_equal(find(&origins, "sum", "b")->subtype, "CONDITIONAL");
    assert_false(find(&origins, "sum", "b")->masked);
    assert_null(find(&origins, "sum", "c"));
    origins_release(&origins);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_hops_are_composed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
