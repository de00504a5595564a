/* features/rebuild_past.c: what a run of the past was asked to do. */
#include "features/rebuild.h"

#include "lineage/sql.h"

#define ARGUMENTS_BYTES ((size_t)16 << 20)
#define ARGUMENTS_NODES ((size_t)1000000)

static enum status keep(struct arena *arena, const char *text, const char **ret, struct err *err)
{
    *ret = arena_text(arena, text, strlen(text));
    return *ret == NULL ? fail_memory(err, strlen(text)) : STATUS_OK;
}

/* A JSON list of texts is YAML. The first one is the program; a subcommand stays. */
static enum status read_arguments(struct past *past, const char *json, struct arena *arena,
                                  struct err *err)
{
    OWNED(yaml_close) struct yaml *yaml = NULL;
    TRY(yaml_parse_within(&yaml, "arguments", str_of(json), ARGUMENTS_BYTES, ARGUMENTS_NODES, err));
    const struct yaml_node *list = yaml_root(yaml);
    if (list == NULL || list->kind != YAML_LIST)
        return fail(err, STATUS_FAILED, "run %s has no arguments recorded", past->run);
    past->arguments = arena_get(arena, list->count + 1, sizeof *past->arguments);
    if (past->arguments == NULL) return fail_memory(err, list->count);
    for (size_t i = 1; i < list->count; i++) {
        past->arguments[i - 1] =
            arena_text(arena, list->items[i]->text.data, list->items[i]->text.size);
        if (past->arguments[i - 1] == NULL) return fail_memory(err, list->items[i]->text.size);
    }
    return STATUS_OK;
}

static enum status read_version(struct past *past, struct rebuild *rebuild, struct err *err)
{
    OWNED(sql_close) sqlite3_stmt *rows = NULL;
    bool row;
    TRY(sql_open(rebuild->store, &rows, err,
                 "SELECT substr(output, 9) FROM edges WHERE run_id = ?1"
                 " AND input = 'stream:' || ?1 AND output LIKE 'version:%'",
                 "t", past->run));
    TRY(sql_next(rebuild->store, rows, &row, err));
    return row ? keep(rebuild->arena, sql_text(rows, 0), &past->version, err) : STATUS_OK;
}

enum status past_read(struct past *ret, struct rebuild *rebuild, const char *run, struct err *err)
{
    OWNED(sql_close) sqlite3_stmt *rows = NULL;
    bool row;
    *ret = (struct past){.run = run};
    TRY(sql_open(rebuild->store, &rows, err,
                 "SELECT stage, folder, config, argv, seed FROM runs WHERE run_id = ?", "t", run));
    TRY(sql_next(rebuild->store, rows, &row, err));
    if (!row || sql_text(rows, 0)[0] == '\0') {
        fail(err, STATUS_FAILED, "run %s is not recorded here", run);
        err_hint(err,
                 "it ran with --no-store or into another store: its rows cannot be made again");
        return STATUS_FAILED;
    }
    TRY(keep(rebuild->arena, sql_text(rows, 0), &ret->stage, err));
    TRY(keep(rebuild->arena, sql_text(rows, 1), &ret->folder, err));
    TRY(keep(rebuild->arena, sql_text(rows, 2), &ret->config, err));
    ret->seed = sqlite3_column_int64(rows, 4);
    TRY(read_arguments(ret, sql_text(rows, 3), rebuild->arena, err));
    return read_version(ret, rebuild, err);
}

/* ---- options ---- */

/* The length of "--name" where the argument is it, followed by nothing or "=". */
static size_t is_option(const char *argument, const char *name)
{
    size_t size = strlen(name);
    if (strncmp(argument, name, size) != 0) return 0;
    return argument[size] == '\0' || argument[size] == '=' ? size : 0;
}

const char *past_option(const struct past *past, const char *name)
{
    for (const char **at = past->arguments; *at != NULL; at++) {
        size_t size = is_option(*at, name);
        if (size == 0) continue;
        return (*at)[size] == '=' ? *at + size + 1 : at[1];
    }
    return NULL;
}

bool past_flag(const struct past *past, const char *name)
{
    for (const char **at = past->arguments; *at != NULL; at++)
        if (strcmp(*at, name) == 0) return true;
    return false;
}

/* What says where results, messages and records go; the number is how many arguments go with it. */
static int is_destination(const char *argument)
{
    static const char *const with_value[] = {
        "--into",   "--output",   "-o",           "--store",      "--rejects",    "--metrics-file",
        "--emit",   "--progress", "--log-format", "--wait",       "--memory",     "--threads",
        "--checks", "--audit",    "--audit-file", "--save-state", "--compression"};
    static const char *const alone[] = {"-q", "--quiet", "--json", "--accept-failed", "--no-store"};
    for (size_t i = 0; i < sizeof with_value / sizeof *with_value; i++) {
        size_t size = is_option(argument, with_value[i]);
        if (size > 0) return argument[size] == '=' ? 1 : 2;
    }
    for (size_t i = 0; i < sizeof alone / sizeof *alone; i++)
        if (strcmp(argument, alone[i]) == 0) return 1;
    return strncmp(argument, "-o", 2) == 0 && argument[2] != '\0' && argument[1] != '-' ? 1 : 0;
}

enum status past_arguments(const struct past *past, struct arena *arena, const char ***ret,
                           size_t *ret_count, struct err *err)
{
    size_t count = 0;
    while (past->arguments[count] != NULL)
        count++;
    *ret = arena_get(arena, count + 9, sizeof **ret);
    *ret_count = 0;
    if (*ret == NULL) return fail_memory(err, count);
    for (size_t i = 0; i < count;) {
        int skip = is_destination(past->arguments[i]);
        if (skip == 0) (*ret)[(*ret_count)++] = past->arguments[i++];
        i += (size_t)skip;
    }
    return STATUS_OK;
}
