/* base/man.c: the text of --man: an mdoc(7) page from the tables, free of mandoc's complaints. */
#include "base/help.h"
#include "base/option.h"

#include <ctype.h>
#include <stdio.h>

#define RELEASE_DATE "November 24, 2026"
#define LINE_WIDTH   76 /* mandoc asks for lines below 80 */
#define PAGE_NAME    128

/* ---- escapes ---- */

/* Backslashes would be escapes, and a minus a typographic hyphen. */
static enum status add_escaped(struct bytes *ret, struct str text, struct err *err)
{
    for (size_t i = 0; i < text.size; i++) {
        const char *escape = text.data[i] == '\\' ? "\\e" : text.data[i] == '-' ? "\\-" : NULL;
        if (escape != NULL)
            TRY(bytes_append_text(ret, escape, err));
        else
            TRY(bytes_append(ret, text.data + i, 1, err));
    }
    return STATUS_OK;
}

/* A word behind a macro: quoted, and kept from being taken for a macro or for punctuation. */
static enum status add_argument(struct bytes *ret, const char *text, struct err *err)
{
    TRY(bytes_append_text(ret, " \"\\&", err));
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '"')
            TRY(bytes_append_text(ret, "\\(dq", err));
        else
            TRY(add_escaped(ret, (struct str){c, 1}, err));
    }
    return bytes_append_text(ret, "\"", err);
}

static bool ends_sentence(struct str word)
{
    return word.size > 1 && strchr(".?!", word.data[word.size - 1]) != NULL;
}

/* Filled text: a new line for each sentence, no line above LINE_WIDTH, none that begins with a
 * control character of roff. */
static enum status add_filled(struct bytes *ret, struct str text, struct err *err)
{
    size_t column = 0;
    for (size_t i = 0; i < text.size;) {
        while (i < text.size && isspace((unsigned char)text.data[i]))
            i++;
        struct str word = {text.data + i, 0};
        while (i < text.size && !isspace((unsigned char)text.data[i]))
            i++;
        word.size = (size_t)(text.data + i - word.data);
        if (word.size == 0) break;
        if (column > 0 && column + 1 + word.size > LINE_WIDTH) {
            TRY(bytes_append_text(ret, "\n", err));
            column = 0;
        }
        if (column > 0) TRY(bytes_append_text(ret, " ", err));
        if (column == 0 && (word.data[0] == '.' || word.data[0] == '\''))
            TRY(bytes_append_text(ret, "\\&", err));
        TRY(add_escaped(ret, word, err));
        column += word.size + 1;
        if (ends_sentence(word)) {
            TRY(bytes_append_text(ret, "\n", err));
            column = 0;
        }
    }
    return column > 0 ? bytes_append_text(ret, "\n", err) : STATUS_OK;
}

/* Lines as they are. */
static enum status add_literal(struct bytes *ret, struct str text, struct err *err)
{
    TRY(bytes_append_text(ret, ".Bd -literal\n", err));
    for (size_t i = 0; i < text.size;) {
        const char *end = memchr(text.data + i, '\n', text.size - i);
        size_t size = end == NULL ? text.size - i : (size_t)(end - text.data) - i;
        TRY(bytes_append_text(ret, size > 0 ? "\\&" : "", err));
        TRY(add_escaped(ret, (struct str){text.data + i, size}, err));
        TRY(bytes_append_text(ret, "\n", err));
        i += size + 1;
    }
    return bytes_append_text(ret, ".Ed\n", err);
}

static enum status add_paragraphs(struct bytes *ret, const char *text, struct err *err)
{
    bool first = true, after_literal = false;
    for (const char *from = text; *from != '\0'; first = false) {
        const char *end = strstr(from, "\n\n");
        struct str paragraph = {from, end == NULL ? strlen(from) : (size_t)(end - from)};
        bool literal = *from == ' ';
        if (!first && !literal && !after_literal) TRY(bytes_append_text(ret, ".Pp\n", err));
        if (literal)
            TRY(add_literal(ret, paragraph, err));
        else
            TRY(add_filled(ret, paragraph, err));
        after_literal = false;
        from += paragraph.size;
        while (*from == '\n')
            from++;
    }
    return STATUS_OK;
}

/* ---- lists ---- */

static enum status add_option(struct bytes *ret, const struct setting *setting, struct err *err)
{
    char name[64], placeholder[64], sentence[1024];
    setting_spelled(setting, SPELL_OPTION, name, sizeof name);
    TRY(bytes_append_text(ret, ".It", err));
    if (setting->letter != '\0') TRY(bytes_format(ret, err, " Fl %c ,", setting->letter));
    TRY(bytes_append_text(ret, " Fl", err));
    char dashed[80];
    snprintf(dashed, sizeof dashed, "-%s", name);
    TRY(add_argument(ret, dashed, err));
    if (setting_placeholder(setting, placeholder, sizeof placeholder) != NULL) {
        TRY(bytes_append_text(ret, " Ar", err));
        TRY(add_argument(ret, placeholder, err));
    }
    TRY(bytes_append_text(ret, "\n", err));
    setting_sentence(setting, sentence, sizeof sentence);
    sentence[0] = (char)toupper((unsigned char)sentence[0]);
    size_t size = strlen(sentence);
    if (size + 1 < sizeof sentence) memcpy(sentence + size, ".", 2);
    return add_filled(ret, str_of(sentence), err);
}

static enum status add_options(const struct command *command, struct bytes *ret, struct err *err)
{
    TRY(bytes_append_text(ret, ".Sh OPTIONS\n.Bl -tag -width Ds\n", err));
    for (const struct setting *row = command->options; row != NULL && row->name != NULL; row++)
        if (row->kind != SETTING_TREE && row->kind != SETTING_REST) TRY(add_option(ret, row, err));
    for (const struct setting *row = common_options; row->name != NULL; row++)
        if (command_has_common(command, row)) TRY(add_option(ret, row, err));
    return bytes_append_text(ret, ".El\n", err);
}

static enum status add_subcommands(const struct command *command, struct bytes *ret,
                                   struct err *err)
{
    TRY(bytes_append_text(ret, ".Sh SUBCOMMANDS\n.Bl -tag -width Ds\n", err));
    for (size_t i = 0; command->subcommands[i] != NULL; i++) {
        const struct command *sub = command->subcommands[i];
        TRY(bytes_append_text(ret, ".It Cm", err));
        TRY(add_argument(ret, sub->name, err));
        if (sub->operands != NULL && sub->operands[0] != '\0') {
            TRY(bytes_append_text(ret, " Ar", err));
            TRY(add_argument(ret, sub->operands, err));
        }
        TRY(bytes_format(ret, err, "\n%c", toupper((unsigned char)sub->summary[0])));
        TRY(add_filled(ret, str_of(sub->summary + 1), err));
    }
    return bytes_append_text(ret, ".El\n", err);
}

/* ---- the page ---- */

/* "tamis-features put" as "tamis-features-put". */
static const char *page_name(const char *path, char *ret, size_t room)
{
    snprintf(ret, room, "%s", path);
    for (char *c = ret; *c != '\0'; c++)
        if (*c == ' ') *c = '-';
    return ret;
}

static enum status add_synopsis(const struct command *command, const char *path, struct bytes *ret,
                                struct err *err)
{
    TRY(bytes_append_text(ret, "\n.Sh SYNOPSIS\n", err));
    if (command->run != NULL) {
        TRY(bytes_append_text(ret, ".Nm", err));
        TRY(add_argument(ret, path, err));
        TRY(bytes_append_text(ret, "\n.Op Ar option ...\n", err));
        if (command->operands != NULL && command->operands[0] != '\0') {
            TRY(bytes_append_text(ret, ".Ar", err));
            TRY(add_argument(ret, command->operands, err));
            TRY(bytes_append_text(ret, "\n", err));
        }
    }
    if (command->subcommands == NULL) return STATUS_OK;
    TRY(bytes_append_text(ret, ".Nm", err));
    TRY(add_argument(ret, path, err));
    return bytes_append_text(ret, "\n.Ar subcommand\n.Op Ar option ...\n", err);
}

static enum status add_head(const struct command *command, const char *path, struct bytes *ret,
                            struct err *err)
{
    char page[PAGE_NAME];
    page_name(path, page, sizeof page);
    TRY(bytes_append_text(ret, ".Dd " RELEASE_DATE "\n.Dt ", err));
    for (const char *c = page; *c != '\0'; c++) {
        char upper = (char)toupper((unsigned char)*c);
        TRY(bytes_append(ret, &upper, 1, err));
    }
    TRY(bytes_format(ret, err, " 1\n.Os \"tamis %s\"\n.Sh NAME\n.Nm %s\n.Nd ", tamis_version(),
                     page));
    TRY(add_escaped(ret, str_of(command->summary), err));
    return add_synopsis(command, path, ret, err);
}

static const char environment_section[] =
    ".Sh ENVIRONMENT\n"
    ".Bl -tag -width Ds\n"
    ".It Ev TAMIS_STORE\n"
    "The store directory where\n"
    ".Fl \\-store\n"
    "is not given.\n"
    ".It Ev TAMIS_CPU\n"
    "v1, v2, v3 or v4: run at this x86\\-64 level instead of the best one.\n"
    "Results do not depend on it.\n"
    ".It Ev TMPDIR\n"
    "Where temporary files go, else\n"
    ".Pa /tmp .\n"
    ".It Ev NO_COLOR\n"
    "Where it is set to anything, messages and tables have no colors.\n"
    ".It Ev TERM\n"
    "dumb: neither colors nor a progress line that is drawn again.\n"
    ".El\n";

static const char exit_section[] =
    ".Sh EXIT STATUS\n"
    ".Bl -tag -width Ds\n"
    ".It 0\n"
    "Done.\n"
    ".It 1\n"
    "Failed: I/O, corrupt or truncated input, full disk, lost peer.\n"
    "Nothing half\\-written is left.\n"
    ".It 2\n"
    "The command line or the configuration is wrong.\n"
    ".It 3\n"
    "Done, but the data failed its checks.\n"
    ".It 75\n"
    "Busy: a lock is held; the message names the holder.\n"
    ".It 130 , 143\n"
    "Interrupted or terminated by a signal.\n"
    ".It 141\n"
    "The reader of standard output is gone.\n"
    ".El\n";

/* ---- other pages ---- */

static enum status add_reference(struct bytes *ret, const char *page, bool *first, struct err *err)
{
    TRY(bytes_append_text(ret, *first ? ".Xr " : " ,\n.Xr ", err));
    *first = false;
    return bytes_format(ret, err, "%s 1", page);
}

/* The pages of the subcommands, which begin with this page's name and stand behind it. */
static enum status add_sub_references(const struct command *command, const char *page,
                                      struct bytes *ret, bool *first, struct err *err)
{
    char name[2 * PAGE_NAME], after[PAGE_NAME] = "";
    for (;;) { /* by name, whatever order the table has */
        const char *next = NULL;
        for (size_t i = 0; command->subcommands != NULL && command->subcommands[i] != NULL; i++) {
            const char *sub = command->subcommands[i]->name;
            if (strcmp(sub, after) > 0 && (next == NULL || strcmp(sub, next) < 0)) next = sub;
        }
        if (next == NULL) return STATUS_OK;
        snprintf(name, sizeof name, "%s-%s", page, next);
        snprintf(after, sizeof after, "%s", next);
        TRY(add_reference(ret, name, first, err));
    }
}

/* The programs, the page above this one, and those below it; sorted. */
static enum status add_references(const struct command *command, const char *path,
                                  struct bytes *ret, struct err *err)
{
    static const char *const programs[] = {"tamis-clean", "tamis-features", "tamis-ingest"};
    char page[PAGE_NAME], above[PAGE_NAME];
    bool first = true;
    page_name(path, page, sizeof page);
    page_name(path, above, sizeof above);
    const char *last_word = strrchr(path, ' ');
    if (last_word != NULL) above[last_word - path] = '\0';
    TRY(bytes_append_text(ret, ".Sh SEE ALSO\n", err));
    for (size_t i = 0; i < sizeof programs / sizeof programs[0]; i++) {
        bool here = strncmp(page, programs[i], strlen(programs[i])) == 0;
        if (strcmp(page, programs[i]) != 0) TRY(add_reference(ret, programs[i], &first, err));
        if (here && strcmp(above, programs[i]) != 0 && strcmp(above, page) != 0)
            TRY(add_reference(ret, above, &first, err));
        if (here) TRY(add_sub_references(command, page, ret, &first, err));
    }
    return bytes_append_text(ret, "\n", err);
}

enum status help_man(const struct command *command, const char *path, struct bytes *ret,
                     struct err *err)
{
    TRY(add_head(command, path, ret, err));
    TRY(bytes_append_text(ret, ".Sh DESCRIPTION\n", err));
    if (command->details != NULL) {
        TRY(add_paragraphs(ret, command->details, err));
    } else {
        TRY(bytes_format(ret, err, "%c", toupper((unsigned char)command->summary[0])));
        TRY(add_filled(ret, str_of(command->summary + 1), err));
    }
    if (command->subcommands != NULL) TRY(add_subcommands(command, ret, err));
    TRY(add_options(command, ret, err));
    TRY(bytes_append_text(ret, environment_section, err));
    TRY(bytes_append_text(ret, exit_section, err));
    if (command->examples != NULL) {
        TRY(bytes_append_text(ret, ".Sh EXAMPLES\n", err));
        TRY(add_literal(ret, str_of(command->examples), err));
    }
    return add_references(command, path, ret, err);
}
