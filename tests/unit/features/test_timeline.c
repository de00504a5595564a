/* tests/unit/features/test_timeline.c: keys in order of their values, rows in order of keys. */
#include "columnar/build.h"
#include "features/merge_sort.h"
#include "features/timeline.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

struct row {
    struct str name;
    int64_t number, time;
};
#define TEXT(literal)                                                                              \
    {                                                                                              \
        literal, sizeof(literal) - 1                                                               \
    }

static struct batch make(const struct row *rows, size_t count)
{
    struct schema *schema = NULL;
    struct batch_builder *builder = NULL;
    struct batch batch = {0};
    assert_int_equal(schema_new(&schema, NULL), STATUS_OK);
    assert_int_equal(schema_add_column(schema, "name", TYPE_UTF8, NULL), STATUS_OK);
    assert_int_equal(schema_add_column(schema, "number", TYPE_INT64, NULL), STATUS_OK);
    assert_int_equal(schema_add_column(schema, "time", TYPE_TIMESTAMP, NULL), STATUS_OK);
    assert_int_equal(batch_builder_open(&builder, schema, (int64_t)count, NULL), STATUS_OK);
    for (size_t i = 0; i < count; i++) {
        struct builder *name = batch_builder_column(builder, 0);
        assert_int_equal(rows[i].name.data == NULL ? build_null(name, NULL)
                                                   : build_text(name, rows[i].name, NULL),
                         STATUS_OK);
        assert_int_equal(build_int(batch_builder_column(builder, 1), rows[i].number, NULL),
                         STATUS_OK);
        assert_int_equal(build_int(batch_builder_column(builder, 2), rows[i].time, NULL),
                         STATUS_OK);
    }
    assert_int_equal(batch_builder_finish(builder, &batch, NULL), STATUS_OK);
    batch_builder_close(&builder);
    schema_unref(&schema);
    return batch;
}

static void settles_to(const struct row *rows, size_t count, const struct text_list *entity,
                       const uint32_t *expected)
{
    struct timeline *timeline = NULL;
    struct timeline_columns columns = {entity, "time", NULL};
    struct batch batch = make(rows, count);
    assert_int_equal(timeline_open(&timeline, batch.schema, &columns, NULL), STATUS_OK);
    assert_int_equal(timeline_add(timeline, &batch, NULL), STATUS_OK);
    assert_int_equal(timeline_settle(timeline, TIMELINE_BY_KEY, 1, NULL), STATUS_OK);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(timeline_row(timeline, (int64_t)i), expected[i]);
    timeline_close(&timeline);
    batch_release(&batch);
}

static const struct row mixed[] = {
    {TEXT("b"), -1, 5}, {TEXT("a\0x"), 3, 1}, {TEXT("a"), 70000, 9}, {TEXT("a"), -7, 2},
    {TEXT("a"), 3, 2},  {TEXT("b"), -1, 4},   {TEXT(""), 0, 0},      {TEXT("a\0"), -9, 3},
};

static void compound_keys_order_column_by_column(void **context)
{
    static const char *both[] = {"name", "number"}, *turned[] = {"number", "name"};
    const uint32_t by_name[] = {6, 3, 4, 2, 7, 1, 5, 0};
    const uint32_t by_number[] = {7, 3, 5, 0, 6, 4, 1, 2};
    (void)context;
    settles_to(mixed, 8, &(struct text_list){both, 2}, by_name);
    settles_to(mixed, 8, &(struct text_list){turned, 2}, by_number);
}

static void single_keys_order_by_value(void **context)
{
    static const char *name[] = {"name"}, *number[] = {"number"};
    const uint32_t by_name[] = {6, 3, 4, 2, 7, 1, 5, 0};
    const uint32_t by_number[] = {7, 3, 5, 0, 6, 1, 4, 2};
    (void)context;
    settles_to(mixed, 8, &(struct text_list){name, 1}, by_name);
    settles_to(mixed, 8, &(struct text_list){number, 1}, by_number);
}

static void many_entities_are_found_again(void **context)
{
    enum { COUNT = 20000 };
    static struct row rows[COUNT];
    static char names[COUNT][16];
    static uint32_t added[COUNT], found[COUNT];
    struct entities *entities = NULL;
    struct key_layout layout;
    static const char *name[] = {"name"};
    (void)context;
    for (size_t i = 0; i < COUNT; i++) {
        snprintf(names[i], sizeof names[i], "user-%zu", i % 15000 * 7919 % 15000);
        rows[i] = (struct row){str_of(names[i]), 0, 0};
    }
    struct batch batch = make(rows, COUNT);
    assert_int_equal(key_layout_of(batch.schema, &(struct text_list){name, 1}, &layout, NULL),
                     STATUS_OK);
    assert_int_equal(entities_open(&entities, &layout, NULL), STATUS_OK);
    assert_int_equal(entities_add(entities, &batch, added, NULL), STATUS_OK);
    assert_int_equal(entities_find(entities, &layout, &batch, found, NULL), STATUS_OK);
    assert_int_equal(entities_count(entities), 15000);
    assert_memory_equal(added, found, sizeof added);
    for (size_t i = 15000; i < COUNT; i++)
        assert_int_equal(added[i], added[i - 15000]);
    entities_close(&entities);
    batch_release(&batch);
}

static void null_keys_are_refused(void **context)
{
    const struct row rows[] = {{TEXT("a"), 1, 1}, {{NULL, 0}, 1, 1}};
    static const char *name[] = {"name"};
    struct text_list entity = {name, 1};
    struct timeline_columns columns = {&entity, "time", NULL};
    struct timeline *timeline = NULL;
    struct err err = {0};
    struct batch batch = make(rows, 2);
    (void)context;
    assert_int_equal(timeline_open(&timeline, batch.schema, &columns, NULL), STATUS_OK);
    assert_int_equal(timeline_add(timeline, &batch, &err), STATUS_FAILED);
    assert_string_equal(err.message, "row 2: the entity key is null");
    timeline_close(&timeline);
    batch_release(&batch);
}

static int by_digit(const void *context, uint32_t a, uint32_t b)
{
    (void)context;
    return (int)(a / 1000) - (int)(b / 1000);
}

static void sorting_is_stable(void **context)
{
    enum { COUNT = 1000 };
    uint32_t items[COUNT], scratch[COUNT];
    (void)context;
    for (uint32_t i = 0; i < COUNT; i++)
        items[i] = i * 7 % 13 * 1000 + i % 1000;
    merge_sort(items, COUNT, scratch, by_digit, NULL);
    for (size_t i = 1; i < COUNT; i++)
        assert_true(items[i - 1] < items[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compound_keys_order_column_by_column),
        cmocka_unit_test(single_keys_order_by_value),
        cmocka_unit_test(many_entities_are_found_again),
        cmocka_unit_test(null_keys_are_refused),
        cmocka_unit_test(sorting_is_stable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
