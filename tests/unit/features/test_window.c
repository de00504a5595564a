/* tests/unit/features/test_window.c: windows and change logs against brute force.
 *
 * Thousands of random small logs (ties, late rows, corrections that move in time, deletions, nulls,
 * NaN, window bounds hit exactly, times in different units) are answered by features/window.c over
 * features/change_log.c, and by loops that try every pair of rows. */
#include "columnar/build.h"
#include "features/change_log.h"
#include "features/ticks.h"
#include "features/window_words.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

__extension__ typedef __int128 wide;

#define CASES 20000
#define ROWS  24
#define ASKED 8

/* ---- random numbers: splitmix64, so that a case can be told by its number ---- */

static uint64_t state;

static int64_t below(int64_t limit)
{
    uint64_t z = (state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (int64_t)((z ^ (z >> 31)) % (uint64_t)limit);
}

/* ---- a case ---- */

struct row {
    int64_t user, key;
    int64_t time, created; /* ticks */
    bool gone, null;
    int64_t whole;
    double real;
    const char *word;
};

struct test_case {
    bool has_created, has_key, has_log;
    enum time_unit view_unit, created_unit, spine_unit;
    struct point_rule rule;
    struct row rows[ROWS];
    int64_t count;
    int64_t window;
};

static const int64_t nanoseconds[] = {1000000000, 1000000, 1000, 1};

/* A time around a few whole seconds, in ticks of `unit`. */
static int64_t draw_time(enum time_unit unit)
{
    int64_t tick = below(8) * (1000000000 / nanoseconds[unit]);
    return unit == UNIT_SECOND ? tick : tick + below(3) - 1;
}

static void draw_row(const struct test_case *test, struct row *row)
{
    static const double reals[] = {0.0, -0.0, 1.5, -2.25, 1e15, 0.1, (double)NAN};
    static const char *const words[] = {"a", "b", "", "ab"};
    *row = (struct row){.user = below(2),
                        .key = below(4),
                        .time = draw_time(test->view_unit),
                        .created = draw_time(test->created_unit),
                        .gone = below(5) == 0,
                        .null = below(5) == 0,
                        .whole = below(7) - 3,
                        .real = reals[below(7)],
                        .word = words[below(4)]};
}

static void draw_case(struct test_case *test)
{
    test->has_created = below(2) == 0;
    test->has_log = below(3) != 0;
    test->has_key = below(2) == 0;
    test->view_unit = (enum time_unit)below(4);
    test->created_unit = (enum time_unit)below(4);
    test->spine_unit = (enum time_unit)below(4);
    test->rule = (struct point_rule){NO_TTL, below(3) == 0, below(3) != 0};
    test->window = below(4) == 0 ? NO_TTL : below(5) * 1000000 + below(2);
    if (below(2) == 0) test->rule.ttl = below(4) * 1000000;
    test->count = below(ROWS);
    for (int64_t i = 0; i < test->count; i++)
        draw_row(test, &test->rows[i]);
}

/* ---- brute force ---- */

static wide event_of(const struct test_case *test, const struct row *row)
{
    return (wide)row->time * nanoseconds[test->view_unit];
}

static wide known_of(const struct test_case *test, const struct row *row)
{
    return test->has_created ? (wide)row->created * nanoseconds[test->created_unit]
                             : event_of(test, row);
}

static bool before(const struct test_case *test, wide event, wide at)
{
    return test->rule.strict_before ? event < at : event <= at;
}

static bool is_visible(const struct test_case *test, const struct row *row, wide at)
{
    if (!test->has_created) return before(test, event_of(test, row), at);
    return !test->rule.as_known || known_of(test, row) <= at;
}

/* Whether `a` is a state of the same thing that came after `b`. */
static bool replaces(const struct test_case *test, const struct row *a, const struct row *b)
{
    bool same = test->has_key ? a->key == b->key : a->time == b->time;
    wide known_a = known_of(test, a), known_b = known_of(test, b);
    if (!test->has_log || a->user != b->user || !same) return false;
    if (known_a != known_b) return known_a > known_b;
    if (a->time != b->time) return a->time > b->time;
    return a > b;
}

static bool counts(const struct test_case *test, const struct row *row, int64_t user, wide at,
                   int64_t window)
{
    wide event = event_of(test, row);
    if (row->user != user || !before(test, event, at) || !is_visible(test, row, at)) return false;
    if (window != NO_TTL && event < at - (wide)window * 1000) return false;
    if (test->has_log && row->gone) return false;
    for (int64_t i = 0; i < test->count; i++)
        if (is_visible(test, &test->rows[i], at) && replaces(test, &test->rows[i], row))
            return false;
    return true;
}

static bool is_newer(const struct test_case *test, const struct row *a, const struct row *b)
{
    if (b == NULL) return true;
    if (a->time != b->time) return a->time > b->time;
    if (test->has_created && a->created != b->created) return a->created > b->created;
    return a > b;
}

static const struct row *newest(const struct test_case *test, int64_t user, wide at, int64_t window,
                                bool skip_nulls)
{
    const struct row *best = NULL;
    for (int64_t i = 0; i < test->count; i++) {
        const struct row *row = &test->rows[i];
        if (skip_nulls && row->null) continue;
        if (counts(test, row, user, at, window) && is_newer(test, row, best)) best = row;
    }
    return best;
}

/* ---- the tables and what is made of them ---- */

struct made {
    struct timeline *timeline;
    struct point_in_time *point;
    struct batch batch;
};

static struct schema *make_schema(const struct test_case *test)
{
    struct schema *schema = NULL;
    struct field at = field_of("at", TYPE_TIMESTAMP), known = field_of("known", TYPE_TIMESTAMP);
    at.type.unit = test->view_unit;
    known.type.unit = test->created_unit;
    assert_int_equal(schema_new(&schema, NULL), STATUS_OK);
    assert_int_equal(schema_add_column(schema, "user", TYPE_INT64, NULL), STATUS_OK);
    assert_int_equal(schema_add(schema, &at, NULL), STATUS_OK);
    assert_int_equal(schema_add(schema, &known, NULL), STATUS_OK);
    assert_int_equal(schema_add_column(schema, "key", TYPE_INT16, NULL), STATUS_OK);
    assert_int_equal(schema_add_column(schema, "gone", TYPE_BOOL, NULL), STATUS_OK);
    assert_int_equal(schema_add_column(schema, "whole", TYPE_INT32, NULL), STATUS_OK);
    assert_int_equal(schema_add_column(schema, "real", TYPE_FLOAT64, NULL), STATUS_OK);
    assert_int_equal(schema_add_column(schema, "word", TYPE_UTF8, NULL), STATUS_OK);
    return schema;
}

static void build_row(struct batch_builder *builder, const struct row *row)
{
    struct builder *columns[8];
    for (size_t i = 0; i < 8; i++)
        columns[i] = batch_builder_column(builder, i);
    assert_int_equal(build_int(columns[0], row->user, NULL), STATUS_OK);
    assert_int_equal(build_int(columns[1], row->time, NULL), STATUS_OK);
    assert_int_equal(build_int(columns[2], row->created, NULL), STATUS_OK);
    assert_int_equal(build_int(columns[3], row->key, NULL), STATUS_OK);
    assert_int_equal(build_bool(columns[4], row->gone, NULL), STATUS_OK);
    for (size_t i = 5; i < 8 && row->null; i++)
        assert_int_equal(build_null(columns[i], NULL), STATUS_OK);
    if (row->null) return;
    assert_int_equal(build_int(columns[5], row->whole, NULL), STATUS_OK);
    assert_int_equal(build_real(columns[6], row->real, NULL), STATUS_OK);
    assert_int_equal(build_text(columns[7], str_of(row->word), NULL), STATUS_OK);
}

static struct batch make_batch(const struct test_case *test)
{
    struct schema *schema = make_schema(test);
    struct batch_builder *builder = NULL;
    struct batch batch = {0};
    assert_int_equal(batch_builder_open(&builder, schema, ROWS, NULL), STATUS_OK);
    for (int64_t i = 0; i < test->count; i++)
        build_row(builder, &test->rows[i]);
    assert_int_equal(batch_builder_finish(builder, &batch, NULL), STATUS_OK);
    batch_builder_close(&builder);
    schema_unref(&schema);
    return batch;
}

static const char *user_name[] = {"user"}, *key_name[] = {"key"};

static void make(const struct test_case *test, struct made *ret)
{
    struct text_list entity = {user_name, 1};
    struct timeline_columns columns = {&entity, "at", test->has_created ? "known" : NULL};
    struct view view = {.log = {.given = true, .deleted = "gone"}};
    struct change_log *log = NULL;
    if (test->has_key) view.log.key = (struct text_list){key_name, 1};
    ret->batch = make_batch(test);
    assert_int_equal(timeline_open(&ret->timeline, ret->batch.schema, &columns, NULL), STATUS_OK);
    assert_int_equal(timeline_add(ret->timeline, &ret->batch, NULL), STATUS_OK);
    assert_int_equal(timeline_settle(ret->timeline, TIMELINE_BY_ENTITY_NUMBER, 1, NULL), STATUS_OK);
    if (test->has_log) {
        assert_int_equal(change_log_open(&log, &view, ret->batch.schema, NULL), STATUS_OK);
        assert_int_equal(change_log_add(log, &ret->batch, NULL), STATUS_OK);
        assert_int_equal(change_log_settle(log, ret->timeline, NULL), STATUS_OK);
        change_log_close(&log);
    }
    assert_int_equal(point_in_time_open(&ret->point, ret->timeline, &test->rule, NULL), STATUS_OK);
}

static void unmake(struct made *made)
{
    point_in_time_close(&made->point);
    timeline_close(&made->timeline);
    batch_release(&made->batch);
}

/* The number the timeline gives to a user, ENTITY_NONE = none. */
static uint32_t id_of(const struct made *made, const struct test_case *test, int64_t user)
{
    for (uint32_t at = 0; at < made->timeline->rows; at++) {
        if (test->rows[timeline_row(made->timeline, at)].user != user) continue;
        uint32_t id = 0;
        while (made->timeline->starts[id + 1] <= at)
            id++;
        return id;
    }
    return ENTITY_NONE;
}

/* ---- the comparison ---- */

struct question {
    const struct test_case *test;
    const struct made *made;
    int64_t user, tick;
    uint32_t id;
};

static wide at_of(const struct question *question)
{
    return (wide)question->tick * nanoseconds[question->test->spine_unit];
}

static bool in_window(const struct question *question, int64_t i)
{
    const struct row *row = &question->test->rows[i];
    return counts(question->test, row, question->user, at_of(question), question->test->window);
}

static struct window_value ask(const struct question *question, const char *column,
                               enum window_function function)
{
    struct window_words words = {0};
    struct window_scratch scratch = {0};
    struct window_value value;
    struct window window = {.function = function, .length = question->test->window};
    const struct batch *batch = &question->made->batch;
    if (column != NULL) {
        size_t at = (size_t)schema_find(batch->schema, str_of(column));
        assert_int_equal(window_words_make(&words, &batch->schema->fields[at], batch->columns[at],
                                           function, question->made->timeline, NULL),
                         STATUS_OK);
        window = (struct window){function, window.length, words.kind, words.words, words.valid};
    }
    assert_int_equal(window_at(&window, question->made->point, question->id, question->tick,
                               nanoseconds[question->test->spine_unit], &scratch, &value, NULL),
                     STATUS_OK);
    window_words_release(&words);
    window_scratch_release(&scratch);
    return value;
}

static void check_counts(const struct question *question)
{
    const struct test_case *test = question->test;
    int64_t rows = 0, values = 0, words = 0, reals = 0;
    for (int64_t i = 0; i < test->count; i++) {
        bool new_word = true, new_real = true;
        if (!in_window(question, i)) continue;
        rows++;
        if (test->rows[i].null) continue;
        values++;
        for (int64_t j = 0; j < i; j++) {
            double a = test->rows[i].real, b = test->rows[j].real;
            if (!in_window(question, j) || test->rows[j].null) continue;
            if (strcmp(test->rows[i].word, test->rows[j].word) == 0) new_word = false;
            if (a == b || (isnan(a) && isnan(b))) new_real = false;
        }
        words += new_word;
        reals += new_real;
    }
    bool known = newest(test, question->user, at_of(question), NO_TTL, false) != NULL;
    struct window_value found = ask(question, NULL, WINDOW_COUNT);
    assert_int_equal(found.null, !known);
    assert_int_equal(found.whole, rows);
    found = ask(question, "whole", WINDOW_COUNT);
    assert_int_equal(found.null, !known);
    assert_int_equal(found.whole, values);
    assert_int_equal(ask(question, "word", WINDOW_DISTINCT).whole, words);
    assert_int_equal(ask(question, "real", WINDOW_DISTINCT).whole, reals);
}

static void same_real(double found, long double expected)
{
    if (isnan(expected))
        assert_true(isnan(found));
    else
        assert_true(fabsl(found - expected) <= 1e-15L * fabsl(expected) + 1e-9L);
}

static void check_sums(const struct question *question)
{
    const struct test_case *test = question->test;
    int64_t values = 0, whole = 0;
    long double real = 0;
    for (int64_t i = 0; i < test->count; i++) {
        if (!in_window(question, i) || test->rows[i].null) continue;
        values++;
        whole += test->rows[i].whole;
        real += test->rows[i].real;
    }
    struct window_value found = ask(question, "whole", WINDOW_SUM);
    assert_int_equal(found.null, values == 0);
    assert_int_equal(found.whole, whole);
    found = ask(question, "real", WINDOW_SUM);
    assert_int_equal(found.null, values == 0);
    same_real(found.real, real);
    if (values == 0) return;
    assert_true(ask(question, "whole", WINDOW_MEAN).real == (double)whole / (double)values);
    same_real(ask(question, "real", WINDOW_MEAN).real, real / values);
}

static void check_extremes(const struct question *question)
{
    const struct test_case *test = question->test;
    bool any = false, any_real = false;
    int64_t least = 0;
    double most = 0;
    for (int64_t i = 0; i < test->count; i++) {
        const struct row *row = &test->rows[i];
        if (!in_window(question, i) || row->null) continue;
        if (!any || row->whole < least) least = row->whole;
        any = true;
        if (isnan(row->real)) continue;
        if (!any_real || row->real > most) most = row->real;
        any_real = true;
    }
    struct window_value found = ask(question, "whole", WINDOW_MIN);
    assert_int_equal(found.null, !any);
    if (any)
        assert_int_equal(test->rows[timeline_row(question->made->timeline, found.position)].whole,
                         least);
    found = ask(question, "real", WINDOW_MAX);
    assert_int_equal(found.null, !any_real);
    if (any_real)
        assert_true(test->rows[timeline_row(question->made->timeline, found.position)].real ==
                    most);
}

static void check_newest(const struct question *question)
{
    const struct test_case *test = question->test;
    const struct row *last = newest(test, question->user, at_of(question), test->window, true);
    const struct row *best = newest(test, question->user, at_of(question), test->rule.ttl, false);
    struct window_value found = ask(question, "word", WINDOW_LAST);
    assert_int_equal(found.null, last == NULL);
    if (last != NULL)
        assert_int_equal(timeline_row(question->made->timeline, found.position), last - test->rows);
    assert_int_equal(point_in_time_at(question->made->point, question->id, question->tick,
                                      nanoseconds[test->spine_unit]),
                     best == NULL ? -1 : best - test->rows);
}

static void windows_equal_brute_force(void **context)
{
    (void)context;
    int64_t asked = 0;
    for (uint64_t number = 0; number < CASES; number++) {
        struct test_case test = {0};
        struct made made = {0};
        state = number;
        draw_case(&test);
        make(&test, &made);
        for (int64_t i = 0; i < ASKED; i++) {
            struct question question = {&test, &made, i % 2, draw_time(test.spine_unit), 0};
            question.id = id_of(&made, &test, question.user);
            if (question.id == ENTITY_NONE) continue;
            check_counts(&question);
            check_sums(&question);
            check_extremes(&question);
            check_newest(&question);
            asked++;
        }
        unmake(&made);
    }
    assert_true(asked > CASES); /* the cases are not empty ones */
}

/* ---- sums at the ends of their types ---- */

static void sums_do_not_lose_digits_or_wrap(void **context)
{
    const double reals[] = {1e16, 1.0, -1e16, 1.0};
    int64_t times[] = {1, 2, 3, 4};
    uint64_t words[4], wholes[] = {INT64_MAX, 1, (uint64_t)-1, 0};
    uint32_t first[] = {0, 4};
    struct timeline timeline = {
        .rows = 4, .entity_count = 1, .starts = first, .times = times, .time_unit = 1000};
    struct point_rule rule = {NO_TTL, false, true};
    struct point_in_time *point = NULL;
    struct window_value value;
    struct err err = {0};
    (void)context;
    memcpy(words, reals, sizeof words);
    assert_int_equal(point_in_time_open(&point, &timeline, &rule, NULL), STATUS_OK);
    struct window real = {WINDOW_SUM, NO_TTL, WORD_REAL, words, NULL};
    assert_int_equal(window_at(&real, point, 0, 4, 1000, NULL, &value, NULL), STATUS_OK);
    assert_true(value.real == 2.0);
    struct window whole = {WINDOW_SUM, NO_TTL, WORD_SIGNED, wholes, NULL};
    assert_int_equal(window_at(&whole, point, 0, 3, 1000, NULL, &value, NULL), STATUS_OK);
    assert_true(value.whole == INT64_MAX);
    assert_int_equal(window_at(&whole, point, 0, 2, 1000, NULL, &value, &err), STATUS_FAILED);
    assert_string_equal(err.message, "a sum is beyond int64");
    point_in_time_close(&point);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_equal_brute_force),
        cmocka_unit_test(sums_do_not_lose_digits_or_wrap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
