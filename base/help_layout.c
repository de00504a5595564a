/* base/help_layout.c: lines of help: wrapped words, entries with a term on the left, paragraphs. */
#include "base/help_layout.h"

#include <ctype.h>
#include <stdio.h>

#define TEXT_COLUMN 28 /* where descriptions begin */

static enum status add_blanks(struct bytes *ret, size_t count, struct err *err)
{
    return bytes_format(ret, err, "%*s", (int)count, "");
}

enum status help_wrapped(struct bytes *ret, struct str text, size_t column, size_t indent,
                         size_t width, struct err *err)
{
    bool first = true;
    for (size_t i = 0; i < text.size;) {
        while (i < text.size && isspace((unsigned char)text.data[i]))
            i++;
        size_t from = i;
        while (i < text.size && !isspace((unsigned char)text.data[i]))
            i++;
        size_t size = i - from;
        if (size == 0) break;
        if (!first && column + 1 + size > width) {
            TRY(bytes_append_text(ret, "\n", err));
            TRY(add_blanks(ret, indent, err));
            column = indent;
        } else if (!first) {
            TRY(bytes_append_text(ret, " ", err));
            column++;
        }
        TRY(bytes_append(ret, text.data + from, size, err));
        column += size;
        first = false;
    }
    return bytes_append_text(ret, "\n", err);
}

enum status help_paragraphs(struct bytes *ret, const char *text, size_t width, struct err *err)
{
    for (const char *from = text; *from != '\0';) {
        const char *end = strstr(from, "\n\n");
        size_t size = end == NULL ? strlen(from) : (size_t)(end - from);
        TRY(bytes_append_text(ret, "\n", err));
        if (*from == ' ') {
            TRY(bytes_append(ret, from, size, err));
            if (size > 0 && from[size - 1] != '\n') TRY(bytes_append_text(ret, "\n", err));
        } else {
            TRY(help_wrapped(ret, (struct str){from, size}, 0, 0, width, err));
        }
        from += size;
        while (*from == '\n')
            from++;
    }
    return STATUS_OK;
}

enum status help_entry(struct bytes *ret, const char *term, const char *text, size_t width,
                       struct err *err)
{
    size_t column = 2 + strlen(term);
    TRY(bytes_format(ret, err, "  %s", term));
    if (column + 2 > TEXT_COLUMN) {
        TRY(bytes_append_text(ret, "\n", err));
        column = 0;
    }
    TRY(add_blanks(ret, TEXT_COLUMN - column, err));
    return help_wrapped(ret, str_of(text), TEXT_COLUMN, TEXT_COLUMN, width, err);
}

enum status help_setting(struct bytes *ret, const struct setting *setting, enum spelling spelling,
                         size_t width, struct err *err)
{
    char name[64], placeholder[64], term[160], sentence[1024];
    setting_spelled(setting, spelling, name, sizeof name);
    const char *value = setting_placeholder(setting, placeholder, sizeof placeholder);
    if (spelling == SPELL_YAML)
        snprintf(term, sizeof term, "%s: %s", name, value == NULL ? "true|false" : value);
    else if (setting->letter != '\0')
        snprintf(term, sizeof term, "-%c, --%s %s", setting->letter, name,
                 value == NULL ? "" : value);
    else
        snprintf(term, sizeof term, "    --%s %s", name, value == NULL ? "" : value);
    for (size_t size = strlen(term); size > 0 && term[size - 1] == ' '; size--)
        term[size - 1] = '\0';
    return help_entry(ret, term, setting_sentence(setting, sentence, sizeof sentence), width, err);
}

enum status help_usage(const struct command *command, const char *path, struct bytes *ret,
                       struct err *err)
{
    const char *operands = command->operands == NULL ? "" : command->operands;
    const char *blank = operands[0] == '\0' ? "" : " ";
    if (command->run != NULL)
        TRY(bytes_format(ret, err, "Usage: %s [OPTION...]%s%s\n", path, blank, operands));
    if (command->subcommands != NULL)
        TRY(bytes_format(ret, err, "%s %s SUBCOMMAND [OPTION...] ...\n",
                         command->run == NULL ? "Usage:" : "      ", path));
    return STATUS_OK;
}
