/* base/help_screen.c: the text of --help: the fullest form that fits on one screen. */
#include "base/help_layout.h"
#include "base/option.h"

#include <ctype.h>
#include <stdio.h>

#define EXAMPLES_LEAST    2
#define WIDEST            100
#define SUBCOMMAND_COLUMN 12

/* What a form tells; a form further down tells less. */
struct form {
    bool details, subcommands, options, common; /* described, else named */
    size_t examples;                            /* at most */
};

static const struct form forms[] = {
    {true, true, true, true, SIZE_MAX},   {true, true, true, false, SIZE_MAX},
    {false, true, true, false, SIZE_MAX}, {false, true, true, false, 3},
    {true, true, false, false, SIZE_MAX}, {false, true, false, false, SIZE_MAX},
    {false, true, false, false, 3},       {false, false, false, false, SIZE_MAX},
    {false, false, false, false, 3},      {false, false, false, false, EXAMPLES_LEAST},
};

struct screen {
    const struct command *command;
    const char *path;
    size_t columns;
    struct bytes *ret;
};

static bool is_option(const struct setting *row)
{
    return row->kind != SETTING_TREE && row->kind != SETTING_REST;
}

/* "-o --output, --threads" for the rows of one table. */
static enum status append_names(const struct screen *screen, const struct setting *table,
                                bool common, struct bytes *ret, struct err *err)
{
    for (const struct setting *row = table; row != NULL && row->name != NULL; row++) {
        char name[64];
        if (!is_option(row) || (common && !command_has_common(screen->command, row))) continue;
        setting_spelled(row, SPELL_OPTION, name, sizeof name);
        TRY(bytes_append_text(ret, ret->size > 0 ? ", " : "", err));
        if (row->letter != '\0') TRY(bytes_format(ret, err, "-%c/", row->letter));
        TRY(bytes_format(ret, err, "--%s", name));
    }
    return STATUS_OK;
}

static enum status append_subcommand_names(const struct screen *screen, struct bytes *ret,
                                           struct err *err)
{
    for (size_t i = 0; screen->command->subcommands[i] != NULL; i++)
        TRY(bytes_format(ret, err, "%s%s", i > 0 ? ", " : "",
                         screen->command->subcommands[i]->name));
    return STATUS_OK;
}

/* The names behind "Options:", wrapped. */
static enum status add_named(const struct screen *screen, const char *heading,
                             const struct bytes *names, struct err *err)
{
    size_t column = strlen(heading) + 1;
    if (names->size == 0) return STATUS_OK;
    TRY(bytes_format(screen->ret, err, "%s ", heading));
    return help_wrapped(screen->ret, (struct str){(const char *)names->data, names->size}, column,
                        2, screen->columns, err);
}

static enum status add_subcommands(const struct screen *screen, bool described, struct err *err)
{
    OWNED(bytes_release) struct bytes names = bytes_limited(64u << 10);
    const struct command *const *subcommands = screen->command->subcommands;
    if (subcommands == NULL) return STATUS_OK;
    if (!described) {
        TRY(append_subcommand_names(screen, &names, err));
        return add_named(screen, "Subcommands:", &names, err);
    }
    TRY(bytes_append_text(screen->ret, "Subcommands:\n", err));
    for (size_t i = 0; subcommands[i] != NULL; i++) {
        TRY(bytes_format(screen->ret, err, "  %-9s ", subcommands[i]->name));
        TRY(help_wrapped(screen->ret, str_of(subcommands[i]->summary), SUBCOMMAND_COLUMN,
                         SUBCOMMAND_COLUMN, screen->columns, err));
    }
    return STATUS_OK;
}

static enum status add_options(const struct screen *screen, const char *heading,
                               const struct setting *table, bool common, bool described,
                               struct err *err)
{
    OWNED(bytes_release) struct bytes names = bytes_limited(64u << 10);
    TRY(append_names(screen, table, common, &names, err));
    if (names.size == 0) return STATUS_OK;
    if (!described) return add_named(screen, heading, &names, err);
    TRY(bytes_format(screen->ret, err, "%s\n", heading));
    for (const struct setting *row = table; row->name != NULL; row++) {
        if (!is_option(row) || (common && !command_has_common(screen->command, row))) continue;
        TRY(help_setting(screen->ret, row, SPELL_OPTION, screen->columns, err));
    }
    return STATUS_OK;
}

static enum status add_examples(const struct screen *screen, size_t most, struct err *err)
{
    const char *from = screen->command->examples;
    if (from == NULL) return STATUS_OK;
    TRY(bytes_append_text(screen->ret, "\nExamples:\n", err));
    for (size_t i = 0; *from != '\0' && i < most;) {
        size_t size = strcspn(from, "\n");
        TRY(bytes_format(screen->ret, err, "  %.*s\n", (int)size, from));
        i += size == 0 || from[size - 1] != '\\'; /* else it goes on */
        from += size + (from[size] == '\n');
    }
    return STATUS_OK;
}

static enum status add_summary(const struct screen *screen, bool details, struct err *err)
{
    const struct command *command = screen->command;
    TRY(bytes_format(screen->ret, err, "%c%s.\n", toupper((unsigned char)command->summary[0]),
                     command->summary + 1));
    if (!details || command->details == NULL) return STATUS_OK;
    return help_paragraphs(screen->ret, command->details, screen->columns, err);
}

static enum status write_form(const struct screen *screen, const struct form *form, struct err *err)
{
    TRY(help_usage(screen->command, screen->path, screen->ret, err));
    TRY(add_summary(screen, form->details, err));
    TRY(bytes_append_text(screen->ret, "\n", err));
    TRY(add_subcommands(screen, form->subcommands, err));
    TRY(add_options(screen, "Options:", screen->command->options, false, form->options, err));
    TRY(add_options(screen, "Common options:", common_options, true, form->common, err));
    TRY(add_examples(screen, form->examples, err));
    if (form->details && form->common && form->options) return STATUS_OK;
    TRY(bytes_format(screen->ret, err, "\nMore: %s --help-all, man ", screen->path));
    for (const char *c = screen->path; *c != '\0'; c++)
        TRY(bytes_append(screen->ret, *c == ' ' ? "-" : c, 1, err));
    return bytes_append_text(screen->ret, "\n", err);
}

static size_t count_lines(const struct bytes *text)
{
    size_t lines = 0;
    for (size_t i = 0; i < text->size; i++)
        lines += text->data[i] == '\n';
    return lines;
}

enum status help_screen(const struct command *command, const char *path, size_t rows,
                        size_t columns, struct bytes *ret, struct err *err)
{
    size_t count = sizeof forms / sizeof forms[0];
    struct screen screen = {command, path, columns < WIDEST ? columns : WIDEST, ret};
    for (size_t i = 0; i < count; i++) {
        ret->size = 0;
        TRY(write_form(&screen, &forms[i], err));
        if (count_lines(ret) < rows) return STATUS_OK; /* the prompt takes a line */
    }
    return STATUS_OK;
}
