/* A survey of a table: exact figures, the same whatever batches the rows come in, and bounded. */
#include "tests/unit/base/check.h"

#include "base/memory.h"
#include "columnar/build.h"
#include "columnar/drift.h"
#include "columnar/survey.h"

#include <math.h>
#include <stdio.h>

static struct err e;
#define OK(expression) CHECK_OK(expression, &e)

/* number: i % 100 with every tenth null; word: "w0" ... "w6"; many: all different. */
static struct schema *sample_schema(void)
{
    struct schema *schema = NULL;
    OK(schema_new(&schema, &e));
    OK(schema_add_column(schema, "number", TYPE_FLOAT64, &e));
    OK(schema_add_column(schema, "word", TYPE_UTF8, &e));
    OK(schema_add_column(schema, "many", TYPE_UTF8, &e));
    return schema;
}

static void add_row(struct batch_builder *builder, int64_t i)
{
    char text[32];
    struct builder *number = batch_builder_column(builder, 0);
    OK(i % 10 == 0 ? build_null(number, &e) : build_real(number, (double)(i % 100), &e));
    snprintf(text, sizeof text, "w%d", (int)(i % 7));
    OK(build_text(batch_builder_column(builder, 1), str_of(text), &e));
    snprintf(text, sizeof text, "value %d", (int)i);
    OK(build_text(batch_builder_column(builder, 2), str_of(text), &e));
}

static struct survey *survey_of(int64_t rows, int64_t batch_rows)
{
    OWNED(schema_unref) struct schema *schema = sample_schema();
    struct survey *survey = NULL;
    OK(survey_open(&survey, schema, &e));
    for (int64_t first = 0; first < rows; first += batch_rows) {
        OWNED(batch_builder_close) struct batch_builder *builder = NULL;
        OWNED(batch_release) struct batch batch = {0};
        struct survey_tally *tally = NULL;
        OK(batch_builder_open(&builder, schema, batch_rows, &e));
        for (int64_t i = first; i < rows && i < first + batch_rows; i++)
            add_row(builder, i);
        OK(batch_builder_finish(builder, &batch, &e));
        OK(survey_look(survey, &batch, first, NULL, &tally, &e));
        OK(survey_add(survey, &tally, &e));
    }
    OK(survey_end(survey, &e));
    return survey;
}

static void figures_are_exact(void **state)
{
    (void)state;
    OWNED(survey_close) struct survey *survey = survey_of(1000, 300);
    const struct survey_column *number = survey_column(survey, 0), *word = survey_column(survey, 1);
    const double fractions[] = {0, 0.5, 1};
    double quantiles[3];
    bool exact, many;
    assert_int_equal(survey_rows(survey), 1000);
    assert_int_equal(number->nulls, 100);
    assert_int_equal(number->numbers, 900);
    assert_true(fabs(number->mean - 50) < 1e-12);
    assert_true(fabs(survey_deviation(number) - sqrt(748500.0 / 899)) < 1e-9); /* by hand */
    assert_string_equal(number->least_text, "1.0");
    assert_string_equal(number->most_text, "99.0");
    assert_int_equal(survey_distinct(number, &exact), 90);
    assert_true(exact);
    assert_int_equal(survey_distinct(word, &exact), 7);
    OK(survey_quantiles(survey, 0, fractions, 3, quantiles, &e));
    assert_true(quantiles[0] == 1 && quantiles[1] == 50 && quantiles[2] == 99);
    assert_int_equal(survey_distinct_rows(survey, &many), 1000);
    assert_false(many);
}

static void batches_do_not_matter(void **state)
{
    (void)state;
    OWNED(survey_close) struct survey *whole = survey_of(30000, 30000);
    OWNED(survey_close) struct survey *parts = survey_of(30000, 777);
    int64_t bins[2][20] = {{0}};
    struct survey_value values[2][5];
    size_t counts[2];
    int64_t of;
    bool sampled, exact;
    assert_int_equal(survey_sampled(whole), SURVEY_SAMPLE);
    assert_int_equal(survey_sampled(parts), SURVEY_SAMPLE);
    survey_bins(whole, 0, 0, 100, 20, bins[0]);
    survey_bins(parts, 0, 0, 100, 20, bins[1]);
    assert_memory_equal(bins[0], bins[1], sizeof bins[0]);
    OK(survey_frequent(whole, 1, 5, values[0], &counts[0], &of, &sampled, &e));
    OK(survey_frequent(parts, 1, 5, values[1], &counts[1], &of, &sampled, &e));
    assert_false(sampled);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(values[0][i].count, values[1][i].count);
        assert_true(str_equal(values[0][i].text, values[1][i].text));
    }
    assert_int_equal(survey_distinct(survey_column(whole, 2), &exact),
                     survey_distinct(survey_column(parts, 2), &exact));
    assert_false(exact);
    int64_t distinct = survey_distinct(survey_column(whole, 2), &exact);
    assert_true(distinct > 28500 && distinct < 31500);
}

static void memory_is_bounded(void **state)
{
    (void)state;
    size_t before = memory_in_use();
    struct survey *few = survey_of(30000, 10000);
    size_t one = memory_in_use() - before;
    survey_close(&few);
    struct survey *more = survey_of(120000, 10000);
    size_t four = memory_in_use() - before;
    survey_close(&more);
    assert_true(four < one + ((size_t)4 << 20)); /* rows are told apart up to 262,144 */
    assert_int_equal(memory_in_use(), before);
}

static void nothing_has_no_figures(void **state)
{
    (void)state;
    OWNED(survey_close) struct survey *survey = survey_of(0, 10);
    const double half = 0.5;
    double quantile, pearson[1], spearman[1];
    const size_t column = 0;
    struct survey_pattern patterns[2];
    size_t count;
    OK(survey_quantiles(survey, 0, &half, 1, &quantile, &e));
    assert_true(isnan(quantile));
    assert_true(isnan(survey_deviation(survey_column(survey, 0))));
    OK(survey_correlate(survey, &column, 1, pearson, spearman, &e));
    assert_true(isnan(pearson[0]));
    OK(survey_patterns(survey, 2, patterns, &count, &e));
    assert_int_equal(count, 0);
}

static void words_drift_as_numbers_do(void **state)
{
    (void)state;
    OWNED(survey_close) struct survey *survey = survey_of(1000, 1000);
    OWNED(memory_release) uint64_t *words = NULL;
    struct distribution all = {.ordered = true};
    struct drift drift;
    OK(survey_words(survey, 0, &words, &all.count, &all.nulls, &e));
    all.values = words;
    struct distribution upper = {
        .ordered = true, .values = words + all.count / 2, .count = all.count / 2};
    assert_true(drift_of(&all, &all, &drift));
    assert_true(drift.psi == 0 && drift.ks == 0);
    assert_true(drift_of(&all, &upper, &drift));
    assert_true(drift.psi > 0.2 && fabs(drift.ks - 0.5) < 0.02);
    assert_true(drift_word(-2) < drift_word(-1) && drift_word(-1) < drift_word(0.5));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_are_exact),         cmocka_unit_test(batches_do_not_matter),
        cmocka_unit_test(memory_is_bounded),         cmocka_unit_test(nothing_has_no_figures),
        cmocka_unit_test(words_drift_as_numbers_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
