/* base/complete.c: what the completions of both shells have in common. */
#include "base/complete.h"
#include "base/help.h"
#include "base/option.h"

#include <ctype.h>
#include <stdio.h>

/* ---- values ---- */

/* Of "auto|cpu|cuda[:N]" the words that can be typed as they are: auto, cpu. */
static enum status append_words(const char *choices, struct bytes *ret, struct err *err)
{
    for (const char *from = choices; *from != '\0';) {
        size_t size = strcspn(from, "|"), plain = 0;
        while (plain < size && (islower((unsigned char)from[plain]) ||
                                isdigit((unsigned char)from[plain]) || strchr("-_", from[plain])))
            plain++;
        if (plain == size && size > 0) {
            TRY(bytes_append_text(ret, ret->size > 0 ? " " : "", err));
            TRY(bytes_append(ret, from, size, err));
        }
        from += size + (from[size] == '|');
    }
    return STATUS_OK;
}

static bool begins(const char *text, const char *start)
{
    return text != NULL && strncmp(text, start, strlen(start)) == 0;
}

enum status complete_value(const struct setting *setting, enum complete_kind *ret_kind,
                           struct bytes *ret, struct err *err)
{
    const char *argument = setting->argument;
    bool shown = argument != NULL && strchr(argument, '|') != NULL;
    ret->size = 0;
    *ret_kind = COMPLETE_FREE;
    if (begins(argument, "FILE") || begins(argument, "RUN|FILE")) {
        *ret_kind = COMPLETE_FILE;
    } else if (begins(argument, "DIR")) {
        *ret_kind = COMPLETE_FOLDER;
    } else if (begins(argument, "DATASET") || begins(argument, "VIEW")) {
        *ret_kind = COMPLETE_DATASET;
    } else if (setting->kind == SETTING_CHOICE || shown) {
        TRY(append_words(shown ? argument : setting->choices, ret, err));
        *ret_kind = ret->size > 0 ? COMPLETE_WORDS : COMPLETE_FREE;
    }
    return STATUS_OK;
}

/* ---- operands ---- */

static bool operands_have(const struct command *command, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count && command->operands != NULL; i++)
        if (strstr(command->operands, words[i]) != NULL) return true;
    return false;
}

bool complete_has_files(const struct command *command)
{
    static const char *const words[] = {"FILE", "SOURCE", "INPUT", ".yaml"};
    return operands_have(command, words, sizeof words / sizeof words[0]);
}

bool complete_has_datasets(const struct command *command)
{
    static const char *const words[] = {"DATASET", "VIEW|", "VIEW ", "VIEW[", "VIEW@", "INPUT"};
    return operands_have(command, words, sizeof words / sizeof words[0]);
}

/* ---- options ---- */

static enum status see_row(const struct setting *row, complete_see *see, void *context,
                           struct err *err)
{
    char name[64], negated[68];
    if (row->kind == SETTING_TREE || row->kind == SETTING_REST) return STATUS_OK;
    setting_spelled(row, SPELL_OPTION, name, sizeof name);
    TRY(see(context, row, name, err));
    bool on =
        row->kind == SETTING_FLAG && row->fallback != NULL && strcmp(row->fallback, "true") == 0;
    snprintf(negated, sizeof negated, "no-%s", name);
    return on ? see(context, row, negated, err) : STATUS_OK;
}

static bool has_own(const struct command *command, const char *name)
{
    for (const struct setting *row = command->options; row != NULL && row->name != NULL; row++)
        if (strcmp(row->name, name) == 0) return true;
    return false;
}

enum status complete_each(const struct command *command, complete_see *see, void *context,
                          struct err *err)
{
    for (const struct setting *row = command->options; row != NULL && row->name != NULL; row++)
        TRY(see_row(row, see, context, err));
    for (const struct setting *row = common_options; row->name != NULL; row++)
        if (command_has_common(command, row) && !has_own(command, row->name))
            TRY(see_row(row, see, context, err));
    return STATUS_OK;
}

/* ---- what stands in front of the cursor ---- */

struct alternatives {
    struct bytes *ret;
    const char *before; /* what stands in front of the next one */
};

static enum status add_alternative(struct alternatives *alternatives, const char *start,
                                   const char *text, struct err *err)
{
    TRY(bytes_format(alternatives->ret, err, "%s%s%s", alternatives->before, start, text));
    alternatives->before = "|";
    return STATUS_OK;
}

static enum status see_valued(void *context, const struct setting *setting, const char *name,
                              struct err *err)
{
    char letter[] = {setting->letter, '\0'};
    if (setting->kind == SETTING_FLAG) return STATUS_OK;
    TRY(add_alternative(context, "--", name, err));
    return setting->letter == '\0' ? STATUS_OK : add_alternative(context, "-", letter, err);
}

static enum status add_valued(struct alternatives *alternatives, const struct command *command,
                              struct err *err)
{
    TRY(complete_each(command, see_valued, alternatives, err));
    for (size_t i = 0; command->subcommands != NULL && command->subcommands[i] != NULL; i++)
        TRY(add_valued(alternatives, command->subcommands[i], err));
    return STATUS_OK;
}

enum status complete_valued(const struct command *program, struct bytes *ret, struct err *err)
{
    return add_valued(&(struct alternatives){ret, ""}, program, err);
}

static enum status add_places(struct alternatives *alternatives, const struct command *command,
                              const char *place, struct err *err)
{
    for (size_t i = 0; command->subcommands != NULL && command->subcommands[i] != NULL; i++) {
        char below[COMPLETE_PLACE];
        snprintf(below, sizeof below, "%s/%s", place, command->subcommands[i]->name);
        TRY(add_alternative(alternatives, below, "", err));
        TRY(add_places(alternatives, command->subcommands[i], below, err));
    }
    return STATUS_OK;
}

enum status complete_places(const struct command *program, struct bytes *ret, struct err *err)
{
    return add_places(&(struct alternatives){ret, ""}, program, "", err);
}

/* ---- names ---- */

char *complete_function(const struct command *program, char *ret, size_t room)
{
    snprintf(ret, room, "_%s", program->name);
    for (char *c = ret; *c != '\0'; c++)
        if (*c == '-') *c = '_';
    return ret;
}

/* The same text for both shells. A view is named without "feature/" too. */
enum status complete_datasets(const char *name, struct bytes *ret, struct err *err)
{
    return bytes_format(
        ret, err,
        "%s_datasets()\n"
        "{\n"
        "    local folder=$PWD store=$TAMIS_STORE\n"
        "    while [[ -z $store && -n $folder ]]; do\n"
        "        [[ -d $folder/.tamis ]] && store=$folder/.tamis\n"
        "        folder=${folder%%/*}\n"
        "    done\n"
        "    [[ -f $store/catalog.db ]] || return 0\n"
        "    sqlite3 -readonly \"$store/catalog.db\" \"SELECT dataset FROM datasets UNION\n"
        "        SELECT substr(dataset, 9) FROM datasets WHERE dataset LIKE 'feature/%%'\" "
        "2>/dev/null\n"
        "}\n\n",
        name);
}
