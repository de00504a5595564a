/* tests/unit/base/test_terminal.c */
#include "check.h"

#include "base/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void width_counts_what_is_seen(void **state)
{
    (void)state;
    assert_int_equal(text_width(""), 0);
    assert_int_equal(text_width("abc"), 3);
    assert_int_equal(text_width("Z\u00fcrich"), 6);
    assert_int_equal(text_width("\u65e5\u672c"), 4); /* wide */
    assert_int_equal(text_width("e\u0301"), 1);      /* an accent of its own takes no column */
    assert_int_equal(text_width("a\xff\xfe"), 3);    /* no UTF-8: byte by byte */
}

static void cut_to(const char *text, size_t columns, const char *wanted)
{
    char copy[64];
    strcpy(copy, text);
    text_cut(copy, columns);
    assert_string_equal(copy, wanted);
    assert_true(text_width(copy) <= columns);
}

static void cut_between_characters(void **state)
{
    (void)state;
    cut_to("abcdef", 6, "abcdef");
    cut_to("abcdef", 5, "ab...");
    cut_to("abcdef", 3, "...");
    cut_to("abcdef", 1, ".");
    cut_to("\u65e5\u672c\u8a9e", 6, "\u65e5\u672c\u8a9e");
    cut_to("\u65e5\u672c\u8a9e", 5, "\u65e5...");
    cut_to("\u65e5\u672c\u8a9e", 4, "...");
}

/* tests/terminal/screen.py has the same on a terminal. */
static void no_terminal_no_colors(void **state)
{
    (void)state;
    int pipe_ends[2];
    assert_int_equal(pipe(pipe_ends), 0);
    setenv("TERM", "xterm", 1);
    assert_false(terminal_redraws(pipe_ends[1]));
    assert_false(terminal_colors(pipe_ends[1]));
    assert_string_equal(terminal_style(pipe_ends[1], STYLE_ERROR), "");
    assert_int_equal(terminal_columns(pipe_ends[1], 77), 77);
    assert_int_equal(terminal_rows(pipe_ends[1], 33), 33);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(width_counts_what_is_seen),
        cmocka_unit_test(cut_between_characters),
        cmocka_unit_test(no_terminal_no_colors),
    };
    return cmocka_run_group_tests_name("base terminal", tests, NULL, NULL);
}
