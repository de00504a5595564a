/* base/help.c: the text of --help, from the tables. */
#include "base/help.h"
#include "base/option.h"

#include <ctype.h>
#include <stdio.h>

#define WIDTH       92
#define TEXT_COLUMN 28 /* where descriptions begin */

/* ---- words about one setting ---- */

char *setting_spelled(const struct setting *setting, enum spelling spelling, char *ret, size_t room)
{
    snprintf(ret, room, "%s", setting->name);
    for (char *c = ret; *c != '\0'; c++)
        if (*c == '-' || *c == '_') *c = spelling == SPELL_OPTION ? '-' : '_';
    return ret;
}

char *setting_placeholder(const struct setting *setting, char *ret, size_t room)
{
    static const char *const words[] = {
        [SETTING_INT] = "N",     [SETTING_REAL] = "X",      [SETTING_SIZE] = "SIZE",
        [SETTING_TEXT] = "TEXT", [SETTING_CHOICE] = "WORD", [SETTING_TEXTS] = "TEXT",
        [SETTING_TIME] = "TIME", [SETTING_TREE] = "MAP",    [SETTING_REST] = "VALUE",
    };
    if (setting->kind == SETTING_FLAG) return NULL;
    bool short_choice = setting->kind == SETTING_CHOICE && strlen(setting->choices) <= 24;
    snprintf(ret, room, "%s",
             setting->argument != NULL ? setting->argument
             : short_choice            ? setting->choices
                                       : words[setting->kind]);
    return ret;
}

/* "needle" at the end of a growing, cut text. */
static void add_text(char *text, size_t room, const char *format, ...) PRINTF_LIKE(3, 4);
static void add_text(char *text, size_t room, const char *format, ...)
{
    size_t used = strlen(text);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text + used, room - used, format, arguments);
    va_end(arguments);
}

char *setting_sentence(const struct setting *setting, char *ret, size_t room)
{
    char placeholder[64];
    const char *shown = setting_placeholder(setting, placeholder, sizeof placeholder);
    const char *between = "; ";
    snprintf(ret, room, "%s", setting->help == NULL ? "" : setting->help);
    if (setting->kind == SETTING_CHOICE && strcmp(shown, setting->choices) != 0)
        add_text(ret, room, " (one of %s", setting->choices);
    else
        between = " (";
    if (setting->minimum != setting->maximum && setting->kind != SETTING_SIZE &&
        setting->maximum <= 1e9) {
        add_text(ret, room, "%s%.15g to %.15g", between, setting->minimum, setting->maximum);
        between = "; ";
    }
    if (setting->fallback != NULL && setting->kind != SETTING_TREE) {
        add_text(ret, room, "%sdefault %s", between,
                 setting->fallback[0] == '\0' ? "empty" : setting->fallback);
        between = "; ";
    }
    if (strcmp(between, "; ") == 0) add_text(ret, room, ")");
    return ret;
}

char *command_full_name(const struct command *command, const char *program, char between, char *ret,
                        size_t room)
{
    if (strcmp(command->name, program) == 0)
        snprintf(ret, room, "%s", program);
    else
        snprintf(ret, room, "%s%c%s", program, between, command->name);
    return ret;
}

/* ---- layout ---- */

static enum status add_blanks(struct bytes *ret, size_t count, struct err *err)
{
    return bytes_format(ret, err, "%*s", (int)count, "");
}

/* Words of `text` from `column` on, broken before WIDTH; following lines begin at `indent`. */
static enum status add_wrapped(struct bytes *ret, struct str text, size_t column, size_t indent,
                               struct err *err)
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
        if (!first && column + 1 + size > WIDTH) {
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

/* Paragraphs are filled; one that begins with a blank keeps its lines. */
static enum status add_paragraphs(struct bytes *ret, const char *text, struct err *err)
{
    for (const char *from = text; *from != '\0';) {
        const char *end = strstr(from, "\n\n");
        size_t size = end == NULL ? strlen(from) : (size_t)(end - from);
        TRY(bytes_append_text(ret, "\n", err));
        if (*from == ' ') {
            TRY(bytes_append(ret, from, size, err));
            if (size > 0 && from[size - 1] != '\n') TRY(bytes_append_text(ret, "\n", err));
        } else {
            TRY(add_wrapped(ret, (struct str){from, size}, 0, 0, err));
        }
        from += size;
        while (*from == '\n')
            from++;
    }
    return STATUS_OK;
}

/* A term on the left, its description on the right. */
static enum status add_entry(struct bytes *ret, const char *term, const char *text, struct err *err)
{
    size_t column = 2 + strlen(term);
    TRY(bytes_format(ret, err, "  %s", term));
    if (column + 2 > TEXT_COLUMN) {
        TRY(bytes_append_text(ret, "\n", err));
        column = 0;
    }
    TRY(add_blanks(ret, TEXT_COLUMN - column, err));
    return add_wrapped(ret, str_of(text), TEXT_COLUMN, TEXT_COLUMN, err);
}

static enum status add_setting(struct bytes *ret, const struct setting *setting,
                               enum spelling spelling, struct err *err)
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
    return add_entry(ret, term, setting_sentence(setting, sentence, sizeof sentence), err);
}

enum status help_settings(const struct setting *table, enum spelling spelling, struct bytes *ret,
                          struct err *err)
{
    for (const struct setting *row = table; row != NULL && row->name != NULL; row++) {
        bool yaml_only = row->kind == SETTING_TREE || row->kind == SETTING_REST;
        if (spelling == SPELL_OPTION && yaml_only) continue;
        TRY(add_setting(ret, row, spelling, err));
    }
    return STATUS_OK;
}

/* ---- the whole text ---- */

static enum status add_usage(const struct command *command, const char *name, struct bytes *ret,
                             struct err *err)
{
    const char *operands = command->operands == NULL ? "" : command->operands;
    const char *blank = operands[0] == '\0' ? "" : " ";
    if (command->run != NULL)
        TRY(bytes_format(ret, err, "Usage: %s [OPTION...]%s%s\n", name, blank, operands));
    if (command->subcommands != NULL)
        TRY(bytes_format(ret, err, "%s %s SUBCOMMAND [OPTION...] ...\n",
                         command->run == NULL ? "Usage:" : "      ", name));
    return STATUS_OK;
}

static enum status add_subcommands(const struct command *command, const char *name,
                                   struct bytes *ret, struct err *err)
{
    TRY(bytes_append_text(ret, "\nSubcommands:\n", err));
    for (size_t i = 0; command->subcommands[i] != NULL; i++)
        TRY(add_entry(ret, command->subcommands[i]->name, command->subcommands[i]->summary, err));
    return bytes_format(ret, err, "  (%s SUBCOMMAND --help tells more)\n", name);
}

static enum status add_common_options(const struct command *command, struct bytes *ret,
                                      struct err *err)
{
    TRY(bytes_append_text(ret, "\nCommon options:\n", err));
    for (const struct setting *row = common_options; row->name != NULL; row++)
        if (command_has_common(command, row)) TRY(add_setting(ret, row, SPELL_OPTION, err));
    return STATUS_OK;
}

static enum status add_examples(const char *examples, struct bytes *ret, struct err *err)
{
    TRY(bytes_append_text(ret, "\nExamples:\n", err));
    for (const char *from = examples; *from != '\0';) {
        size_t size = strcspn(from, "\n");
        TRY(bytes_format(ret, err, "  %.*s\n", (int)size, from));
        from += size + (from[size] == '\n');
    }
    return STATUS_OK;
}

enum status help_text(const struct command *command, const char *program, struct bytes *ret,
                      struct err *err)
{
    char name[128];
    command_full_name(command, program, ' ', name, sizeof name);
    TRY(add_usage(command, name, ret, err));
    TRY(bytes_format(ret, err, "\n%c%s.\n", toupper((unsigned char)command->summary[0]),
                     command->summary + 1));
    if (command->details != NULL) TRY(add_paragraphs(ret, command->details, err));
    if (command->subcommands != NULL) TRY(add_subcommands(command, name, ret, err));
    if (command->options != NULL) {
        TRY(bytes_append_text(ret, "\nOptions:\n", err));
        TRY(help_settings(command->options, SPELL_OPTION, ret, err));
    }
    TRY(add_common_options(command, ret, err));
    if (command->examples != NULL) TRY(add_examples(command->examples, ret, err));
    return STATUS_OK;
}
