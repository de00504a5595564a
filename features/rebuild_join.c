/* features/rebuild_join.c: a join done again, in a store of its own: the spine and the version of
 * each view are made again, and asked with the definition the view had then. */
#include "features/rebuild.h"

#include "lineage/sql.h"

/* A view of the join, as "[NAME=]VIEW[@REF]" was given. */
struct joined {
    const char *node;    /* "version:DATASET@N" that answered */
    const char *operand; /* the same in the new store */
    int number;          /* there */
};

struct again {
    struct rebuild *rebuild;
    const struct past *past;
    const char *store;
    struct joined *views;
    size_t count;
};

/* ---- what was recorded ---- */

static enum status read_views(struct again *again, struct err *err)
{
    OWNED(sql_close) sqlite3_stmt *rows = NULL;
    struct rebuild *rebuild = again->rebuild;
    int64_t count = 0;
    bool row;
    static const char from[] = "SELECT value FROM training_sets, json_each(views) WHERE run_id = ?";
    TRY(sql_number(rebuild->store, &count, 0, err,
                   "SELECT json_array_length(views) FROM training_sets WHERE run_id = ?", "t",
                   again->past->run));
    again->views = arena_get(rebuild->arena, (size_t)count + 1, sizeof *again->views);
    if (again->views == NULL) return fail_memory(err, (size_t)count);
    TRY(sql_open(rebuild->store, &rows, err, from, "t", again->past->run));
    for (;;) {
        TRY(sql_next(rebuild->store, rows, &row, err));
        if (!row || again->count == (size_t)count) return STATUS_OK;
        const char *node = sql_text(rows, 0);
        struct joined *view = &again->views[again->count++];
        view->node = arena_text(rebuild->arena, node, strlen(node));
        if (view->node == NULL) return fail_memory(err, strlen(node));
    }
}

/* The view's definition when the join ran. */
static enum status read_definition(const struct again *again, const char *name, const char **ret,
                                   struct err *err)
{
    OWNED(sql_close) sqlite3_stmt *rows = NULL;
    bool row;
    TRY(sql_open(again->rebuild->store, &rows, err,
                 "SELECT definition FROM views WHERE view = ?1 AND created_at <="
                 " (SELECT started_at FROM runs WHERE run_id = ?2) ORDER BY revision DESC LIMIT 1",
                 "tt", name, again->past->run));
    TRY(sql_next(again->rebuild->store, rows, &row, err));
    if (!row) return fail(err, STATUS_FAILED, "view \"%s\" is not in the catalog any more", name);
    *ret = arena_text(again->rebuild->arena, sql_text(rows, 0), strlen(sql_text(rows, 0)));
    return *ret == NULL ? fail_memory(err, 0) : STATUS_OK;
}

/* ---- the views ---- */

/* Puts the rows of a version into the new store. */
static enum status put_view(const struct again *again, const char *view, const char *node,
                            struct err *err)
{
    struct rebuild *rebuild = again->rebuild;
    const char *definition, *file, *rows;
    TRY(read_definition(again, view, &definition, err));
    TRY(rebuild_write(rebuild, definition, ".yaml", &file, err));
    TRY(rebuild_version(rebuild, node + strlen("version:"), &rows, err));
    const char *define[] = {"define", file, "--store", again->store, "--quiet", NULL};
    const char *put[] = {"put",     view, rows, "--store", again->store, "--accept-failed",
                         "--quiet", NULL};
    TRY(rebuild_step(rebuild, "tamis-features", define, "", err));
    return rebuild_step(rebuild, "tamis-features", put, "", err);
}

/* A version that an earlier --view of the same join has put is not put again. */
static enum status make_view(const struct again *again, size_t number, const char *operand,
                             struct err *err)
{
    struct joined *view = &again->views[number];
    const char *equals = strchr(operand, '='), *at = strchr(operand, '@');
    const char *name = equals != NULL && (at == NULL || equals < at) ? equals + 1 : operand;
    size_t size = strcspn(name, "@");
    const char *alone = arena_text(again->rebuild->arena, name, size);
    size_t dataset = strcspn(view->node, "@");
    if (alone == NULL) return fail_memory(err, size);
    for (size_t i = 0; i < number && view->number == 0; i++)
        if (strcmp(again->views[i].node, view->node) == 0) view->number = again->views[i].number;
    if (view->number == 0) {
        view->number = 1;
        for (size_t i = 0; i < number; i++)
            if (strncmp(again->views[i].node, view->node, dataset + 1) == 0 &&
                again->views[i].number >= view->number)
                view->number = again->views[i].number + 1;
        TRY(put_view(again, alone, view->node, err));
    }
    view->operand = arena_format(again->rebuild->arena, "%.*s%s@%d", (int)(name - operand), operand,
                                 alone, view->number);
    return view->operand == NULL ? fail_memory(err, size) : STATUS_OK;
}

/* ---- the join ---- */

/* The value of --name at arguments[*at], which is moved to it; NULL where it is another option. */
static const char *value_at(const char **arguments, size_t count, size_t *at, const char *name)
{
    size_t size = strlen(name);
    const char *argument = arguments[*at];
    if (strncmp(argument, name, size) != 0) return NULL;
    if (argument[size] == '=') return argument + size + 1;
    if (argument[size] != '\0' || *at + 1 == count) return NULL;
    return arguments[++*at];
}

/* Puts what was made again into the place of spine and views. */
static enum status replace(const struct again *again, const char **arguments, size_t count,
                           const char *spine, struct err *err)
{
    size_t views = 0;
    for (size_t i = 0; i < count; i++) {
        size_t value = i;
        const char *given = value_at(arguments, count, &value, "--spine");
        if (given != NULL) {
            arguments[value] =
                value > i ? spine : arena_format(again->rebuild->arena, "--spine=%s", spine);
        } else if ((given = value_at(arguments, count, &value, "--view")) != NULL) {
            if (views == again->count) break;
            TRY(make_view(again, views, given, err));
            const char *operand = again->views[views++].operand;
            arguments[value] =
                value > i ? operand : arena_format(again->rebuild->arena, "--view=%s", operand);
        }
        if (arguments[value] == NULL) return fail_memory(err, 0);
        i = value;
    }
    return STATUS_OK;
}

static size_t count_views(const char **arguments, size_t count)
{
    size_t views = 0;
    for (size_t i = 0; i < count; i++)
        views += value_at(arguments, count, &i, "--view") != NULL;
    return views;
}

static enum status read_spine(const struct again *again, const char **ret, struct err *err)
{
    OWNED(sql_close) sqlite3_stmt *rows = NULL;
    bool row;
    TRY(sql_open(again->rebuild->store, &rows, err,
                 "SELECT spine FROM training_sets WHERE run_id = ?", "t", again->past->run));
    TRY(sql_next(again->rebuild->store, rows, &row, err));
    if (!row) return fail(err, STATUS_FAILED, "run %s is no training set", again->past->run);
    const char *node =
        arena_text(again->rebuild->arena, sql_text(rows, 0), strlen(sql_text(rows, 0)));
    if (node == NULL) return fail_memory(err, 0);
    sql_close(&rows);
    return rebuild_node(again->rebuild, again->past, node, ret, err);
}

enum status rebuild_join(struct rebuild *rebuild, const struct past *past, const char **ret,
                         struct err *err)
{
    struct again again = {.rebuild = rebuild, .past = past};
    const char **arguments, *spine;
    size_t count;
    TRY(read_views(&again, err));
    TRY(past_arguments(past, rebuild->arena, &arguments, &count, err));
    if (count_views(arguments, count) != again.count) {
        (void)fail(err, STATUS_FAILED,
                   "run %s joined several versions of a view, behind a weighted tag", past->run);
        err_hint(err, "join again with the versions that training_sets.views names");
        return STATUS_FAILED;
    }
    TRY(read_spine(&again, &spine, err));
    TRY(rebuild_file(rebuild, ".store", &again.store, err));
    TRY(replace(&again, arguments, count, spine, err));
    TRY(rebuild_file(rebuild, ".arrow", ret, err));
    const char *const more[] = {"--store", again.store, "--quiet", "-o", *ret};
    for (size_t i = 0; i < sizeof more / sizeof *more; i++)
        arguments[count++] = more[i];
    TRY(rebuild_tell(rebuild, "join", "its spine and views", err));
    return rebuild_step(rebuild, "tamis-features", arguments, past->folder, err);
}
