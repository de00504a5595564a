/* tests/unit/features/test_sorter.c: sorting and cutting, in memory and through the disk. */
#include "base/memory.h"
#include "columnar/build.h"
#include "columnar/content.h"
#include "features/cutter.h"
#include "features/sorter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static const char *entity_names[] = {"name", "group"};
static const struct text_list entity = {entity_names, 2};
static const struct timeline_columns columns = {&entity, "time", NULL};

static struct schema *make_schema(void)
{
    struct schema *schema = NULL;
    struct field group = field_dictionary("group");
    assert_int_equal(schema_new(&schema, NULL), STATUS_OK);
    assert_int_equal(schema_add_column(schema, "name", TYPE_UTF8, NULL), STATUS_OK);
    assert_int_equal(schema_add(schema, &group, NULL), STATUS_OK);
    assert_int_equal(schema_add_column(schema, "time", TYPE_TIMESTAMP, NULL), STATUS_OK);
    assert_int_equal(schema_add_column(schema, "ordinal", TYPE_INT64, NULL), STATUS_OK);
    return schema;
}

static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    return (x ^ (x >> 27)) * 0x94d049bb133111ebu;
}

/* Row `ordinal`; the same for every cut of the input. */
static void add_row(struct batch_builder *builder, int64_t ordinal)
{
    uint64_t random = mix((uint64_t)ordinal + 1);
    char name[32], group[32];
    snprintf(name, sizeof name, "n%llu", (unsigned long long)(random >> 20) % 300);
    snprintf(group, sizeof group, "g%llu", (unsigned long long)(random >> 40) % 3);
    assert_int_equal(build_text(batch_builder_column(builder, 0), str_of(name), NULL), STATUS_OK);
    assert_int_equal(build_text(batch_builder_column(builder, 1), str_of(group), NULL), STATUS_OK);
    assert_int_equal(
        build_int(batch_builder_column(builder, 2), (int64_t)(random >> 10) % 50, NULL), STATUS_OK);
    assert_int_equal(build_int(batch_builder_column(builder, 3), ordinal, NULL), STATUS_OK);
}

static struct sorter *fill(const struct schema *schema, int64_t first, int64_t rows,
                           int64_t at_once, size_t memory)
{
    struct sorter *sorter = NULL;
    struct batch_builder *builder = NULL;
    assert_int_equal(sorter_open(&sorter, schema, &columns, memory, 2, NULL), STATUS_OK);
    assert_int_equal(batch_builder_open(&builder, schema, at_once, NULL), STATUS_OK);
    for (int64_t row = 0; row < rows; row++) {
        add_row(builder, first + row);
        if (batch_builder_rows(builder) < at_once && row + 1 < rows) continue;
        struct batch batch = {0};
        assert_int_equal(batch_builder_finish(builder, &batch, NULL), STATUS_OK);
        assert_int_equal(sorter_add(sorter, &batch, NULL), STATUS_OK);
        batch_release(&batch);
    }
    batch_builder_close(&builder);
    return sorter;
}

/* ---- order ---- */

struct last {
    char name[32], group[32];
    int64_t time, ordinal;
};

static int compare(const struct last *a, const struct last *b)
{
    int order = strcmp(a->name, b->name);
    if (order == 0) order = strcmp(a->group, b->group);
    if (order == 0) order = a->time < b->time ? -1 : a->time > b->time;
    return order != 0 ? order : a->ordinal < b->ordinal ? -1 : 1;
}

static void read_row(const struct batch *batch, int64_t row, struct last *ret)
{
    const struct field *fields = batch->schema->fields;
    array_value_text(&fields[0], batch->columns[0], row, ret->name, sizeof ret->name);
    array_value_text(&fields[1], batch->columns[1], row, ret->group, sizeof ret->group);
    ret->time = ((const int64_t *)array_values(batch->columns[2]))[row];
    ret->ordinal = ((const int64_t *)array_values(batch->columns[3]))[row];
}

enum { ROWS = 20000 };

static void read_all(struct sorter *sorter)
{
    struct last last = {.ordinal = -1}, row;
    int64_t rows = 0, sum = 0;
    for (;;) {
        struct batch batch = {0};
        bool end = false;
        assert_int_equal(sorter_next(sorter, &batch, &end, NULL), STATUS_OK);
        if (end) break;
        for (int64_t i = 0; i < batch.rows; i++) {
            read_row(&batch, i, &row);
            assert_true(compare(&last, &row) < 0);
            sum += row.ordinal;
            last = row;
        }
        rows += batch.rows;
        batch_release(&batch);
    }
    assert_int_equal(rows, ROWS);
    assert_int_equal(sum, (int64_t)ROWS * (ROWS - 1) / 2);
}

/* To the end, from the beginning again, and once more after a part of it. */
static void sorts(size_t memory, int64_t at_once, bool on_disk)
{
    struct schema *schema = make_schema();
    struct sorter *sorter = fill(schema, 0, ROWS, at_once, memory);
    struct batch batch = {0};
    bool end = false;
    read_all(sorter);
    assert_int_equal(sorter_rewind(sorter, NULL), STATUS_OK);
    assert_int_equal(sorter_next(sorter, &batch, &end, NULL), STATUS_OK);
    batch_release(&batch);
    assert_int_equal(sorter_rewind(sorter, NULL), STATUS_OK);
    read_all(sorter);
    assert_int_equal(sorter_spills(sorter) > 1, on_disk);
    sorter_close(&sorter);
    schema_unref(&schema);
}

static void sorts_in_memory(void **context)
{
    (void)context;
    sorts((size_t)1 << 30, 1000, false);
    sorts((size_t)1 << 30, 1, false);
}

static void sorts_on_disk(void **context)
{
    (void)context;
    sorts((size_t)1 << 20, 999, true);
    sorts((size_t)8 << 20, 100, false);
}

/* ---- cuts ---- */

#define CHUNKS 64

static size_t cut(int64_t first, int64_t rows, int64_t at_once, size_t memory, struct digest *ret)
{
    struct schema *schema = make_schema();
    struct sorter *sorter = fill(schema, first, rows, at_once, memory);
    struct cutter *cutter = NULL;
    size_t chunks = 0;
    assert_int_equal(cutter_open(&cutter, sorter, schema, &columns, NULL), STATUS_OK);
    for (;; chunks++) {
        struct batch batch = {0};
        bool end = false;
        assert_int_equal(cutter_next(cutter, &batch, &end, NULL), STATUS_OK);
        if (end) break;
        assert_true(chunks < CHUNKS && batch.rows <= BATCH_ROWS_MAXIMUM);
        assert_int_equal(content_digest(&batch, &ret[chunks], NULL), STATUS_OK);
        batch_release(&batch);
    }
    cutter_close(&cutter);
    sorter_close(&sorter);
    schema_unref(&schema);
    return chunks;
}

static void cuts_do_not_depend_on_memory(void **context)
{
    struct digest large[CHUNKS], small[CHUNKS];
    (void)context;
    size_t chunks = cut(0, 300000, 20000, (size_t)1 << 30, large);
    assert_true(chunks > 4);
    assert_int_equal(cut(0, 300000, 777, (size_t)16 << 20, small), chunks);
    assert_memory_equal(large, small, chunks * sizeof *large);
}

static void a_row_more_leaves_most_chunks_as_they_were(void **context)
{
    struct digest before[CHUNKS], after[CHUNKS];
    size_t same = 0;
    (void)context;
    size_t chunks = cut(1, 300000, 20000, (size_t)1 << 30, before);
    size_t now = cut(0, 300001, 20000, (size_t)1 << 30, after);
    for (size_t i = 0; i < chunks; i++)
        for (size_t j = 0; j < now; j++)
            same += memcmp(&before[i], &after[j], sizeof before[i]) == 0;
    assert_true(same + 3 >= chunks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sorts_in_memory),
        cmocka_unit_test(sorts_on_disk),
        cmocka_unit_test(cuts_do_not_depend_on_memory),
        cmocka_unit_test(a_row_more_leaves_most_chunks_as_they_were),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
