/* tests/unit/clean/test_deduplicate_linkage.c: the parts behind method linkage, and shingles. */
#include "tests/unit/clean/harness.h"

#include "clean/deduplicate_clusters.h"
#include "clean/deduplicate_linkage.h"
#include "clean/deduplicate_marks.h"
#include "clean/deduplicate_mixture.h"
#include "clean/deduplicate_shingles.h"
#include "clean/deduplicate_signature.h"
#include "clean/deduplicate_similar.h"
#include "clean/deduplicate_texts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void near(double value, double expected)
{
    if (fabs(value - expected) > 5e-4) assert_float_equal(value, expected, 5e-4);
}

static void expect_similar(const char *a, const char *b, double expected)
{
    near(jaro_winkler(str_of(a), str_of(b)), expected);
    near(jaro_winkler(str_of(b), str_of(a)), expected);
    assert_true(jaro_winkler_bound(strlen(a), strlen(b)) >= expected - 5e-4);
}

/* The published examples of Winkler 1990 and 1994. */
static void strings_are_as_similar_as_published(void **state)
{
    (void)state;
    expect_similar("martha", "marhta", 0.961);
    expect_similar("dixon", "dicksonx", 0.813);
    expect_similar("dwayne", "duane", 0.840);
    expect_similar("jones", "johnson", 0.832);
    expect_similar("abc", "xyz", 0);
    expect_similar("same", "same", 1);
    expect_similar("", "", 1);
    expect_similar("", "a", 0);
}

/* The way for long or other than ASCII strings gives the same as that for short ones. */
static void long_strings_compare_like_short_ones(void **state)
{
    (void)state;
    near(jaro_winkler(str_of("mârtha"), str_of("mârhta")),
         jaro_winkler(str_of("martha"), str_of("marhta")));
    char a[101] = {0}, b[101] = {0};
    memset(a, 'x', 100);
    memset(b, 'x', 99);
    b[99] = 'y';
    near(jaro_winkler(str_of(a), str_of(b)), 0.996);
}

static size_t set_of(const char *text, bool characters, size_t size, uint64_t *ret)
{
    OWNED(bytes_release) struct bytes words = bytes_limited(1 << 16);
    struct err err = {0};
    assert_int_equal(words_append(&words, str_of(text), &err), STATUS_OK);
    return shingles_of((struct str){(const char *)words.data, words.size}, characters, size, ret);
}

static void shingles_are_sets_of_runs(void **state)
{
    (void)state;
    uint64_t a[256], b[256];
    assert_int_equal(set_of("the cat  sat, on THE mat", false, 3, a), 4);
    assert_int_equal(set_of("-- The cat sat on the MAT!", false, 3, b), 4);
    assert_memory_equal(a, b, 4 * sizeof *a);
    assert_int_equal(set_of("a b a b a b", false, 2, a), 2);
    assert_int_equal(set_of("one two", false, 3, a), 1);
    assert_int_equal(set_of("", false, 3, a), 0);
    assert_int_equal(set_of("\xc3\xa4\xc3\xb6\xc3\xbc", true, 2, a), 2);
    size_t x = set_of("a b c d e f", false, 3, a), y = set_of("a b c d e g", false, 3, b);
    near(sets_jaccard(a, x, b, y), 3.0 / 5);
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* However they are sorted: each run by itself gives the same hash, and all come out rising. */
static void many_shingles_rise(void **state)
{
    (void)state;
    enum { MOST = 5000 };
    static uint64_t set[MOST * 8], wanted[MOST];
    static char text[MOST * 8];
    for (int count = 3; count <= MOST; count = count * 5 / 2) {
        size_t at = 0;
        for (int i = 0; i < count; i++) {
            char run[32];
            uint64_t one[32];
            at += (size_t)snprintf(text + at, sizeof text - at, "%s%d", i > 0 ? ", " : "", i);
            snprintf(run, sizeof run, "%d %d", i, i + 1);
            assert_int_equal(set_of(run, false, 2, one), 1);
            wanted[i] = one[0];
        }
        size_t runs = (size_t)count - 1;
        qsort(wanted, runs, sizeof *wanted, by_value);
        assert_int_equal(set_of(text, false, 2, set), runs);
        assert_memory_equal(set, wanted, runs * sizeof *set);
    }
}

static void words_of_columns_are_apart(void **state)
{
    (void)state;
    OWNED(bytes_release) struct bytes words = bytes_limited(1 << 10);
    const char *const texts[] = {"--", "One, TWO ", "", " ?", "\xc3\xa4z", "3."};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_int_equal(words_append(&words, str_of(texts[i]), NULL), STATUS_OK);
    assert_int_equal(words.size, 13);
    assert_memory_equal(words.data, "one two \xc3\xa4z 3", 13);
}

static void bands_find_pairs_at_the_threshold(void **state)
{
    (void)state;
    for (double threshold = 0.3; threshold < 0.99; threshold += 0.05) {
        struct banding banding = banding_for(threshold);
        assert_true(banding.bands * banding.rows <= SIGNATURE_MOST);
        assert_true(1 - pow(1 - pow(threshold, banding.rows), banding.bands) >= 0.979);
    }
}

/* Signatures agree about as often as the sets are alike, on every level of the processor alike. */
static void signatures_estimate_jaccard(void **state)
{
    (void)state;
    struct signer signer;
    uint64_t a[200], b[200], random = 7;
    uint32_t one[SIGNATURE_MOST], two[SIGNATURE_MOST];
    int agree = 0;
    signer_open(&signer);
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 200; i++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            a[i] = random ^ (random >> 29);
            b[i] = i < 150 ? a[i] : ~a[i] * 31;
        }
        signer.sign(&signer, a, 200, one);
        signer.sign(&signer, b, 200, two);
        for (int i = 0; i < SIGNATURE_MOST; i++)
            agree += one[i] == two[i];
    }
    double share = agree / (20.0 * SIGNATURE_MOST); /* 150 of 250 are shared */
    assert_true(share > 0.56 && share < 0.64);
}

/* One pair between two triangles does not make one of them. */
static void one_link_does_not_chain_clusters(void **state)
{
    (void)state;
    const struct link links[] = {{0, 1, 8}, {0, 2, 8}, {1, 2, 8}, {3, 4, 8},
                                 {3, 5, 8}, {4, 5, 8}, {2, 3, 9}};
    uint32_t cluster[6];
    struct err err = {0};
    assert_int_equal(linkage_clusters(links, 7, 6, 0, cluster, &err), STATUS_OK);
    const uint32_t three[6] = {0, 0, 2, 2, 4, 4}; /* what is left of the triangles cannot follow */
    assert_memory_equal(cluster, three, sizeof three);
    const struct link sure[] = {{0, 1, 9}, {0, 2, 9}, {1, 2, 9}, {3, 4, 9},
                                {3, 5, 9}, {4, 5, 9}, {2, 3, 1}};
    assert_int_equal(linkage_clusters(sure, 7, 6, 0, cluster, &err), STATUS_OK);
    const uint32_t two[6] = {0, 0, 0, 3, 3, 3};
    assert_memory_equal(cluster, two, sizeof two);
}

static void pairs_of_two_sources_are_one_to_one(void **state)
{
    (void)state;
    const struct candidate pairs[] = {{0, 2, 1}, {0, 3, 1}, {1, 2, 1}, {1, 3, 1}};
    const float odds[] = {3, 5, 4, -1};
    struct judged judged = {.pairs = pairs, .odds = odds, .pair_count = 4, .record_count = 4};
    uint32_t into[4];
    struct err err = {0};
    assert_int_equal(pair_up(&judged, into, &err), STATUS_OK);
    const uint32_t expected[4] = {0, 1, 1, 0};
    assert_memory_equal(into, expected, sizeof expected);
    judged.last = true;
    assert_int_equal(pair_up(&judged, into, &err), STATUS_OK);
    const uint32_t last[4] = {3, 2, 2, 3};
    assert_memory_equal(into, last, sizeof last);
}

/* A chain longer than what is looked at together falls apart at its weakest places; a cluster of
 * more than `largest` is left alone. */
static void large_groups_are_cut_and_large_clusters_left(void **state)
{
    (void)state;
    enum { COUNT = LINKAGE_MOST + 100 };
    static struct candidate pairs[COUNT];
    static float odds[COUNT];
    static uint32_t into[COUNT];
    size_t left = 0;
    struct err err = {0};
    for (uint32_t i = 0; i + 1 < COUNT; i++) {
        pairs[i] = (struct candidate){i, i + 1, 1};
        odds[i] = i % 3 == 0 ? 9 : 0.5f;
    }
    struct judged judged = {.pairs = pairs,
                            .odds = odds,
                            .pair_count = COUNT - 1,
                            .record_count = COUNT,
                            .largest = 10};
    assert_int_equal(cluster_up(&judged, into, &left, &err), STATUS_OK);
    assert_int_equal(left, 0);
    for (uint32_t i = 0; i + 1 < COUNT; i += 3)
        assert_true(into[i] == i && into[i + 1] == i);
    const struct candidate three[] = {{0, 1, 1}, {0, 2, 1}, {1, 2, 1}};
    const float sure[] = {9, 9, 9};
    judged = (struct judged){
        .pairs = three, .odds = sure, .pair_count = 3, .record_count = 3, .largest = 2};
    assert_int_equal(cluster_up(&judged, into, &left, &err), STATUS_OK);
    assert_int_equal(left, 1);
    assert_int_equal(into[2], 2);
}

/* Two clear kinds of pairs are told apart; the threshold lies between them. */
static void mixture_tells_matches_from_others(void **state)
{
    (void)state;
    enum { PAIRS = 1000, COLUMNS = 4 };
    static uint8_t levels[PAIRS * COLUMNS], start[PAIRS];
    static float odds[PAIRS];
    const double chance[COLUMNS] = {0.2, 0.2, 0.2, 0.2};
    struct mixture mixture;
    struct err err = {0};
    uint64_t random = 1;
    for (int i = 0; i < PAIRS; i++) {
        bool match = i % 5 == 0;
        for (int c = 0; c < COLUMNS; c++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            unsigned draw = (unsigned)(random >> 40) % 10;
            levels[i * COLUMNS + c] = draw == 0 ? 0 : (draw < 8) == match ? 8 : 1;
        }
        start[i] = i % 10 == 0; /* half of the matches */
    }
    assert_int_equal(mixture_fit(&mixture, levels, COLUMNS, start, PAIRS, chance, &err), STATUS_OK);
    assert_true(fabs(mixture.share - 0.2) < 0.05);
    assert_true(mixture.agreement > 0.7);
    int wrong = 0;
    for (int i = 0; i < PAIRS; i++)
        odds[i] = (float)mixture_odds(&mixture, levels + i * COLUMNS);
    double threshold = odds_threshold(odds, PAIRS);
    assert_true(threshold > 0.2 && threshold <= 0.5);
    for (int i = 0; i < PAIRS; i++)
        wrong += (odds_probability((double)odds[i]) >= threshold) != (i % 5 == 0);
    assert_true(wrong < 100);
    for (size_t level = 2; level < LEVELS; level++)
        assert_true(mixture.weights[0][level] >= mixture.weights[0][level - 1]);
}

static void the_best_of_a_group_stays(void **state)
{
    (void)state;
    OWNED(marks_release) struct marks marks = {0};
    struct err err = {0};
    const int64_t ranks[6] = {1, 5, 3, 5, 0, 9};
    assert_int_equal(marks_open(&marks, 6, 1 << 20, &err), STATUS_OK);
    marks.into[2] = marks.into[3] = marks.into[1] = 1; /* into row 0 */
    marks.into[5] = 5;                                 /* into row 4 */
    assert_int_equal(marks_elect(&marks, ranks, 1 << 20, &err), STATUS_OK);
    const int64_t expected[6] = {2, 0, 2, 2, 6, 0};
    assert_memory_equal(marks.into, expected, sizeof expected);
}

static void dates_are_alike_by_slips_and_days(void **unused)
{
    (void)unused;
    near(dates_similarity(str_of("20160305"), str_of("20160305")), 1);
    near(dates_similarity(str_of("20160112"), str_of("20161201")), 0.95);
    near(dates_similarity(str_of("19160305"), str_of("20160305")), 0.9);
    near(dates_similarity(str_of("20160305"), str_of("20160306")), 0.999);
    assert_true(dates_similarity(str_of("20160228"), str_of("20160301")) > 0.99);
    near(dates_similarity(str_of("20160305"), str_of("20220817")), 0);
    near(dates_similarity(str_of("unknown"), str_of("unknown")), 1);
    assert_true(dates_similarity(str_of("20160305t101500z"), str_of("20160305t101600z")) >= 0.95);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_are_as_similar_as_published),
        cmocka_unit_test(dates_are_alike_by_slips_and_days),
        cmocka_unit_test(long_strings_compare_like_short_ones),
        cmocka_unit_test(shingles_are_sets_of_runs),
        cmocka_unit_test(many_shingles_rise),
        cmocka_unit_test(words_of_columns_are_apart),
        cmocka_unit_test(bands_find_pairs_at_the_threshold),
        cmocka_unit_test(signatures_estimate_jaccard),
        cmocka_unit_test(one_link_does_not_chain_clusters),
        cmocka_unit_test(pairs_of_two_sources_are_one_to_one),
        cmocka_unit_test(large_groups_are_cut_and_large_clusters_left),
        cmocka_unit_test(mixture_tells_matches_from_others),
        cmocka_unit_test(the_best_of_a_group_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
