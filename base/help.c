/* base/help.c: the text of --help-all, from the tables. */
#include "base/help_layout.h"
#include "base/option.h"

#include <ctype.h>
#include <stdio.h>

#define WIDTH 92

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

/* ---- the whole text ---- */

enum status help_settings(const struct setting *table, enum spelling spelling, struct bytes *ret,
                          struct err *err)
{
    for (const struct setting *row = table; row != NULL && row->name != NULL; row++) {
        bool yaml_only = row->kind == SETTING_TREE || row->kind == SETTING_REST;
        if (spelling == SPELL_OPTION && yaml_only) continue;
        TRY(help_setting(ret, row, spelling, WIDTH, err));
    }
    return STATUS_OK;
}

static enum status add_subcommands(const struct command *command, const char *path,
                                   struct bytes *ret, struct err *err)
{
    TRY(bytes_append_text(ret, "\nSubcommands:\n", err));
    for (size_t i = 0; command->subcommands[i] != NULL; i++)
        TRY(help_entry(ret, command->subcommands[i]->name, command->subcommands[i]->summary, WIDTH,
                       err));
    return bytes_format(ret, err, "  (%s SUBCOMMAND --help tells more)\n", path);
}

static enum status add_common_options(const struct command *command, struct bytes *ret,
                                      struct err *err)
{
    TRY(bytes_append_text(ret, "\nCommon options:\n", err));
    for (const struct setting *row = common_options; row->name != NULL; row++)
        if (command_has_common(command, row)) TRY(help_setting(ret, row, SPELL_OPTION, WIDTH, err));
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

enum status help_text(const struct command *command, const char *path, struct bytes *ret,
                      struct err *err)
{
    TRY(help_usage(command, path, ret, err));
    TRY(bytes_format(ret, err, "\n%c%s.\n", toupper((unsigned char)command->summary[0]),
                     command->summary + 1));
    if (command->details != NULL) TRY(help_paragraphs(ret, command->details, WIDTH, err));
    if (command->subcommands != NULL) TRY(add_subcommands(command, path, ret, err));
    if (command->options != NULL) {
        TRY(bytes_append_text(ret, "\nOptions:\n", err));
        TRY(help_settings(command->options, SPELL_OPTION, ret, err));
    }
    TRY(add_common_options(command, ret, err));
    if (command->examples != NULL) TRY(add_examples(command->examples, ret, err));
    return STATUS_OK;
}
