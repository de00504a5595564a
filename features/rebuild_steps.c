/* features/rebuild_steps.c: ingestion and cleaning done again.
 *
 * A source that is still there with the digest it had is read again; where one is not, the rows of
 * the version that keeps them are taken instead, and said so. Cleaning is done by the recorded
 * recipe, whatever became of its file. */
#include "features/rebuild.h"

#include "base/output.h"
#include "features/sibling.h"
#include "lineage/chunk.h"
#include "lineage/sql.h"

#include <stdio.h>
#include <sys/stat.h>

/* ---- files and programs ---- */

enum status rebuild_file(struct rebuild *rebuild, const char *ending, const char **ret,
                         struct err *err)
{
    *ret = arena_format(rebuild->arena, "%s/%lld%s", rebuild->folder, (long long)++rebuild->files,
                        ending);
    return *ret == NULL ? fail_memory(err, 0) : STATUS_OK;
}

enum status rebuild_write(struct rebuild *rebuild, const char *text, const char *ending,
                          const char **ret, struct err *err)
{
    OWNED(output_close) struct output *output = NULL;
    TRY(rebuild_file(rebuild, ending, ret, err));
    TRY(output_open(&output, *ret, err));
    TRY(output_write(output, text, strlen(text), err));
    return output_commit(output, err);
}

enum status rebuild_step(struct rebuild *rebuild, const char *program, const char **arguments,
                         const char *folder, struct err *err)
{
    OWNED(bytes_release) struct bytes said = bytes_limited((size_t)4 << 20);
    const struct sibling sibling = {
        .program = program, .arguments = arguments, .folder = folder[0] == '\0' ? NULL : folder};
    int code = 0;
    if (++rebuild->steps > REBUILD_STEPS)
        return fail(err, STATUS_FAILED, "more than %d steps", REBUILD_STEPS);
    TRY(sibling_run(&sibling, &code, &said, err));
    /* The data failed its checks then as now. */
    return code == 0 || code == 3 ? STATUS_OK : fail_sibling(&sibling, code, &said, err);
}

enum status rebuild_tell(struct rebuild *rebuild, const char *what, const char *from,
                         struct err *err)
{
    log_line(&rebuild->invocation->common, false, "%s from %s", what, from);
    TRY(bytes_append_text(&rebuild->told,
                          rebuild->told.size == 0 ? "{\"step\":" : ",{\"step\":", err));
    TRY(bytes_append_json(&rebuild->told, str_of(what), err));
    TRY(bytes_append_text(&rebuild->told, ",\"from\":", err));
    TRY(bytes_append_json(&rebuild->told, str_of(from), err));
    return bytes_append_text(&rebuild->told, "}", err);
}

static enum status note_made(struct rebuild *rebuild, const char *file, struct err *err)
{
    if (rebuild->made_count == REBUILD_STEPS)
        return fail(err, STATUS_FAILED, "more than %d steps", REBUILD_STEPS);
    rebuild->made[rebuild->made_count++] = file;
    return STATUS_OK;
}

/* ---- the rows of a version as they are ---- */

static enum status take_version(struct rebuild *rebuild, const char *version, const char *why,
                                const char **ret, struct err *err)
{
    TRY(rebuild_file(rebuild, ".arrow", ret, err));
    const char *name = arena_format(rebuild->arena, "tamis:%s", version);
    const char *from = arena_format(rebuild->arena, "version %s itself: %s", version, why);
    const char *arguments[] = {"cat",     name, "--format", "arrow",
                               "-o",      *ret, "--store",  store_path(rebuild->store),
                               "--quiet", NULL};
    if (name == NULL || from == NULL) return fail_memory(err, 0);
    rebuild->from_versions = true;
    TRY(rebuild_tell(rebuild, "rows", from, err));
    TRY(rebuild_step(rebuild, "tamis-features", arguments, "", err));
    return note_made(rebuild, *ret, err);
}

/* ---- ingestion ---- */

/* Why the sources of a run cannot be read again; NULL = they can. */
static enum status sources_changed(struct rebuild *rebuild, const struct past *past,
                                   const char **ret, struct err *err)
{
    OWNED(sql_close) sqlite3_stmt *rows = NULL;
    bool row;
    *ret = NULL;
    if (past_flag(past, "--incremental")) {
        *ret = "an incremental run read only what was new";
        return STATUS_OK;
    }
    TRY(sql_open(rebuild->store, &rows, err,
                 "SELECT name, kind, bytes, digest FROM sources WHERE run_id = ?", "t", past->run));
    while (*ret == NULL) {
        struct digest found, expected;
        struct stat status;
        int64_t bytes;
        TRY(sql_next(rebuild->store, rows, &row, err));
        if (!row) return STATUS_OK;
        const char *name = sql_text(rows, 0);
        if (strstr(name, "://") != NULL) continue; /* asked for again: its digest tells */
        const char *path = name[0] == '/' || past->folder[0] == '\0'
                               ? arena_text(rebuild->arena, name, strlen(name))
                               : arena_format(rebuild->arena, "%s/%s", past->folder, name);
        if (path == NULL) return fail_memory(err, strlen(name));
        if (stat(path, &status) != 0)
            *ret = arena_format(rebuild->arena, "source \"%s\" is not there any more", name);
        else if (S_ISREG(status.st_mode) && sqlite3_column_type(rows, 3) != SQLITE_NULL &&
                 (file_digest(path, &found, &bytes, NULL) != STATUS_OK ||
                  digest_parse(sql_text(rows, 3), &expected, NULL) != STATUS_OK ||
                  memcmp(&found, &expected, sizeof found) != 0))
            *ret = arena_format(rebuild->arena, "source \"%s\" is not what was read", name);
    }
    return STATUS_OK;
}

static enum status ingest_again(struct rebuild *rebuild, const struct past *past, const char **ret,
                                struct err *err)
{
    const char **arguments;
    size_t count;
    TRY(rebuild_file(rebuild, ".arrow", ret, err));
    TRY(past_arguments(past, rebuild->arena, &arguments, &count, err));
    const char *const more[] = {"--no-store", "--quiet", "-o", *ret};
    for (size_t i = 0; i < sizeof more / sizeof *more; i++)
        arguments[count++] = more[i];
    TRY(rebuild_tell(rebuild, "ingestion", "its sources", err));
    TRY(rebuild_step(rebuild, "tamis-ingest", arguments, past->folder, err));
    return note_made(rebuild, *ret, err);
}

static enum status rebuild_ingest(struct rebuild *rebuild, const struct past *past,
                                  const char **ret, struct err *err)
{
    const char *changed = NULL;
    TRY(sources_changed(rebuild, past, &changed, err));
    if (changed == NULL) return ingest_again(rebuild, past, ret, err);
    if (past->version != NULL) return take_version(rebuild, past->version, changed, ret, err);
    fail(err, STATUS_FAILED, "%s, and no version keeps the rows of run %s", changed, past->run);
    err_hint(err, "tamis-ingest --into DATASET -o - keeps them and hands them on");
    return STATUS_FAILED;
}

/* ---- cleaning ---- */

enum status rebuild_input(struct rebuild *rebuild, const char *run, const char *except,
                          const char **ret, struct err *err)
{
    OWNED(sql_close) sqlite3_stmt *rows = NULL;
    bool row;
    *ret = "";
    TRY(sql_open(rebuild->store, &rows, err,
                 "SELECT input FROM edges WHERE run_id = ?1 AND output = 'stream:' || ?1"
                 " AND (?2 IS NULL OR input NOT LIKE 'version:' || ?2 || '@%') ORDER BY input",
                 "tt", run, except));
    TRY(sql_next(rebuild->store, rows, &row, err));
    if (!row) return STATUS_OK;
    *ret = arena_text(rebuild->arena, sql_text(rows, 0), strlen(sql_text(rows, 0)));
    TRY(sql_next(rebuild->store, rows, &row, err));
    if (row) return fail(err, STATUS_FAILED, "run %s read more than one input", run);
    return *ret == NULL ? fail_memory(err, 0) : STATUS_OK;
}

enum status rebuild_node(struct rebuild *rebuild, const struct past *past, const char *node,
                         const char **ret, struct err *err)
{
    const char *colon = strchr(node, ':');
    if (colon == NULL) return fail(err, STATUS_FAILED, "run %s has no input recorded", past->run);
    if (strncmp(node, "version:", 8) == 0) return rebuild_version(rebuild, colon + 1, ret, err);
    if (strncmp(node, "stream:", 7) == 0) return rebuild_run(rebuild, colon + 1, ret, err);
    const char *changed = NULL;
    TRY(sources_changed(rebuild, past, &changed, err));
    if (changed != NULL || strcmp(colon + 1, "stdin") == 0)
        return fail(err, STATUS_FAILED, "%s",
                    changed == NULL ? "the rows came from stdin, of a program that recorded nothing"
                                    : changed);
    *ret = colon[1] == '/' || past->folder[0] == '\0'
               ? colon + 1
               : arena_format(rebuild->arena, "%s/%s", past->folder, colon + 1);
    return *ret == NULL ? fail_memory(err, 0) : STATUS_OK;
}

/* The recorded recipe without the digest of a state, which is an option of its own. */
static enum status write_recipe(struct rebuild *rebuild, const struct past *past, const char **ret,
                                struct err *err)
{
    static const char mark[] = ",\"state\":\"";
    char *config = arena_text(rebuild->arena, past->config, strlen(past->config));
    if (config == NULL) return fail_memory(err, strlen(past->config));
    char *state = strstr(config, mark);
    if (state != NULL && strlen(state) == sizeof mark - 1 + DIGEST_TEXT - 1 + 2)
        snprintf(state, 2, "}");
    return rebuild_write(rebuild, config, ".yaml", ret, err);
}

static enum status rebuild_clean(struct rebuild *rebuild, const struct past *past, const char **ret,
                                 struct err *err)
{
    const char *node, *input, *recipe, *seed;
    /* Not what a version that catches up builds on: all of its input is read again. */
    const char *version = past->version == NULL ? "" : past->version;
    const char *into = arena_text(rebuild->arena, version, strcspn(version, "@"));
    if (into == NULL) return fail_memory(err, strlen(version));
    TRY(rebuild_input(rebuild, past->run, into, &node, err));
    if (node[0] == '\0') TRY(rebuild_input(rebuild, past->run, NULL, &node, err));
    TRY(rebuild_node(rebuild, past, node, &input, err));
    TRY(write_recipe(rebuild, past, &recipe, err));
    TRY(rebuild_file(rebuild, ".arrow", ret, err));
    seed = arena_format(rebuild->arena, "%lld", (long long)past->seed);
    const char *arguments[16] = {input,  "--recipe", recipe, "--no-store", "--quiet", "--audit",
                                 "none", "--seed",   seed,   "-o",         *ret};
    size_t count = 11;
    const char *const carried[] = {"--state", "--as-of"};
    for (size_t i = 0; i < 2; i++) {
        const char *value = past_option(past, carried[i]);
        if (value == NULL) continue;
        arguments[count++] = carried[i];
        arguments[count++] = value;
    }
    TRY(rebuild_tell(rebuild, "cleaning", node, err));
    TRY(rebuild_step(rebuild, "tamis-clean", arguments, past->folder, err));
    return note_made(rebuild, *ret, err);
}

/* ---- any run, any version ---- */

enum status rebuild_run(struct rebuild *rebuild, const char *run, const char **ret, struct err *err)
{
    struct past past;
    const char *kept = arena_text(rebuild->arena, run, strlen(run));
    if (kept == NULL) return fail_memory(err, strlen(run));
    TRY(past_read(&past, rebuild, kept, err));
    if (strcmp(past.stage, "ingest") == 0) return rebuild_ingest(rebuild, &past, ret, err);
    if (strcmp(past.stage, "clean") == 0) return rebuild_clean(rebuild, &past, ret, err);
    if (strcmp(past.stage, "features put") == 0) return rebuild_put(rebuild, &past, ret, err);
    if (strcmp(past.stage, "features join") == 0) return rebuild_join(rebuild, &past, ret, err);
    fail(err, STATUS_FAILED, "run %s is a %s", run, past.stage);
    err_hint(err, "rebuild knows ingest, clean, put and join");
    return STATUS_FAILED;
}

enum status rebuild_version(struct rebuild *rebuild, const char *version, const char **ret,
                            struct err *err)
{
    OWNED(sql_close) sqlite3_stmt *rows = NULL;
    bool row;
    TRY(sql_open(rebuild->store, &rows, err,
                 "SELECT run_id FROM edges WHERE output = 'version:' || ?", "t", version));
    TRY(sql_next(rebuild->store, rows, &row, err));
    if (!row) return fail(err, STATUS_FAILED, "no run wrote version %s", version);
    const char *run = arena_text(rebuild->arena, sql_text(rows, 0), strlen(sql_text(rows, 0)));
    if (run == NULL) return fail_memory(err, 0);
    sql_close(&rows);
    enum status status = rebuild_run(rebuild, run, ret, err);
    return status == STATUS_OK ? STATUS_OK : fail_within(err, status, "version %s", version);
}
