/* features/rebuild_put.c: puts done again, in a store of their own: an append or upsert after the
 * puts whose rows it kept. */
#include "features/rebuild.h"

#include "lineage/sql.h"

/* The version of its own dataset that a put built upon; "" = none. */
static enum status find_base(struct rebuild *rebuild, const struct past *past, const char **ret,
                             struct err *err)
{
    OWNED(sql_close) sqlite3_stmt *rows = NULL;
    size_t size = strcspn(past->version, "@");
    bool row;
    *ret = "";
    TRY(sql_open(rebuild->store, &rows, err,
                 "SELECT substr(input, 9) FROM edges WHERE run_id = ?1"
                 " AND output = 'stream:' || ?1 AND input LIKE 'version:' || ?2 || '@%'",
                 "ts", past->run, (struct str){past->version, size}));
    TRY(sql_next(rebuild->store, rows, &row, err));
    if (!row) return STATUS_OK;
    *ret = arena_text(rebuild->arena, sql_text(rows, 0), strlen(sql_text(rows, 0)));
    return *ret == NULL ? fail_memory(err, 0) : STATUS_OK;
}

static enum status past_of_version(struct rebuild *rebuild, const char *version, struct past *ret,
                                   struct err *err)
{
    OWNED(sql_close) sqlite3_stmt *rows = NULL;
    bool row;
    TRY(sql_open(rebuild->store, &rows, err,
                 "SELECT run_id FROM edges WHERE output = 'version:' || ?", "t", version));
    TRY(sql_next(rebuild->store, rows, &row, err));
    if (!row) return fail(err, STATUS_FAILED, "no run wrote version %s", version);
    const char *run = arena_text(rebuild->arena, sql_text(rows, 0), strlen(sql_text(rows, 0)));
    return run == NULL ? fail_memory(err, 0) : past_read(ret, rebuild, run, err);
}

/* The view as it was when the rows were put, and its name. */
static enum status define_view(struct rebuild *rebuild, const struct past *past, const char *store,
                               const char **ret_name, struct err *err)
{
    OWNED(yaml_close) struct yaml *yaml = NULL;
    struct view view;
    const char *file;
    TRY(yaml_parse(&yaml, "recorded view", str_of(past->config), err));
    TRY(view_parse(&view, yaml_root(yaml), rebuild->arena, err));
    *ret_name = arena_text(rebuild->arena, view.name, strlen(view.name));
    if (*ret_name == NULL) return fail_memory(err, 0);
    TRY(rebuild_write(rebuild, past->config, ".yaml", &file, err));
    const char *arguments[] = {"define", file, "--store", store, "--quiet", NULL};
    return rebuild_step(rebuild, "tamis-features", arguments, "", err);
}

/* One put of the chain, oldest first. */
static enum status put_again(struct rebuild *rebuild, const struct past *past, const char *store,
                             struct err *err)
{
    const char *node, *input, *view, *mode = past_option(past, "--mode");
    struct str dataset = {past->version, strcspn(past->version, "@")};
    const char *except = arena_text(rebuild->arena, dataset.data, dataset.size);
    if (except == NULL) return fail_memory(err, dataset.size);
    TRY(rebuild_input(rebuild, past->run, except, &node, err));
    if (strncmp(node, "version:", 8) == 0)
        TRY(rebuild_version(rebuild, node + 8, &input, err));
    else if (strncmp(node, "stream:", 7) == 0)
        TRY(rebuild_run(rebuild, node + 7, &input, err));
    else
        return fail(err, STATUS_FAILED, "run %s read \"%s\", which no run here made", past->run,
                    node);
    TRY(define_view(rebuild, past, store, &view, err));
    const char *arguments[] = {"put",
                               view,
                               input,
                               "--mode",
                               mode == NULL ? "replace" : mode,
                               "--store",
                               store,
                               "--accept-failed",
                               "--quiet",
                               NULL};
    TRY(rebuild_tell(rebuild, past->version, node, err));
    return rebuild_step(rebuild, "tamis-features", arguments, "", err);
}

static enum status put_chain(struct rebuild *rebuild, const struct past *past, const char *store,
                             int depth, struct err *err)
{
    struct past before;
    const char *base;
    if (depth > 1000) return fail(err, STATUS_FAILED, "more than 1000 puts, one upon the other");
    TRY(find_base(rebuild, past, &base, err));
    if (base[0] != '\0') {
        TRY(past_of_version(rebuild, base, &before, err));
        TRY(put_chain(rebuild, &before, store, depth + 1, err));
    }
    return put_again(rebuild, past, store, err);
}

enum status rebuild_put(struct rebuild *rebuild, const struct past *past, const char **ret,
                        struct err *err)
{
    const char *store;
    if (past->version == NULL)
        return fail(err, STATUS_FAILED, "run %s committed no version", past->run);
    TRY(rebuild_file(rebuild, ".store", &store, err));
    TRY(put_chain(rebuild, past, store, 0, err));
    TRY(rebuild_file(rebuild, ".arrow", ret, err));
    const char *name =
        arena_format(rebuild->arena, "tamis:%.*s", (int)strcspn(past->version, "@"), past->version);
    const char *arguments[] = {"cat", name,      "--format", "arrow",   "-o",
                               *ret,  "--store", store,      "--quiet", NULL};
    if (name == NULL) return fail_memory(err, 0);
    return rebuild_step(rebuild, "tamis-features", arguments, "", err);
}
