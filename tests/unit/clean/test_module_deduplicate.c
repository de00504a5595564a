/* tests/unit/clean/test_module_deduplicate.c */
#include "tests/unit/clean/harness.h"

#include "clean/deduplicate_pictures.h"

#include <math.h>
#include <stdio.h>

extern const struct clean_module module_deduplicate;

static void expect(const char *words, const char *columns, const char *lines, const char *output)
{
    struct trial trial = {.words = words, .window_rows = 2};
    OWNED(batch_release) struct batch input = trial_input(columns, lines);
    trial_run(&trial, &module_deduplicate, &input);
    assert_string_equal(trial_text(&trial), output);
    trial_close(&trial);
}

static void equal_rows_become_one(void **state)
{
    (void)state;
    expect("deduplicate", "a:utf8|b:int64", "x|1\ny|2\nx|1\nx|2\ny|2\n", "a|b\nx|1\ny|2\nx|2\n");
    expect("deduplicate survivor=last", "a:utf8|b:int64", "x|1\ny|2\nx|1\n", "a|b\ny|2\nx|1\n");
    /* neighbors do not run together; null is not the empty text */
    expect("deduplicate", "a:utf8|b:utf8", "ab|c\na|bc\n|x\n\"\"|x\n", "a|b\nab|c\na|bc\n|x\n|x\n");
    expect("deduplicate", "a:float64", "0\n-0\n1\n", "a\n0.0\n1.0\n");
    expect("deduplicate", "a:dictionary<int32, utf8>", "x\ny\nx\n\n\n", "a\nx\ny\n\n");
}

static void equal_keys_become_one(void **state)
{
    (void)state;
    expect("deduplicate method=key columns=id", "id:int64|n:utf8", "1|a\n2|b\n1|c\n|d\n|e\n",
           "id|n\n1|a\n2|b\n|d\n|e\n");
}

/* No rows, one row, nothing to compare: every method and every survivor. */
static void few_rows_are_no_trouble(void **state)
{
    (void)state;
    static const char *const methods[] = {"exact", "key columns=a", "minhash", "linkage"};
    static const char *const survivors[] = {"", "survivor=last", "survivor=longest fill=true",
                                            "survivor=newest by=c"};
    static const char *const inputs[] = {"", "x y z|u|1\n", "|||\n|||\n"};
    static const char *const outputs[] = {"a|b|c\n", "a|b|c\nx y z|u|1\n", "a|b|c\n||\n||\n"};
    for (size_t m = 0; m < 4; m++)
        for (size_t s = 0; s < 4; s++)
            for (size_t i = 0; i < (m == 0 ? 2 : 3); i++) {
                char words[128];
                snprintf(words, sizeof words, "deduplicate method=%s %s", methods[m], survivors[s]);
                expect(words, "a:utf8|b:utf8|c:int64", inputs[i], outputs[i]);
            }
}

static void survivors_follow_their_rule(void **state)
{
    (void)state;
    static const char columns[] = "k:int64|t:utf8|u:utf8|n:float64";
    static const char rows[] = "1|a||3\n1|abcdef||1\n1|b|x|2\n2|z|z|1\n1|c||\n";
    expect("deduplicate method=key columns=k survivor=longest", columns, rows,
           "k|t|u|n\n1|abcdef||1.0\n2|z|z|1.0\n");
    expect("deduplicate method=key columns=k survivor=most-complete", columns, rows,
           "k|t|u|n\n1|b|x|2.0\n2|z|z|1.0\n");
    expect("deduplicate method=key columns=k survivor=newest by=n", columns, rows,
           "k|t|u|n\n1|a||3.0\n2|z|z|1.0\n");
    expect("deduplicate method=key columns=k survivor=newest by=n fill=true", columns, rows,
           "k|t|u|n\n1|a|x|3.0\n2|z|z|1.0\n");
    expect("deduplicate method=key columns=k survivor=last fill=true", columns, rows,
           "k|t|u|n\n2|z|z|1.0\n1|c|x|3.0\n");
}

static void provenance_is_not_compared_but_kept(void **state)
{
    (void)state;
    struct trial trial = {.words = "deduplicate", .window_rows = 2};
    OWNED(batch_release)
    struct batch input = trial_input("a:int64|_source:dictionary<int32, utf8>|_record:int64",
                                     "1|x.csv|7\n2|x.csv|9\n1|y.csv|3\n2|y.csv|4\n1|y.csv|5\n");
    trial_run(&trial, &module_deduplicate, &input);
    assert_string_equal(trial_text(&trial), "a|_source|_record\n1|x.csv|7\n2|x.csv|9\n");
    assert_int_equal(trial.removal_count, 3);
    assert_int_equal(trial.removals[1].kind, EVENT_MERGE);
    assert_int_equal(trial.removals[1].row, 3);
    assert_true(str_is(trial.removals[1].into_source, "x.csv"));
    assert_int_equal(trial.removals[1].into_record, 9);
    assert_int_equal(trial.removals[2].into_record, 7);
    assert_string_equal(trial.removals[2].rule, "exact duplicate");
    trial_close(&trial);
}

/* 150,000 rows with 4 MiB: 65,536 entries fit, the rest goes through partitions. */
static void spilling_and_threads_change_nothing(void **state)
{
    (void)state;
    enum { ROWS = 150000 };
    OWNED(memory_release) char *lines = memory_get(ROWS, 16);
    size_t size = 0;
    for (int i = 0; i < ROWS; i++)
        size += (size_t)snprintf(lines + size, 16, "k%d\n", (int)((i * 7919LL) % 100003));
    OWNED(batch_release) struct batch input = trial_input("a:utf8", lines);
    struct trial one = {.words = "deduplicate", .window_rows = 10000};
    struct trial many = {
        .words = "deduplicate", .window_rows = 10000, .threads = 4, .memory = 1 << 20};
    trial_run(&one, &module_deduplicate, &input);
    trial_run(&many, &module_deduplicate, &input);
    assert_int_equal(one.output.rows, 100003);
    assert_true(
        array_equal(&one.output.schema->fields[0], one.output.columns[0], many.output.columns[0]));
    assert_int_equal(one.removal_count, many.removal_count);
    for (size_t i = 0; i < one.removal_count; i++) {
        assert_int_equal(one.removals[i].row, many.removals[i].row);
        assert_int_equal(one.removals[i].into_record, many.removals[i].into_record);
    }
    trial_close(&one);
    trial_close(&many);
}

/* ---- pictures ---- */

static void paint(uint64_t *sums, uint32_t *pixels, int kind, int brighter)
{
    for (int y = 0; y < PICTURE_GRID; y++)
        for (int x = 0; x < PICTURE_GRID; x++) {
            int value = kind == 0 ? x * 4 + y : kind == 1 ? (x / 5 + y / 7) % 2 * 120 : 90;
            if (kind == 2) value += (x * y) % 2;
            sums[y * PICTURE_GRID + x] = (uint64_t)(value + brighter) * 1000 * 3;
            pixels[y * PICTURE_GRID + x] = 3;
        }
}

static void looks(void **state)
{
    (void)state;
    uint64_t sums[PICTURE_GRID * PICTURE_GRID];
    uint32_t pixels[PICTURE_GRID * PICTURE_GRID];
    paint(sums, pixels, 0, 0);
    struct look ramp = look_of_grid(sums, pixels);
    paint(sums, pixels, 0, 40);
    struct look brighter = look_of_grid(sums, pixels);
    paint(sums, pixels, 1, 0);
    struct look boxes = look_of_grid(sums, pixels);
    paint(sums, pixels, 2, 0);
    struct look flat = look_of_grid(sums, pixels);
    assert_true(__builtin_popcountll(ramp.bits ^ brighter.bits) <= 2);
    assert_true(__builtin_popcountll(ramp.bits ^ boxes.bits) > 10);
    assert_true(flat.plain && !ramp.plain && !boxes.plain);
    struct look broken;
    assert_int_equal(look_of(str_of("no picture"), &broken, NULL), STATUS_OK);
    assert_true(broken.broken);
}

static void pictures_merge_into_the_nearest_that_stays(void **state)
{
    (void)state;
    struct picture_entry entries[] = {
        {.bytes = {1, 1, 0}, .bits = 0x00},   {.bytes = {2, 2, 1}, .bits = 0x0f},
        {.bytes = {3, 3, 2}, .bits = 0x07},   {.bytes = {4, 4, 3}, .broken = true},
        {.bytes = {4, 4, 4}, .broken = true}, {.bytes = {6, 6, 5}, .plain = true},
        {.bytes = {7, 7, 6}, .plain = true},  {.bytes = {6, 6, 7}, .plain = true},
        {.bytes = {8, 8, 8}, .bits = 0x00},
    };
    uint8_t thumbs[9 * THUMB_BYTES];
    for (size_t i = 0; i < sizeof thumbs; i++)
        thumbs[i] = (uint8_t)(i % THUMB_SIDE * 7);
    /* The last picture has the bits of the first, and shows something else. */
    for (size_t i = 8 * THUMB_BYTES; i < sizeof thumbs; i++)
        thumbs[i] = (uint8_t)(i / THUMB_SIDE % THUMB_SIDE * 7);
    struct likeness likeness = {.distance = 3, .similarity = 0.9};
    OWNED(marks_release) struct marks marks = {{0}};
    assert_int_equal(marks_open(&marks, 9, 1 << 20, NULL), STATUS_OK);
    assert_int_equal(pictures_mark(entries, thumbs, 9, &likeness, 2, &marks, NULL), STATUS_OK);
    static const int64_t expected[] = {0, 0, 2, 0, 0, 0, 0, 6, 0};
    for (int i = 0; i < 9; i++)
        assert_int_equal(marks.into[i], expected[i]);
}

/* A smooth pattern, turned by `angle` and enlarged. */
static void paint_thumb(uint8_t *thumb, double angle, double scale, bool mirrored)
{
    for (int y = 0; y < THUMB_SIDE; y++)
        for (int x = 0; x < THUMB_SIDE; x++) {
            double u = (x - 15.5) * (mirrored ? -1 : 1), v = y - 15.5;
            double p = (u * cos(angle) - v * sin(angle)) * scale;
            double q = (u * sin(angle) + v * cos(angle)) * scale;
            double value = 120 + 60 * sin(p / 3) * cos(q / 5) + 40 * sin(q / 4 + p / 9);
            thumb[y * THUMB_SIDE + x] = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
        }
}

static void alignment_undoes_small_turns_and_crops(void **state)
{
    (void)state;
    uint8_t straight[THUMB_BYTES], turned[THUMB_BYTES], cropped[THUMB_BYTES], mirror[THUMB_BYTES],
        other[THUMB_BYTES];
    paint_thumb(straight, 0, 1, false);
    paint_thumb(turned, 0.09, 1, false);
    paint_thumb(cropped, 0, 0.9, false);
    paint_thumb(mirror, 0.05, 1, true);
    paint_thumb(other, 1.2, 1.7, false);
    assert_true(thumbs_correlate(straight, straight, false) > 0.9999);
    assert_true(thumbs_align(straight, turned, false) > 0.98);
    assert_true(thumbs_align(straight, turned, false) > thumbs_correlate(straight, turned, false));
    assert_true(thumbs_align(straight, cropped, false) > 0.98);
    assert_true(thumbs_align(straight, mirror, true) > 0.98);
    assert_true(thumbs_align(straight, other, false) < 0.9);
}

static void refuses_what_it_cannot_do(void **state)
{
    (void)state;
    OWNED(batch_release) struct batch input = trial_input("id:int64|image:utf8", "1|a\n");
    struct trial keyless = {.words = "deduplicate method=key"};
    assert_int_equal(trial_try(&keyless, &module_deduplicate, &input), STATUS_USAGE);
    assert_non_null(strstr(keyless.err.message, "method key needs columns"));
    trial_close(&keyless);
    struct trial text = {.words = "deduplicate method=perceptual"};
    assert_int_equal(trial_try(&text, &module_deduplicate, &input), STATUS_USAGE);
    assert_non_null(strstr(text.err.message, "pictures are binary"));
    trial_close(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_rows_become_one),
        cmocka_unit_test(equal_keys_become_one),
        cmocka_unit_test(few_rows_are_no_trouble),
        cmocka_unit_test(survivors_follow_their_rule),
        cmocka_unit_test(provenance_is_not_compared_but_kept),
        cmocka_unit_test(spilling_and_threads_change_nothing),
        cmocka_unit_test(looks),
        cmocka_unit_test(pictures_merge_into_the_nearest_that_stays),
        cmocka_unit_test(alignment_undoes_small_turns_and_crops),
        cmocka_unit_test(refuses_what_it_cannot_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
