/* tests/unit/base/test_help.c: help text and man page. */
#include "folder.h"

#include "base/help.h"
#include "sample.h"

enum status sample_run(struct invocation *invocation, struct err *err)
{
    (void)invocation, (void)err;
    return STATUS_OK;
}

/* NUL-terminated text of one page. */
static const char *text_of(const struct command *command, const char *program,
                           enum status (*page)(const struct command *, const char *, struct bytes *,
                                               struct err *))
{
    static char text[32768];
    struct err err = {0};
    OWNED(bytes_release) struct bytes bytes = bytes_limited(sizeof text - 1);
    CHECK_OK(page(command, program, &bytes, &err), &err);
    memcpy(text, bytes.data, bytes.size);
    text[bytes.size] = '\0';
    return text;
}

static void holds(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) fail_msg("\"%s\" is not in:\n%s", part, text);
}

static void help_has_every_row(void **state)
{
    (void)state;
    const char *text = text_of(&sample_clean, "tamis-sample", help_text);
    holds(text, "Usage: tamis-sample [OPTION...] [INPUT]\n");
    holds(text, "Do as a sample does.\n");
    holds(text, "  -r, --recipe FILE         the recipe\n");
    holds(text, "      --on-fail flag|null|fix|reject\n");
    holds(text, "what to do with it (default flag)");
    holds(text, "how many (1 to 10; default 3)");
    holds(text, "      --memory SIZE ");
    holds(text, "  put                       store a version\n");
    holds(text, "\n  kept as\n  it is");
    holds(text, "Examples:\n  tamis-sample -m 'impute columns=age' x.arrow\n");
    for (const char *line = text; *line != '\0';) {
        size_t size = strcspn(line, "\n");
        assert_true(size <= 92);
        line += size + 1;
    }
}

static void refused_options_are_not_shown(void **state)
{
    (void)state;
    const char *text = text_of(&sample_put, "tamis-sample put", help_text);
    holds(text, "Usage: tamis-sample put [OPTION...] VIEW [FILE]\n");
    assert_null(strstr(text, "--explain"));
    assert_null(strstr(text, "--json"));
}

static size_t lines_of(const char *text)
{
    size_t lines = 0;
    for (; *text != '\0'; text++)
        lines += *text == '\n';
    return lines;
}

static const char *screen_of(const struct command *command, const char *path, size_t rows,
                             size_t columns)
{
    static char text[32768];
    struct err err = {0};
    OWNED(bytes_release) struct bytes bytes = bytes_limited(sizeof text - 1);
    CHECK_OK(help_screen(command, path, rows, columns, &bytes, &err), &err);
    memcpy(text, bytes.data, bytes.size);
    text[bytes.size] = '\0';
    return text;
}

/* The more room there is, the more is told; the names of all options and an example always are. */
static void a_screen_holds_what_fits(void **state)
{
    (void)state;
    size_t before = 0;
    for (size_t rows = 24; rows <= 96; rows += 8) {
        const char *text = screen_of(&sample_clean, "tamis-sample", rows, 80);
        size_t lines = lines_of(text);
        assert_true(lines < rows && lines >= before);
        before = lines;
        holds(text, "Usage: tamis-sample [OPTION...] [INPUT]\n");
        holds(text, "--on-fail");
        holds(text, "--log-format");
        holds(text, "Examples:\n  tamis-sample -m 'impute columns=age' x.arrow\n");
    }
    holds(screen_of(&sample_clean, "tamis-sample", 24, 80),
          "More: tamis-sample --help-all, man tam");
    holds(screen_of(&sample_clean, "tamis-sample", 96, 80), "how messages are written on stderr");
    assert_null(strstr(screen_of(&sample_clean, "tamis-sample", 96, 80), "More:"));
    for (const char *line = screen_of(&sample_clean, "tamis-sample", 24, 60); *line != '\0';) {
        size_t size = strcspn(line, "\n");
        assert_true(size <= 60 || strncmp(line, "More: ", 6) == 0);
        line += size + 1;
    }
}

static void settings_spelled_for_yaml(void **state)
{
    (void)state;
    struct err err = {0};
    OWNED(bytes_release) struct bytes bytes = bytes_limited(4096);
    CHECK_OK(help_settings(sample_options, SPELL_YAML, &bytes, &err), &err);
    CHECK_OK(bytes_append(&bytes, "", 1, &err), &err);
    holds((const char *)bytes.data, "  on_fail: flag|null|fix|reject\n");
    holds((const char *)bytes.data, "  sure: true|false ");
}

/* mandoc is the judge where it is installed. */
static void man_pages_are_clean(void **state)
{
    (void)state;
    if (system("command -v mandoc >/dev/null") != 0) skip();
    const struct command *const commands[] = {&sample_clean, &sample_put, &sample_features};
    const char *const programs[] = {"tamis-sample", "tamis-sample put", "tamis-only"};
    for (size_t i = 0; i < 3; i++) {
        const char *text = text_of(commands[i], programs[i], help_man);
        file_write("page.1", text);
        /* the pages it refers to are not here: tests/house/manual.sh has all of them */
        (void)!system("mandoc -T lint -W style page.1 | grep -v 'manual not found' >lint");
        assert_string_equal(file_read("lint"), "");
    }
    file_write("page.1", text_of(&sample_clean, "tamis-sample", help_man));
    assert_int_equal(system("mandoc -T ascii page.1 | col -b >shown"), 0);
    holds(file_read("shown"), ".Not a macro");
    holds(file_read("shown"), "it is -- \\fBsafe\\fR");
    holds(file_read("shown"), "--memory SIZE");
    holds(file_read("shown"), "SEE ALSO");
    holds(file_read("shown"), "tamis-sample");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(help_has_every_row),       cmocka_unit_test(refused_options_are_not_shown),
        cmocka_unit_test(a_screen_holds_what_fits), cmocka_unit_test(settings_spelled_for_yaml),
        cmocka_unit_test(man_pages_are_clean),
    };
    return cmocka_run_group_tests_name("base help", tests, folder_enter, folder_leave);
}
