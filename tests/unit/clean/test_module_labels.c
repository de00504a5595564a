/* tests/unit/clean/test_module_labels.c: against what cleanlab 2.9 flags on the same numbers. */
#include "tests/unit/clean/harness.h"

#include <stdio.h>

extern const struct clean_module module_labels;

#define ROWS 600

static uint64_t next(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
    return *seed >> 40;
}

/* 600 rows of four classes, 18 % with a label drawn anew; weights for probabilities. */
static struct batch make_rows(const char *columns)
{
    OWNED(memory_release) char *lines = memory_get(ROWS, 64);
    uint64_t seed = 11;
    size_t size = 0;
    for (int i = 0; i < ROWS; i++) {
        int label = i % 4;
        unsigned weights[4];
        if (next(&seed) % 100 < 18) label = (int)(next(&seed) % 4);
        for (int k = 0; k < 4; k++)
            weights[k] = (unsigned)(next(&seed) % 1000) + 1;
        weights[i % 4] += (unsigned)(next(&seed) % 6000);
        size += (size_t)snprintf(lines + size, 64, "%d|%u|%u|%u|%u\n", label, weights[0],
                                 weights[1], weights[2], weights[3]);
    }
    return trial_input(columns, lines);
}

static const char plain[] = "label:int64|p0:float64|p1:float64|p2:float64|p3:float64";

static void the_filters_flag_what_cleanlab_flags(void **state)
{
    (void)state;
    static const struct {
        const char *filter;
        int flagged, sum;
    } cases[] = {
        {"prune_by_noise_rate", 72, 479534},
        {"prune_by_class", 76, 169330},
        {"both", 64, 140037},
        {"confident_learning", 54, 73791},
        {"predicted_neq_given", 111, 861977},
        {"low_normalized_margin", 54, 163673},
        {"low_self_confidence", 54, 515124},
    };
    OWNED(batch_release) struct batch input = make_rows(plain);
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        char words[128];
        snprintf(words, sizeof words, "labels probabilities=p* filter=%s", cases[c].filter);
        struct trial trial = {.words = words, .window_rows = 50, .threads = c % 2 == 0 ? 1 : 4};
        trial_run(&trial, &module_labels, &input);
        const struct array *issue = trial.output.columns[5];
        int flagged = 0, sum = 0;
        for (int row = 0; row < ROWS; row++) {
            if (!array_bool(issue, row)) continue;
            flagged++;
            sum = (sum * 31 + row) % 1000003;
        }
        assert_int_equal(flagged, cases[c].flagged);
        assert_int_equal(sum, cases[c].sum);
        trial_close(&trial);
    }
}

/* Three sure rows of each class and one that is probably a dog. */
static const char pets[] = "cat|90|10\ncat|80|20\ncat|85|15\ncat|5|95\n"
                           "dog|10|90\ndog|20|80\ndog|15|85\n|50|50\nbird|50|50\n";
static const char pet_columns[] = "pet:dictionary<int32, utf8>|p_cat:int64|p_dog:int64";

static void flags_with_quality_and_suggestion(void **state)
{
    (void)state;
    struct trial trial = {.words = "labels label=pet probabilities=p_*", .window_rows = 4};
    OWNED(batch_release) struct batch input = trial_input(pet_columns, pets);
    trial_run(&trial, &module_labels, &input);
    assert_string_equal(trial_text(&trial),
                        "pet|p_cat|p_dog|label_issue|label_quality|label_suggestion\n"
                        "cat|90|10|false|0.9|cat\ncat|80|20|false|0.8|cat\n"
                        "cat|85|15|false|0.85|cat\ncat|5|95|true|0.05|dog\n"
                        "dog|10|90|false|0.9|dog\ndog|20|80|false|0.8|dog\n"
                        "dog|15|85|false|0.85|dog\n|50|50|||\nbird|50|50|||\n");
    trial_close(&trial);
}

static void drops_and_relabels(void **state)
{
    (void)state;
    OWNED(batch_release) struct batch input = trial_input(pet_columns, pets);
    struct trial drop = {.words = "labels label=pet probabilities=p_* action=drop"};
    trial_run(&drop, &module_labels, &input);
    assert_int_equal(drop.output.rows, 8);
    assert_int_equal(drop.removals[0].row, 3);
    assert_true(str_is(drop.removals[0].value, "cat"));
    trial_close(&drop);
    struct trial relabel = {.words = "labels label=pet probabilities=p_* action=relabel"};
    trial_run(&relabel, &module_labels, &input);
    assert_int_equal(relabel.cells, 1);
    struct str label;
    assert_true(
        array_text_at(&relabel.output.schema->fields[0], relabel.output.columns[0], 3, &label));
    assert_true(str_is(label, "dog"));
    trial_close(&relabel);
}

static void the_state_flags_new_rows(void **state)
{
    (void)state;
    OWNED(batch_release) struct batch input = trial_input(pet_columns, pets);
    OWNED(batch_release)
    struct batch other = trial_input(pet_columns, "cat|4|96\ncat|60|40\ndog|10|90\n");
    struct trial fit = {.words = "labels label=pet probabilities=p_*"};
    trial_run(&fit, &module_labels, &input);
    struct trial frozen = {.words = "labels label=pet probabilities=p_*",
                           .load = (const char *)fit.saved.data};
    trial_run(&frozen, &module_labels, &other);
    assert_true(array_bool(frozen.output.columns[3], 0));
    assert_false(array_bool(frozen.output.columns[3], 1));
    assert_false(array_bool(frozen.output.columns[3], 2));
    trial_close(&frozen);
    trial_close(&fit);
}

static void memory_changes_nothing(void **state)
{
    (void)state;
    OWNED(batch_release) struct batch input = make_rows(plain);
    struct trial rich = {.words = "labels probabilities=p*"};
    struct trial poor = {
        .words = "labels probabilities=p*", .window_rows = 64, .threads = 4, .memory = 1};
    trial_run(&rich, &module_labels, &input);
    trial_run(&poor, &module_labels, &input);
    assert_true(array_equal(&rich.output.schema->fields[5], rich.output.columns[5],
                            poor.output.columns[5]));
    trial_close(&rich);
    trial_close(&poor);
}

/* ---- built-in detectors ---- */

#define POINTS 220

/* Two clouds, 10 apart in x; y tells nothing and has gaps. Every eleventh label is wrong. */
static struct batch make_clouds(const char *columns)
{
    OWNED(memory_release) char *lines = memory_get(POINTS, 64);
    uint64_t seed = 4;
    size_t size = 0;
    for (int i = 0; i < POINTS; i++) {
        int cloud = i % 2, label = i % 11 == 0 ? 1 - cloud : cloud;
        double x = 10 * cloud + (double)(next(&seed) % 1000) / 500;
        char y[16] = "";
        if (i % 5 > 0) snprintf(y, sizeof y, "%u", (unsigned)(next(&seed) % 100));
        size += (size_t)snprintf(lines + size, 64, "%s|%g|%s\n", label ? "dog" : "cat", x, y);
    }
    return trial_input(columns, lines);
}

static const char clouds[] = "label:utf8|x:float64|y:int64";

static void assert_every_eleventh(const struct array *issue)
{
    for (int row = 0; row < POINTS; row++)
        assert_int_equal(array_bool(issue, row), row % 11 == 0);
}

static void learns_probabilities_from_columns(void **state)
{
    (void)state;
    static const struct {
        const char *words;
        bool exact; /* the others estimate how many are wrong */
    } steps[] = {
        {"labels columns=x,y detectors=softmax filter=predicted_neq_given", true},
        {"labels columns=x detectors=knn filter=predicted_neq_given", true},
        {"labels columns=x,y folds=50 filter=predicted_neq_given", true},
        {"labels columns=x,y combine=rank filter=prune_by_class", false},
        {"labels columns=x,y", false},
    };
    OWNED(batch_release) struct batch input = make_clouds(clouds);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        struct trial one = {.words = steps[i].words, .window_rows = 7};
        struct trial cut = {.words = steps[i].words, .window_rows = 7, .threads = 4, .memory = 1};
        trial_run(&one, &module_labels, &input);
        trial_run(&cut, &module_labels, &input);
        if (steps[i].exact) assert_every_eleventh(one.output.columns[3]);
        for (size_t column = 3; column < 6; column++)
            assert_true(array_equal(&one.output.schema->fields[column], one.output.columns[column],
                                    cut.output.columns[column]));
        trial_close(&one);
        trial_close(&cut);
    }
}

/* The rest is judged like new rows, by the same models. */
static void a_sample_judges_the_others_too(void **state)
{
    (void)state;
    OWNED(batch_release) struct batch input = make_clouds(clouds);
    const char *words = "labels columns=x,y sample=100 filter=predicted_neq_given";
    struct trial trial = {.words = words, .window_rows = 64};
    trial_run(&trial, &module_labels, &input);
    assert_every_eleventh(trial.output.columns[3]);
    struct trial frozen = {.words = words, .load = (const char *)trial.saved.data};
    trial_run(&frozen, &module_labels, &input);
    assert_every_eleventh(frozen.output.columns[3]);
    trial_close(&trial);
    trial_close(&frozen);
}

static void relabels_what_is_sure_and_drops_the_rest(void **state)
{
    (void)state;
    OWNED(batch_release) struct batch input = make_clouds(clouds);
    struct trial sure = {.words = "labels columns=x detectors=knn neighbors=20 "
                                  "filter=predicted_neq_given action=relabel relabel_above=0.4"};
    trial_run(&sure, &module_labels, &input);
    assert_int_equal(sure.output.rows, POINTS);
    assert_int_equal(sure.cells, POINTS / 11);
    trial_close(&sure);
    struct trial unsure = {.words =
                               "labels columns=x detectors=knn neighbors=20 "
                               "filter=predicted_neq_given action=relabel relabel_above=0.999"};
    trial_run(&unsure, &module_labels, &input);
    assert_int_equal(unsure.output.rows, POINTS - POINTS / 11);
    assert_int_equal(unsure.cells, 0);
    assert_string_equal(unsure.removals[0].rule, "label not predicted");
    trial_close(&unsure);
}

/* Wrong labels go first; of 3 cats and 4 dogs that stay, every cat weighs 7 / 6, every dog 7 / 8.
 */
static void classes_are_made_even(void **state)
{
    (void)state;
    OWNED(batch_release)
    struct batch input = trial_input(pet_columns, "cat|90|10\ncat|80|20\ncat|85|15\ncat|5|95\n"
                                                  "dog|10|90\ndog|20|80\ndog|15|85\ndog|12|88\n"
                                                  "|50|50\n");
    struct trial weights = {.words = "labels label=pet probabilities=p_* action=drop "
                                     "balance=weights"};
    trial_run(&weights, &module_labels, &input);
    assert_int_equal(weights.output.rows, 8);
    const double *weight = array_values(weights.output.columns[3]);
    assert_true(weight[0] == 7 / 6. && weight[3] == 7 / 8. && weight[6] == 7 / 8.);
    assert_true(array_is_null(weights.output.columns[3], 7));
    trial_close(&weights);
    struct trial even = {.words = "labels label=pet probabilities=p_* action=drop "
                                  "balance=undersample"};
    trial_run(&even, &module_labels, &input);
    assert_int_equal(even.output.rows, 7); /* three of each, and the one without a label */
    assert_int_equal(even.removal_count, 2);
    assert_string_equal(even.removals[1].rule, "label more frequent than others");
    trial_close(&even);
    struct trial more = {.words = "labels label=pet probabilities=p_* action=drop "
                                  "balance=oversample"};
    trial_run(&more, &module_labels, &input);
    assert_int_equal(more.output.rows, 8);
    const int64_t *copies = array_values(more.output.columns[3]);
    int64_t cats = copies[0] + copies[1] + copies[2]; /* three become four, one of them twice */
    assert_int_equal(cats, 4);
    for (int row = 3; row < 7; row++)
        assert_int_equal(copies[row], 1);
    assert_true(array_is_null(more.output.columns[3], 7));
    trial_close(&more);
}

static void odd_labels_are_no_failure(void **state)
{
    (void)state;
    static const struct {
        const char *words, *lines;
        int nulls;
    } cases[] = {
        {"labels columns=x", "a|1\na|2\na|3\n", 3},               /* one class: nothing to learn */
        {"labels columns=x", "a|1\nb|2\nc|3\n", 3},               /* each label once */
        {"labels columns=x", "|1\n|2\n", 2},                      /* no label */
        {"labels columns=x", "a|\na|\nb|\nb|\n", 0},              /* nothing known */
        {"labels columns=x", "a|1\na|1.1\nb|9\nb|9.1\nz|5\n", 1}, /* more folds than rows */
        {"labels columns=x", "a|nan\na|inf\nb|-inf\nb|1e308\n", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        OWNED(batch_release)
        struct batch input = trial_input("label:utf8|x:float64", cases[i].lines);
        struct trial trial = {.words = cases[i].words};
        trial_run(&trial, &module_labels, &input);
        int nulls = 0;
        for (int64_t row = 0; row < input.rows; row++)
            nulls += array_is_null(trial.output.columns[2], row);
        assert_int_equal(nulls, cases[i].nulls);
        trial_close(&trial);
    }
}

static void pictures_that_do_not_decode_take_no_part(void **state)
{
    (void)state;
    OWNED(batch_release)
    struct batch input = trial_input("label:utf8|image:binary", "a|\\x89PNG\na|junk\nb|\nb|\"\"\n");
    struct trial trial = {.words = "labels pictures=image"};
    trial_run(&trial, &module_labels, &input);
    for (int64_t row = 0; row < 4; row++)
        assert_true(array_is_null(trial.output.columns[2], row));
    trial_close(&trial);
}

static void too_many_labels_are_no_classes(void **state)
{
    (void)state;
    OWNED(memory_release) char *lines = memory_get(1001, 16);
    for (size_t i = 0, size = 0; i < 1001; i++)
        size += (size_t)snprintf(lines + size, 16, "%zu|1\n", i);
    OWNED(batch_release) struct batch input = trial_input("label:int64|x:int64", lines);
    struct trial trial = {.words = "labels columns=x"};
    assert_int_equal(trial_try(&trial, &module_labels, &input), STATUS_FAILED);
    assert_non_null(strstr(trial.err.message, "more than 1000 different labels"));
    trial_close(&trial);
}

static void refuses_what_it_cannot_do(void **state)
{
    (void)state;
    OWNED(batch_release) struct batch input = trial_input(pet_columns, pets);
    static const struct {
        const char *words, *message;
    } cases[] = {
        {"labels label=pet", "nothing to judge labels by"},
        {"labels label=pet probabilities=p_cat", "at least two are needed"},
        {"labels label=p_cats probabilities=p_*", "p_cats"},
        {"labels label=pet probabilities=p_* classes=cat", "1 classes for 2 columns"},
        {"labels label=pet columns=p_* detectors=hog", "detector hog needs pictures"},
        {"labels label=pet columns=p_* detectors=forest", "\"forest\""},
        {"labels label=pet pictures=pet", "expected binary with pictures"},
        {"labels label=pet pictures=p_cat", "expected binary with pictures"},
        {"labels label=pet columns=p_* probabilities=p_*", "to learn them from"},
        {"labels label=p_cat columns=p_*", "also among the columns"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct trial trial = {.words = cases[i].words};
        assert_int_equal(trial_try(&trial, &module_labels, &input), STATUS_USAGE);
        assert_non_null(strstr(trial.err.message, cases[i].message));
        trial_close(&trial);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_filters_flag_what_cleanlab_flags),
        cmocka_unit_test(flags_with_quality_and_suggestion),
        cmocka_unit_test(drops_and_relabels),
        cmocka_unit_test(the_state_flags_new_rows),
        cmocka_unit_test(memory_changes_nothing),
        cmocka_unit_test(learns_probabilities_from_columns),
        cmocka_unit_test(a_sample_judges_the_others_too),
        cmocka_unit_test(relabels_what_is_sure_and_drops_the_rest),
        cmocka_unit_test(classes_are_made_even),
        cmocka_unit_test(odd_labels_are_no_failure),
        cmocka_unit_test(pictures_that_do_not_decode_take_no_part),
        cmocka_unit_test(too_many_labels_are_no_classes),
        cmocka_unit_test(refuses_what_it_cannot_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
