/* tests/unit/base/test_metrics_file.c: the text format, what is carried over, what is refused. */
#include "folder.h"

#include "base/clock.h"
#include "base/metrics_file.h"

#include <math.h>

static char text[65536];

static const char *written(const char *path)
{
    snprintf(text, sizeof text, "%s", file_read(path));
    return text;
}

/* One run of "task"; the exit code is what is told. */
static void write_run(const char *path, int exit_code, int64_t ended, const struct measure *more,
                      size_t count)
{
    struct err err = {0};
    struct arena *arena = NULL;
    assert_int_equal(arena_open(&arena, &err), STATUS_OK);
    struct measures measures = {.arena = arena};
    for (size_t i = 0; i < count; i++)
        assert_int_equal(measures_set(&measures, more[i].name, more[i].value, more[i].unit, &err),
                         STATUS_OK);
    struct metrics_end end = {
        .command = "tamis-test", .exit_code = exit_code, .began = 1000000, .ended = ended};
    assert_int_equal(metrics_file_write(path, &measures, &end, &err), STATUS_OK);
    arena_close(&arena);
}

static size_t count_of(const char *needle)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, needle)) != NULL; at++)
        count++;
    return count;
}

static void a_family_has_one_head(void **state)
{
    (void)state;
    const struct measure measures[] = {
        {"rows_in", 7, "rows"}, {"rows_in", 8, "rows"}, {"auc", 0.5, ""}, {"loss", 0.25, ""}};
    write_run("night.prom", 0, 2000000, measures, 4);
    written("night.prom");
    assert_int_equal(count_of("# HELP tamis_run_rows_in "), 1);
    assert_int_equal(count_of("# TYPE tamis_run_measure gauge\n"), 1);
    assert_non_null(strstr(text, "\ntamis_run_rows_in{task=\"night\",command=\"tamis-test\"} 8\n"));
    assert_non_null(strstr(text, "command=\"tamis-test\",name=\"auc\",unit=\"\"} 0.5\n"));
    assert_non_null(strstr(text, "tamis_run_end_timestamp_seconds{task=\"night\","
                                 "command=\"tamis-test\"} 2\n"));
}

static void labels_are_escaped_and_numbers_spelled(void **state)
{
    (void)state;
    const struct measure measures[] = {{"a\"b\\c\nd\xff", NAN, "x"}, {"up", INFINITY, ""}};
    write_run("we \"ird.prom", 0, 2000000, measures, 2);
    written("we \"ird.prom");
    assert_non_null(strstr(text, "{task=\"we \\\"ird\","));
    assert_non_null(strstr(text, "name=\"a\\\"b\\\\c\\\\nd\\\\xff\",unit=\"x\"} NaN\n"));
    assert_non_null(strstr(text, "name=\"up\",unit=\"\"} +Inf\n"));
}

static void a_failure_keeps_the_last_success(void **state)
{
    (void)state;
#define LAST "last_success_timestamp_seconds{task=\"job\",command=\"tamis-test\"} "
    write_run("job.prom", 1, 2000000, NULL, 0);
    assert_non_null(strstr(written("job.prom"), LAST "0\n"));
    write_run("job.prom", 0, 3500000, NULL, 0);
    assert_non_null(strstr(written("job.prom"), LAST "3.5\n"));
    write_run("job.prom", 3, 9000000, NULL, 0);
    assert_non_null(strstr(written("job.prom"), LAST "3.5\n"));
    assert_non_null(strstr(text, "tamis_run_exit_code{task=\"job\",command=\"tamis-test\"} 3\n"));
    assert_non_null(strstr(text, "tamis_run_success{task=\"job\",command=\"tamis-test\"} 0\n"));
}

static void a_file_of_others_is_no_success(void **state)
{
    (void)state;
    file_write("other.prom", "tamis_run_last_success_timestamp_seconds{} -Inf\n\n\xff junk");
    write_run("other.prom", 1, 2000000, NULL, 0);
    assert_non_null(strstr(written("other.prom"), "last_success_timestamp_seconds{task=\"other\","
                                                  "command=\"tamis-test\"} 0\n"));
}

static void other_endings_are_refused(void **state)
{
    (void)state;
    assert_int_equal(metrics_file_check("a.prom", NULL), STATUS_OK);
    assert_int_equal(metrics_file_check(".prom", NULL), STATUS_USAGE);
    assert_int_equal(metrics_file_check("a.prom.txt", NULL), STATUS_USAGE);
}

static void resources_are_measured(void **state)
{
    (void)state;
    struct measure taken[RESOURCES];
    resources_measure(taken, clock_seconds() - 2, 3);
    assert_string_equal(taken[0].name, "wall_seconds");
    assert_true(taken[0].value >= 2);
    assert_true(taken[5].value > 0); /* peak_resident_bytes */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_family_has_one_head),
        cmocka_unit_test(labels_are_escaped_and_numbers_spelled),
        cmocka_unit_test(a_failure_keeps_the_last_success),
        cmocka_unit_test(a_file_of_others_is_no_success),
        cmocka_unit_test(other_endings_are_refused),
        cmocka_unit_test(resources_are_measured),
    };
    return cmocka_run_group_tests_name("base metrics file", tests, folder_enter, folder_leave);
}
