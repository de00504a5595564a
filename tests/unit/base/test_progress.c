/* tests/unit/base/test_progress.c */
#include "folder.h"

#include "base/parallel.h"
#include "base/progress.h"

static enum status add_ten(void *context, size_t index, struct err *err)
{
    (void)index, (void)err;
    progress_add(context, 10);
    return STATUS_OK;
}

static const char *lines_of(const struct common *common)
{
    struct err err = {0};
    struct progress *progress = NULL;
    fflush(NULL);
    int old_err = dup(STDERR_FILENO);
    assert_non_null(freopen("err", "w", stderr));
    CHECK_OK(progress_open(&progress, common, "reading", "rows", 2000, &err), &err);
    CHECK_OK(parallel_for(4, 100, progress, add_ten, &err), &err);
    progress_close(&progress);
    assert_null(progress);
    fflush(NULL);
    dup2(old_err, STDERR_FILENO);
    close(old_err);
    return file_read("err");
}

static void silent_unless_on_a_terminal_or_asked(void **state)
{
    (void)state;
    struct common automatic = {.progress = PROGRESS_AUTO}, never = {.progress = PROGRESS_NEVER},
                  always = {.progress = PROGRESS_ALWAYS};
    assert_string_equal(lines_of(&automatic), "");
    assert_string_equal(lines_of(&never), "");
    const char *text = lines_of(&always);
    assert_non_null(strstr(text, "reading: 1.0 k rows, "));
    assert_non_null(strstr(text, "50 %"));
}

static void nothing_to_add_to(void **state)
{
    (void)state;
    struct progress *none = NULL;
    progress_add(NULL, 5);
    progress_close(&none);
    progress_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(silent_unless_on_a_terminal_or_asked),
        cmocka_unit_test(nothing_to_add_to),
    };
    return cmocka_run_group_tests_name("base progress", tests, folder_enter, folder_leave);
}
