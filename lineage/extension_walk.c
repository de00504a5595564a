/* extension_walk.c: lineage_up(NODE [, DEPTH]) and lineage_down(NODE [, DEPTH]): the nodes a node
 * was made from, or that were made from it, nearest first, by the catalog in the main database. */
#include "lineage/extension.h"

#include "base/memory.h"

SQLITE_EXTENSION_INIT3

#define DEPTH_MAXIMUM INT64_MAX

enum { COLUMN_NODE, COLUMN_DEPTH, COLUMN_START, COLUMN_HOPS };
/* What xFilter gets, in this order. */
enum { GIVEN_START, GIVEN_HOPS, GIVEN_MOST, GIVEN_COUNT };

/* The nearest way to each node: lineage/queries/upstream.sql, which explains it, without the facts
 * about nodes. */
#define WALK(from, to)                                                                             \
    "WITH RECURSIVE walk(node, hops) AS ("                                                         \
    " SELECT CASE WHEN ?1 GLOB '[a-z]*:*' THEN ?1 ELSE 'version:' || ?1 END, '' COLLATE RTRIM"     \
    " UNION SELECT e." to ", walk.hops || ' ' FROM walk CROSS JOIN main.edges AS e ON e." from     \
    " = walk.node WHERE length(walk.hops) < ?2)"                                                   \
    " SELECT node, length(hops) FROM walk ORDER BY 2, 1"
static const char walk_up[] = WALK("output", "input");
static const char walk_down[] = WALK("input", "output");

struct walk {
    sqlite3_vtab base;
    sqlite3 *db;
    const char *sql;
};

struct cursor {
    sqlite3_vtab_cursor base;
    sqlite3_stmt *rows;
    int64_t row, hops;
    bool end;
};

/* ---- making ---- */

static int walk_connect(sqlite3 *db, void *sql, int argc, const char *const *argv,
                        sqlite3_vtab **ret, char **ret_message)
{
    struct walk *walk = memory_get(1, sizeof *walk);

    (void)argc, (void)argv, (void)ret_message;
    if (walk == NULL) return SQLITE_NOMEM;
    walk->db = db;
    walk->sql = sql;
    int result = sqlite3_declare_vtab(
        db, "CREATE TABLE x(node TEXT, depth INTEGER, start TEXT HIDDEN, hops INTEGER HIDDEN)");
    if (result == SQLITE_OK) result = sqlite3_vtab_config(db, SQLITE_VTAB_DIRECTONLY);
    if (result == SQLITE_OK)
        *ret = &walk->base;
    else
        memory_free(walk);
    return result;
}

static int walk_disconnect(sqlite3_vtab *base)
{
    memory_free(base);
    return SQLITE_OK;
}

/* ---- planning ---- */

/* Which of the values a constraint is; -1 = none. depth <= N ends the walk, too. */
static int given_by(const struct sqlite3_index_constraint *constraint)
{
    int op = constraint->op;

    if (op == SQLITE_INDEX_CONSTRAINT_EQ && constraint->iColumn == COLUMN_START) return GIVEN_START;
    if (op == SQLITE_INDEX_CONSTRAINT_EQ && constraint->iColumn == COLUMN_HOPS) return GIVEN_HOPS;
    if (constraint->iColumn == COLUMN_DEPTH && constraint->usable &&
        (op == SQLITE_INDEX_CONSTRAINT_EQ || op == SQLITE_INDEX_CONSTRAINT_LE ||
         op == SQLITE_INDEX_CONSTRAINT_LT))
        return GIVEN_MOST;
    return -1;
}

static int walk_plan(sqlite3_vtab *base, sqlite3_index_info *plan)
{
    int given[GIVEN_COUNT] = {-1, -1, -1}, used = 0;

    (void)base;
    for (int i = 0; i < plan->nConstraint; i++) {
        int which = given_by(&plan->aConstraint[i]);
        if (which < 0) continue;
        if (!plan->aConstraint[i].usable) return SQLITE_CONSTRAINT;
        given[which] = i;
    }
    for (int which = 0; which < GIVEN_COUNT; which++) {
        if (given[which] < 0) continue;
        plan->aConstraintUsage[given[which]].argvIndex = ++used;
        plan->aConstraintUsage[given[which]].omit = which != GIVEN_MOST;
        plan->idxNum |= 1 << which;
    }
    bool few = given[GIVEN_HOPS] >= 0 || given[GIVEN_MOST] >= 0;
    plan->estimatedCost = few ? 200 : 2000;
    plan->estimatedRows = few ? 20 : 200;
    return SQLITE_OK;
}

/* ---- reading ---- */

static int walk_open(sqlite3_vtab *base, sqlite3_vtab_cursor **ret)
{
    struct cursor *cursor = memory_get(1, sizeof *cursor);

    (void)base;
    if (cursor == NULL) return SQLITE_NOMEM;
    *ret = &cursor->base;
    return SQLITE_OK;
}

static int walk_close(sqlite3_vtab_cursor *base)
{
    sqlite3_finalize(((struct cursor *)base)->rows);
    memory_free(base);
    return SQLITE_OK;
}

static int walk_fail(sqlite3_vtab *base, int result)
{
    sqlite3_free(base->zErrMsg);
    base->zErrMsg = sqlite3_mprintf("%s; the main database must be catalog.db of a store",
                                    sqlite3_errmsg(((struct walk *)base)->db));
    return result;
}

static int walk_next(sqlite3_vtab_cursor *base)
{
    struct cursor *cursor = (struct cursor *)base;
    int result = sqlite3_step(cursor->rows);

    cursor->row++;
    cursor->end = result != SQLITE_ROW;
    return result == SQLITE_ROW || result == SQLITE_DONE ? SQLITE_OK
                                                         : walk_fail(base->pVtab, result);
}

static int64_t fewer(int64_t hops, sqlite3_value *value)
{
    if (sqlite3_value_type(value) == SQLITE_NULL) return hops;
    if (sqlite3_value_numeric_type(value) != SQLITE_INTEGER) return hops; /* left to SQLite */
    int64_t most = sqlite3_value_int64(value);
    return most < hops ? most : hops;
}

static int walk_filter(sqlite3_vtab_cursor *base, int given, const char *text, int argc,
                       sqlite3_value **argv)
{
    struct cursor *cursor = (struct cursor *)base;
    const struct walk *walk = (const struct walk *)base->pVtab;
    int64_t most = DEPTH_MAXIMUM;
    int next = 1;

    (void)text, (void)argc;
    sqlite3_finalize(cursor->rows);
    cursor->rows = NULL;
    cursor->row = 0;
    if ((given & 1 << GIVEN_START) == 0) {
        sqlite3_free(base->pVtab->zErrMsg);
        base->pVtab->zErrMsg = sqlite3_mprintf("no node given; as in lineage_up('clean/orders@3')");
        return SQLITE_ERROR;
    }
    if ((given & 1 << GIVEN_HOPS) != 0) most = fewer(most, argv[next++]);
    cursor->hops = most;
    if ((given & 1 << GIVEN_MOST) != 0) most = fewer(most, argv[next]);
    int result = sqlite3_prepare_v2(walk->db, walk->sql, -1, &cursor->rows, NULL);
    if (result != SQLITE_OK) return walk_fail(base->pVtab, result);
    sqlite3_bind_value(cursor->rows, 1, argv[0]);
    sqlite3_bind_int64(cursor->rows, 2, most);
    return walk_next(base);
}

static int walk_eof(sqlite3_vtab_cursor *base)
{
    return ((const struct cursor *)base)->end;
}

static int walk_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int column)
{
    const struct cursor *cursor = (const struct cursor *)base;

    if (column <= COLUMN_DEPTH)
        sqlite3_result_value(context, sqlite3_column_value(cursor->rows, column));
    else if (column == COLUMN_HOPS)
        sqlite3_result_int64(context, cursor->hops);
    return SQLITE_OK;
}

static int walk_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *ret)
{
    *ret = ((const struct cursor *)base)->row;
    return SQLITE_OK;
}

/* No xCreate: called like a function, never stored. */
static const sqlite3_module walk_module = {
    .xConnect = walk_connect,
    .xBestIndex = walk_plan,
    .xDisconnect = walk_disconnect,
    .xOpen = walk_open,
    .xClose = walk_close,
    .xFilter = walk_filter,
    .xNext = walk_next,
    .xEof = walk_eof,
    .xColumn = walk_column,
    .xRowid = walk_rowid,
};

int extension_add_walks(sqlite3 *db)
{
    int result =
        sqlite3_create_module_v2(db, "lineage_up", &walk_module, (void *)(uintptr_t)walk_up, NULL);
    if (result != SQLITE_OK) return result;
    return sqlite3_create_module_v2(db, "lineage_down", &walk_module, (void *)(uintptr_t)walk_down,
                                    NULL);
}
