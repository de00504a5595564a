/* tests/unit/features/test_point_in_time.c: the join's kernel against brute force.
 *
 * Thousands of random small cases (ties, late rows, TTL edges, duplicates, nulls, compound keys,
 * times in different units, rows in and out of order) are answered by features/point_in_time.c and
 * by a loop that tries every row. */
#include "columnar/build.h"
#include "features/asked.h"
#include "features/ticks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

__extension__ typedef __int128 wide;

#define CASES      20000
#define ROWS       60
#define NONE_TICKS INT64_MIN

/* ---- random numbers: splitmix64, so that a case can be told by its number ---- */

static uint64_t state;

static uint64_t next_random(void)
{
    uint64_t z = (state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static int64_t below(int64_t limit)
{
    return (int64_t)(next_random() % (uint64_t)limit);
}

/* ---- a case ---- */

struct row {
    int64_t user; /* -1 = null */
    int64_t item;
    int64_t time, created; /* ticks; NONE_TICKS = null */
};

struct unit {
    enum type_id type;
    enum time_unit unit;
    int64_t nanoseconds;
};

static const struct unit units[] = {
    {TYPE_DATE32, UNIT_SECOND, (int64_t)86400 * 1000000000},
    {TYPE_TIMESTAMP, UNIT_SECOND, 1000000000},
    {TYPE_TIMESTAMP, UNIT_MILLI, 1000000},
    {TYPE_TIMESTAMP, UNIT_MICRO, 1000},
    {TYPE_TIMESTAMP, UNIT_NANO, 1},
};

struct test_case {
    bool compound, timed, has_created;
    struct unit view_unit, created_unit, spine_unit;
    struct point_rule rule;
    struct row view[ROWS], spine[ROWS];
    int64_t view_rows, spine_rows;
};

/* A time near a boundary of the coarser unit, in ticks of `unit`. */
static int64_t near(const struct unit *unit, int64_t coarse, int64_t steps)
{
    int64_t tick = below(steps) * coarse / unit->nanoseconds;
    return unit->nanoseconds < coarse ? tick + below(3) - 1 : tick;
}

static void draw_rows(const struct test_case *test, struct row *rows, int64_t count,
                      const struct unit *unit, int64_t coarse, bool nulls)
{
    for (int64_t i = 0; i < count; i++) {
        rows[i].user = nulls && below(12) == 0 ? -1 : below(4);
        rows[i].item = test->compound ? below(2) : 0;
        rows[i].time = near(unit, coarse, 12);
        rows[i].created = near(&test->created_unit, coarse, 16);
        if (nulls && below(12) == 0) rows[i].time = NONE_TICKS;
    }
}

static void draw_case(struct test_case *test)
{
    test->compound = below(3) == 0;
    test->timed = below(8) != 0;
    test->has_created = below(2) == 0;
    size_t base = (size_t)below(4);
    test->view_unit = units[base + (size_t)below(2)];
    test->created_unit = units[base + (size_t)below(2)];
    test->spine_unit = units[base + (size_t)below(2)];
    int64_t coarse = units[base].nanoseconds;
    test->rule = (struct point_rule){NO_TTL, below(3) == 0, below(2) == 0};
    if (test->timed && below(2) == 0) test->rule.ttl = below(4) * coarse / 1000 + below(2);
    test->view_rows = below(ROWS);
    test->spine_rows = below(ROWS / 2);
    draw_rows(test, test->view, test->view_rows, &test->view_unit, coarse, false);
    draw_rows(test, test->spine, test->spine_rows, &test->spine_unit, coarse, true);
}

/* ---- brute force ---- */

static wide nanoseconds(int64_t ticks, const struct unit *unit)
{
    return (wide)ticks * unit->nanoseconds;
}

static bool may_answer(const struct test_case *test, const struct row *row, const struct row *spine)
{
    wide at = nanoseconds(spine->time, &test->spine_unit);
    if (row->user != spine->user || row->item != spine->item) return false;
    if (test->timed) {
        wide event = nanoseconds(row->time, &test->view_unit);
        if (test->rule.strict_before ? event >= at : event > at) return false;
        if (test->rule.ttl != NO_TTL && event < at - (wide)test->rule.ttl * 1000) return false;
    }
    return !test->has_created || !test->rule.as_known ||
           nanoseconds(row->created, &test->created_unit) <= at;
}

static bool is_newer(const struct test_case *test, const struct row *a, const struct row *b)
{
    if (test->timed && a->time != b->time) return a->time > b->time;
    if (test->has_created && a->created != b->created) return a->created > b->created;
    return true; /* written later */
}

static int64_t brute_force(const struct test_case *test, const struct row *spine)
{
    int64_t best = -1;
    if (spine->user < 0 || spine->time == NONE_TICKS) return -1;
    for (int64_t i = 0; i < test->view_rows; i++)
        if (may_answer(test, &test->view[i], spine) &&
            (best < 0 || is_newer(test, &test->view[i], &test->view[best])))
            best = i;
    return best;
}

/* ---- tables ---- */

static struct schema *make_schema(const struct test_case *test, const struct unit *unit)
{
    struct schema *schema = NULL;
    struct field time = field_of("at", unit->type), created = field_of("known", TYPE_TIMESTAMP);
    time.type.unit = unit->unit;
    created.type.id = test->created_unit.type;
    created.type.unit = test->created_unit.unit;
    struct field item = field_dictionary("item");
    assert_int_equal(schema_new(&schema, NULL), STATUS_OK);
    assert_int_equal(schema_add_column(schema, "user", TYPE_INT32, NULL), STATUS_OK);
    assert_int_equal(schema_add(schema, &item, NULL), STATUS_OK);
    assert_int_equal(schema_add(schema, &time, NULL), STATUS_OK);
    assert_int_equal(schema_add(schema, &created, NULL), STATUS_OK);
    return schema;
}

static void add_int(struct batch_builder *builder, size_t column, int64_t value, bool null)
{
    struct builder *at = batch_builder_column(builder, column);
    assert_int_equal(null ? build_null(at, NULL) : build_int(at, value, NULL), STATUS_OK);
}

static struct batch make_batch(const struct schema *schema, const struct row *rows, int64_t count)
{
    struct batch_builder *builder = NULL;
    struct batch batch = {0};
    assert_int_equal(batch_builder_open(&builder, schema, count, NULL), STATUS_OK);
    for (int64_t i = 0; i < count; i++) {
        add_int(builder, 0, rows[i].user, rows[i].user < 0);
        assert_int_equal(build_text(batch_builder_column(builder, 1),
                                    str_of(rows[i].item == 0 ? "a" : "ab"), NULL),
                         STATUS_OK);
        add_int(builder, 2, rows[i].time, rows[i].time == NONE_TICKS);
        add_int(builder, 3, rows[i].created, false);
    }
    assert_int_equal(batch_builder_finish(builder, &batch, NULL), STATUS_OK);
    batch_builder_close(&builder);
    return batch;
}

static void add_in_pieces(struct timeline *timeline, const struct test_case *test,
                          const struct schema *schema, struct err *err)
{
    for (int64_t first = 0; first < test->view_rows;) {
        int64_t count = 1 + below(test->view_rows - first);
        struct batch batch = make_batch(schema, test->view + first, count);
        assert_int_equal(timeline_add(timeline, &batch, err), STATUS_OK);
        batch_release(&batch);
        first += count;
    }
}

/* ---- the comparison ---- */

static struct timeline_columns columns_of(const struct test_case *test, struct text_list *entity)
{
    static const char *names[] = {"user", "item"};
    *entity = (struct text_list){names, test->compound ? 2 : 1};
    return (struct timeline_columns){entity, test->timed ? "at" : NULL,
                                     test->has_created ? "known" : NULL};
}

static void answer(const struct test_case *test, int64_t *ret_rows)
{
    struct err err = {0};
    struct schema *view_schema = make_schema(test, &test->view_unit);
    struct schema *spine_schema = make_schema(test, &test->spine_unit);
    struct timeline *timeline = NULL;
    struct point_in_time *point = NULL;
    struct text_list entity;
    struct timeline_columns columns = columns_of(test, &entity);
    struct key_layout layout;
    assert_int_equal(timeline_open(&timeline, view_schema, &columns, &err), STATUS_OK);
    add_in_pieces(timeline, test, view_schema, &err);
    assert_int_equal(timeline_settle(timeline, TIMELINE_BY_ENTITY_NUMBER, 1, &err), STATUS_OK);
    assert_int_equal(point_in_time_open(&point, timeline, &test->rule, &err), STATUS_OK);
    assert_int_equal(key_layout_of(spine_schema, &entity, &layout, &err), STATUS_OK);
    struct batch spine = make_batch(spine_schema, test->spine, test->spine_rows);
    struct asked asked = {0};
    assert_int_equal(asked_make(&asked, timeline->entities, &layout, 2, &spine, &err), STATUS_OK);
    asked_rows(&asked, point, ret_rows);
    asked_release(&asked);
    batch_release(&spine);
    point_in_time_close(&point);
    timeline_close(&timeline);
    schema_unref(&view_schema);
    schema_unref(&spine_schema);
}

static void join_equals_brute_force(void **context)
{
    (void)context;
    int64_t found = 0;
    for (uint64_t number = 0; number < CASES; number++) {
        struct test_case test = {0};
        int64_t rows[ROWS];
        state = number;
        draw_case(&test);
        answer(&test, rows);
        for (int64_t i = 0; i < test.spine_rows; i++) {
            int64_t expected = brute_force(&test, &test.spine[i]);
            found += expected >= 0;
            if (rows[i] != expected)
                fail_msg("case %llu, spine row %lld: row %lld, expected %lld",
                         (unsigned long long)number, (long long)i, (long long)rows[i],
                         (long long)expected);
        }
    }
    assert_true(found > CASES); /* the cases are not empty ones */
}

/* ---- a history longer than one block of minima ---- */

static void late_rows_are_stepped_over(void **context)
{
    (void)context;
    enum { COUNT = 5000 };
    static struct row rows[COUNT];
    struct test_case test = {.timed = true,
                             .has_created = true,
                             .view_unit = units[3],
                             .created_unit = units[3],
                             .spine_unit = units[3],
                             .rule = {NO_TTL, false, true}};
    struct schema *schema = make_schema(&test, &units[3]);
    struct timeline *timeline = NULL;
    struct point_in_time *point = NULL;
    struct text_list entity;
    struct timeline_columns columns = columns_of(&test, &entity);
    for (int64_t i = 0; i < COUNT; i++) /* all late but every 700th */
        rows[i] = (struct row){1, 0, i, i % 700 == 0 ? i : 1000000 + i};
    struct batch batch = make_batch(schema, rows, COUNT);
    assert_int_equal(timeline_open(&timeline, schema, &columns, NULL), STATUS_OK);
    assert_int_equal(timeline_add(timeline, &batch, NULL), STATUS_OK);
    assert_int_equal(timeline_settle(timeline, TIMELINE_BY_ENTITY_NUMBER, 2, NULL), STATUS_OK);
    assert_int_equal(point_in_time_open(&point, timeline, &test.rule, NULL), STATUS_OK);
    for (int64_t time = 0; time < COUNT; time++)
        assert_int_equal(point_in_time_at(point, 0, time, 1000), time / 700 * 700);
    assert_int_equal(point_in_time_at(point, 0, 1000000 + COUNT, 1000), COUNT - 1);
    batch_release(&batch);
    point_in_time_close(&point);
    timeline_close(&timeline);
    schema_unref(&schema);
}

/* ---- bounds between units ---- */

static void bounds_do_not_round_or_overflow(void **context)
{
    (void)context;
    const int64_t second = 1000000000, milli = 1000000;
    assert_int_equal(tick_at_or_before(1999, milli, second, false), 1);
    assert_int_equal(tick_at_or_before(2000, milli, second, true), 1);
    assert_int_equal(tick_at_or_before(2001, milli, second, true), 2);
    assert_int_equal(tick_at_or_before(-1, milli, second, false), -1);
    assert_int_equal(tick_at_or_before(2, second, milli, true), 1999);
    assert_int_equal(tick_at_or_after(2000, milli, 1, second), 2);
    assert_int_equal(tick_at_or_after(2000, milli, 1000, milli), 1999);
    assert_int_equal(tick_at_or_after(-1, milli, 0, second), 0);
    assert_true(tick_at_or_before(INT64_MAX, second, 1, false) == INT64_MAX);
    assert_true(tick_at_or_before(INT64_MIN, second, 1, false) == INT64_MIN);
    assert_true(tick_at_or_after(INT64_MIN, 1, INT64_MAX, 1) == INT64_MIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(join_equals_brute_force),
        cmocka_unit_test(late_rows_are_stepped_over),
        cmocka_unit_test(bounds_do_not_round_or_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
