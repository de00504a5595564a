/* base/option.c: getopt_long driven by the tables. */
#include "base/option.h"
#include "base/help.h"

#include <getopt.h>
#include <stdio.h>

#define NAME_TEXT  64
#define FIRST_CODE 256 /* getopt's value of row 0; below are letters */

/* clang-format off: one row a line reads as the table it is */
const struct setting common_options[] = {
    {"help", SETTING_FLAG, offsetof(struct common, help), .letter = 'h',
     .help = "show what fits on a screen and stop"},
    {"help-all", SETTING_FLAG, offsetof(struct common, help_all),
     .help = "tell about every option and stop"},
    {"man", SETTING_FLAG, offsetof(struct common, man),
     .help = "print the manual page (view with: man -l -) and stop"},
    {"version", SETTING_FLAG, offsetof(struct common, version),
     .help = "show the version and stop"},
    {"completion", SETTING_CHOICE, offsetof(struct common, completion), .choices = "none|bash|zsh",
     .fallback = "none", .argument = "bash|zsh",
     .help = "print what completes this command in a shell and stop"},
    {"quiet", SETTING_FLAG, offsetof(struct common, quiet), .letter = 'q',
     .help = "only errors and warnings on stderr"},
    {"output", SETTING_TEXT, offsetof(struct common, output), .letter = 'o', .argument = "FILE",
     .help = "write to FILE, which appears whole or not at all; - is stdout"},
    {"threads", SETTING_INT, offsetof(struct common, threads), .argument = "N", .fallback = "0",
     .minimum = 0, .maximum = 1024,
     .help = "threads to use, 0 for every processor; results never depend on it"},
    {"memory", SETTING_SIZE, offsetof(struct common, memory), .argument = "SIZE", .fallback = "1G",
     .minimum = 32 << 20, .maximum = 0x1p60,
     .help = "keep anonymous memory below SIZE, spill to temporary files instead"},
    {"store", SETTING_TEXT, offsetof(struct common, store), .argument = "DIR",
     .help = "the store directory, else $TAMIS_STORE, else the nearest .tamis/ upwards"},
    {"no-store", SETTING_FLAG, offsetof(struct common, no_store),
     .help = "record nothing, use no store"},
    {"seed", SETTING_INT, offsetof(struct common, seed), .argument = "N", .fallback = "0",
     .help = "seed of everything random"},
    {"as-of", SETTING_TIME, offsetof(struct common, as_of), .argument = "TIME",
     .help = "the time that counts as now for the data, RFC 3339"},
    {"wait", SETTING_INT, offsetof(struct common, wait), .argument = "SECONDS", .fallback = "30",
     .minimum = 0, .maximum = 86400,
     .help = "wait this long for a lock before giving up with exit code 75"},
    {"json", SETTING_FLAG, offsetof(struct common, json),
     .help = "one JSON document on stdout instead of text"},
    {"explain", SETTING_FLAG, offsetof(struct common, explain), .help = "print the plan and stop"},
    {"log-format", SETTING_CHOICE, offsetof(struct common, log_format), .choices = "text|json",
     .fallback = "text", .help = "how messages are written on stderr"},
    {"progress", SETTING_CHOICE, offsetof(struct common, progress), .choices = "auto|always|never",
     .fallback = "auto", .help = "progress on stderr; auto means on a terminal"},
    {"metrics-file", SETTING_TEXT, offsetof(struct common, metrics_file), .argument = "FILE.prom",
     .help = "write what was measured for Prometheus, also when it fails, in the form "
             "node-exporter's textfile collector reads"},
    {"emit", SETTING_TEXT, offsetof(struct common, emit), .argument = "FILE|URL",
     .help = "tell the beginning and the end of the run as OpenLineage events: lines of JSON "
             "appended to FILE, or posted to URL"},
    {"sandbox", SETTING_CHOICE, offsetof(struct common, sandbox), .choices = SANDBOX_MODES,
     .fallback = "auto", .argument = SANDBOX_MODES,
     .help = "decode pictures in processes that can do nothing else: where the system can confine "
             "them, always (else fail), or never; results never depend on it"},
    {0}};
/* clang-format on */

bool command_is_program(const struct command *command)
{
    return strncmp(command->name, "tamis-", 6) == 0;
}

/* Only programs have it: one script completes every subcommand. */
static bool is_of_programs(const struct setting *option)
{
    return option->offset == offsetof(struct common, completion);
}

bool command_has_common(const struct command *command, const struct setting *option)
{
    if (is_of_programs(option) && !command_is_program(command)) return false;
    if (option->offset == offsetof(struct common, sandbox) && command->decode == NULL) return false;
    return command->common_without == NULL ||
           choice_index(command->common_without, str_of(option->name)) < 0;
}

/* ---- the rows of one command as getopt wants them ---- */

struct option_row {
    const struct setting *setting;
    char name[NAME_TEXT]; /* as on the command line, "no-" in front where negated */
    void *config;
    bool negated, given;
};

struct option_table {
    struct option_row *rows;
    size_t count, room;
    struct option *longs;
    char letters[256];
};

static bool has_row(const struct option_table *table, const char *name)
{
    for (size_t i = 0; i < table->count; i++)
        if (strcmp(table->rows[i].name, name) == 0) return true;
    return false;
}

static void add_row(struct option_table *table, const struct setting *setting, void *config,
                    bool negated)
{
    struct option_row row = {.setting = setting, .config = config, .negated = negated};
    char name[NAME_TEXT - 3];
    setting_spelled(setting, SPELL_OPTION, name, sizeof name);
    snprintf(row.name, sizeof row.name, "%s%s", negated ? "no-" : "", name);
    if (!has_row(table, row.name)) table->rows[table->count++] = row; /* a command's own wins */
}

static void add_rows(struct option_table *table, const struct setting *settings, void *config)
{
    for (const struct setting *row = settings; row != NULL && row->name != NULL; row++) {
        if (row->kind == SETTING_TREE || row->kind == SETTING_REST) continue;
        add_row(table, row, config, false);
        if (row->kind == SETTING_FLAG && row->fallback != NULL &&
            str_is(str_of(row->fallback), "true"))
            add_row(table, row, config, true);
    }
}

static void add_common(struct option_table *table, const struct command *command, void *config)
{
    for (const struct setting *row = common_options; row->name != NULL; row++)
        if (command_has_common(command, row)) add_row(table, row, config, false);
}

static size_t count_rows(const struct setting *settings)
{
    size_t count = 0;
    while (settings != NULL && settings[count].name != NULL)
        count++;
    return count;
}

static enum status table_new(struct option_table *table, size_t settings, struct arena *arena,
                             struct err *err)
{
    table->room = 2 * settings; /* each flag may have a "no-" form */
    table->rows = arena_get(arena, table->room, sizeof *table->rows);
    table->longs = arena_get(arena, table->room + 1, sizeof *table->longs);
    if (table->rows == NULL || table->longs == NULL)
        return fail_memory(err, table->room * sizeof *table->rows);
    return STATUS_OK;
}

/* Fills `longs` and the letters; `first` is getopt's mode ("+" stops at the first operand). */
static void table_finish(struct option_table *table, const char *first)
{
    size_t used = (size_t)snprintf(table->letters, sizeof table->letters, "%s:", first);
    for (size_t i = 0; i < table->count; i++) {
        const struct option_row *row = &table->rows[i];
        bool value = row->setting->kind != SETTING_FLAG;
        table->longs[i] = (struct option){row->name, value ? required_argument : no_argument, NULL,
                                          FIRST_CODE + (int)i};
        char letter = row->negated ? '\0' : row->setting->letter;
        if (letter == '\0' || strchr(table->letters, letter) != NULL) continue;
        if (used + 3 > sizeof table->letters) continue;
        table->letters[used++] = letter;
        if (value) table->letters[used++] = ':';
        table->letters[used] = '\0';
    }
}

static struct option_row *row_of_code(const struct option_table *table, int code)
{
    if (code >= FIRST_CODE) return &table->rows[code - FIRST_CODE];
    for (size_t i = 0; i < table->count; i++)
        if (table->rows[i].setting->letter == code && !table->rows[i].negated)
            return &table->rows[i];
    return NULL;
}

/* ---- which subcommand ---- */

static const struct command *subcommand_named(const struct command *command, const char *name)
{
    for (size_t i = 0; command->subcommands != NULL && command->subcommands[i] != NULL; i++)
        if (strcmp(command->subcommands[i]->name, name) == 0) return command->subcommands[i];
    return NULL;
}

/* The index of the first operand. Options of every subcommand are known here, so that the value of
 * one is not taken for the operand; what is wrong with them is said by the second reading. */
static enum status first_operand(const struct command *command, int argc, char **args,
                                 struct arena *arena, int *ret, struct err *err)
{
    struct option_table table = {0};
    size_t settings = count_rows(command->options) + count_rows(common_options);
    for (size_t i = 0; command->subcommands[i] != NULL; i++)
        settings += count_rows(command->subcommands[i]->options);
    TRY(table_new(&table, settings, arena, err));
    add_rows(&table, command->options, NULL);
    add_common(&table, command, NULL);
    for (size_t i = 0; command->subcommands[i] != NULL; i++)
        add_rows(&table, command->subcommands[i]->options, NULL);
    table_finish(&table, "+");
    optind = 0;
    while (getopt_long(argc, args, table.letters, table.longs, NULL) != -1)
        continue;
    *ret = optind;
    return STATUS_OK;
}

/* "tamis-features" and "put" is "tamis-features put". */
static enum status join_path(struct invocation *invocation, const char *name, struct err *err)
{
    size_t size = strlen(invocation->path) + 1 + strlen(name) + 1;
    char *path = arena_get(invocation->arena, size, 1);
    if (path == NULL) return fail_memory(err, size);
    snprintf(path, size, "%s %s", invocation->path, name);
    invocation->path = path;
    return STATUS_OK;
}

/* Descends while the first operand names a subcommand, and takes that word out of `args`. */
static enum status find_command(struct invocation *invocation, int *argc, char **args,
                                struct err *err)
{
    while (invocation->command->subcommands != NULL) {
        int at = *argc;
        TRY(first_operand(invocation->command, *argc, args, invocation->arena, &at, err));
        const struct command *next =
            at < *argc ? subcommand_named(invocation->command, args[at]) : NULL;
        if (next == NULL) return STATUS_OK;
        memmove(args + at, args + at + 1, (size_t)(*argc - at) * sizeof *args);
        (*argc)--;
        invocation->command = next;
        TRY(join_path(invocation, next->name, err));
    }
    return STATUS_OK;
}

/* ---- what is wrong ---- */

static const char *row_name_at(const void *rows, size_t i)
{
    return ((const struct option_row *)rows)[i].name;
}

static enum status fail_option(const struct option_table *table, const char *word, struct err *err)
{
    if (optopt >= FIRST_CODE)
        return fail(err, STATUS_USAGE, "option --%s takes no value",
                    row_of_code(table, optopt)->name);
    if (optopt != 0) return fail(err, STATUS_USAGE, "unknown option -%c", optopt);
    struct str name = {word, strcspn(word, "=")};
    struct str bare = name.size > 2 ? (struct str){word + 2, name.size - 2} : name;
    const char *nearest = nearest_name(bare, table->count, row_name_at, table->rows);
    size_t alike = 0;
    for (size_t i = 0; i < table->count; i++)
        alike += strncmp(table->rows[i].name, bare.data, bare.size) == 0;
    if (alike > 1)
        return fail(err, STATUS_USAGE, "option %.*s could be several options", (int)name.size,
                    word);
    if (nearest == NULL)
        return fail(err, STATUS_USAGE, "unknown option %.*s", (int)name.size, word);
    return fail(err, STATUS_USAGE, "unknown option %.*s, did you mean --%s?", (int)name.size, word,
                nearest);
}

static enum status fail_no_value(const struct option_table *table, struct err *err)
{
    const struct option_row *row = row_of_code(table, optopt);
    char placeholder[NAME_TEXT];
    return fail(err, STATUS_USAGE, "option --%s needs a value: %s", row->name,
                setting_placeholder(row->setting, placeholder, sizeof placeholder));
}

static const char *subcommand_name_at(const void *subcommands, size_t i)
{
    return ((const struct command *const *)subcommands)[i]->name;
}

static enum status fail_subcommand(const struct invocation *invocation, struct err *err)
{
    const struct command *command = invocation->command;
    size_t count = 0;
    while (command->subcommands != NULL && command->subcommands[count] != NULL)
        count++;
    if (invocation->operand_count == 0) {
        enum status status = fail(err, STATUS_USAGE, "a subcommand is needed");
        err_hint(err, "%s --help lists them", invocation->path);
        return status;
    }
    const char *word = invocation->operands[0];
    const char *nearest =
        nearest_name(str_of(word), count, subcommand_name_at, command->subcommands);
    if (nearest == NULL) return fail(err, STATUS_USAGE, "unknown subcommand \"%s\"", word);
    return fail(err, STATUS_USAGE, "unknown subcommand \"%s\", did you mean \"%s\"?", word,
                nearest);
}

static enum status check_operands(const struct invocation *invocation, struct err *err)
{
    const struct command *command = invocation->command;
    size_t count = invocation->operand_count;
    if (command->run == NULL) return fail_subcommand(invocation, err);
    if (count > command->operands_maximum && command->operands_maximum == 0)
        return fail(err, STATUS_USAGE, "found \"%s\", expected options only",
                    invocation->operands[0]);
    if (count > command->operands_maximum)
        return fail(err, STATUS_USAGE, "found one operand too many: \"%s\" (expected %s)",
                    invocation->operands[command->operands_maximum], command->operands);
    if (count < command->operands_minimum)
        return fail(err, STATUS_USAGE, "found %zu operand%s, expected %s", count,
                    count == 1 ? "" : "s", command->operands);
    return STATUS_OK;
}

/* ---- reading ---- */

static enum status take_value(struct option_row *row, struct arena *arena, struct err *err)
{
    const struct setting *setting = row->setting;
    const char *text = setting->kind != SETTING_FLAG ? optarg : row->negated ? "false" : "true";
    if (setting->kind == SETTING_TEXTS && !row->given) /* the first one replaces the default */
        *(struct text_list *)(void *)((char *)row->config + setting->offset) =
            (struct text_list){0};
    row->given = true;
    enum status status = setting_from_text(setting, str_of(text), row->config, arena, err);
    return status == STATUS_OK ? status : fail_within(err, status, "option --%s", row->name);
}

static enum status read_options(struct option_table *table, int argc, char **args,
                                struct arena *arena, struct err *err)
{
    optind = 0; /* glibc: begin anew */
    for (int code; (code = getopt_long(argc, args, table->letters, table->longs, NULL)) != -1;) {
        if (code == '?') return fail_option(table, args[optind - 1], err);
        if (code == ':') return fail_no_value(table, err);
        TRY(take_value(row_of_code(table, code), arena, err));
    }
    return STATUS_OK;
}

static enum status parse_command(struct invocation *invocation, int argc, char **args,
                                 struct err *err)
{
    const struct command *command = invocation->command;
    struct arena *arena = invocation->arena;
    struct option_table table = {0};
    invocation->args = arena_get(arena, 1, command->args_bytes);
    if (invocation->args == NULL) return fail_memory(err, command->args_bytes);
    TRY(settings_default(common_options, &invocation->common, arena, err));
    if (command->options != NULL)
        TRY(settings_default(command->options, invocation->args, arena, err));

    TRY(table_new(&table, count_rows(command->options) + count_rows(common_options), arena, err));
    add_rows(&table, command->options, invocation->args);
    add_common(&table, command, &invocation->common);
    table_finish(&table, "");
    TRY(read_options(&table, argc, args, arena, err));
    invocation->operands = args + optind;
    invocation->operand_count = (size_t)(argc - optind);
    const struct common *common = &invocation->common;
    if (common->help || common->help_all || common->version || common->man) return STATUS_OK;
    if (common->completion != COMPLETION_NONE) return STATUS_OK;
    return check_operands(invocation, err);
}

enum status options_parse(struct invocation *invocation, const struct command *top, struct err *err)
{
    int argc = invocation->argc;
    char **args = arena_get(invocation->arena, (size_t)argc + 1, sizeof *args);
    if (args == NULL) return fail_memory(err, (size_t)argc * sizeof *args);
    memcpy(args, invocation->argv, (size_t)argc * sizeof *args);
    opterr = 0;
    invocation->program = invocation->path = top->name;
    invocation->command = invocation->top = top;
    TRY(find_command(invocation, &argc, args, err));
    enum status status = parse_command(invocation, argc, args, err);
    if (status != STATUS_USAGE) return status;
    err_hint(err, "%s --help shows the options", invocation->path);
    return invocation->command == top ? status
                                      : fail_within(err, status, "%s", invocation->command->name);
}
