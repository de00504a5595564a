/* extension_cells.c: cell_events(RUN): the cells a run changed, from audit/RUN.arrow of the store
 * whose catalog is the main database. */
#include "lineage/extension.h"

#include "base/memory.h"

SQLITE_EXTENSION_INIT3

#define COLUMN_RUN 10 /* hidden, behind those of the file */
#define ONCE_FEWER 9  /* columns of a file without donors, as earlier versions wrote it */
static const char *const names[COLUMN_RUN] = {"source",     "record", "position", "module",
                                              "rule",       "column", "before",   "after",
                                              "confidence", "donors"};

/* As the planner needs to know them before a run is named. */
#define TEXT_FIELD                                                                                 \
    {                                                                                              \
        .name = "", .type.id = TYPE_UTF8                                                           \
    }
static struct field plan_fields[COLUMN_RUN] = {TEXT_FIELD,
                                               {.name = "", .type.id = TYPE_INT64},
                                               {.name = "", .type.id = TYPE_INT32},
                                               TEXT_FIELD,
                                               TEXT_FIELD,
                                               TEXT_FIELD,
                                               TEXT_FIELD,
                                               TEXT_FIELD,
                                               {.name = "", .type.id = TYPE_FLOAT64},
                                               TEXT_FIELD};
static const struct schema plan_schema = {.fields = plan_fields, .count = COLUMN_RUN};

struct cells {
    sqlite3_vtab base;
    sqlite3 *db;
    struct extension_counts *counts;
};

struct cursor {
    sqlite3_vtab_cursor base;
    struct extension_data data;
    struct extension_rows rows;
};

/* ---- making and planning ---- */

static int cells_connect(sqlite3 *db, void *context, int argc, const char *const *argv,
                         sqlite3_vtab **ret, char **ret_message)
{
    struct cells *cells = memory_get(1, sizeof *cells);

    (void)argc, (void)argv, (void)ret_message;
    if (cells == NULL) return SQLITE_NOMEM;
    cells->db = db;
    cells->counts = context;
    int result = sqlite3_declare_vtab(
        db, "CREATE TABLE x(source TEXT, record INTEGER, position INTEGER, module TEXT, rule TEXT,"
            " \"column\" TEXT, before TEXT, after TEXT, confidence REAL, donors TEXT, run TEXT "
            "HIDDEN)");
    if (result == SQLITE_OK) result = sqlite3_vtab_config(db, SQLITE_VTAB_DIRECTONLY);
    if (result == SQLITE_OK)
        *ret = &cells->base;
    else
        memory_free(cells);
    return result;
}

static int cells_disconnect(sqlite3_vtab *base)
{
    memory_free(base);
    return SQLITE_OK;
}

/* The run is the first value; what leaves out batches of its file comes behind it. */
static int cells_plan(sqlite3_vtab *base, sqlite3_index_info *plan)
{
    (void)base;
    for (int i = 0; i < plan->nConstraint; i++) {
        const struct sqlite3_index_constraint *constraint = &plan->aConstraint[i];
        if (constraint->iColumn != COLUMN_RUN || constraint->op != SQLITE_INDEX_CONSTRAINT_EQ)
            continue;
        if (!constraint->usable) return SQLITE_CONSTRAINT;
        plan->aConstraintUsage[i].argvIndex = 1;
        plan->aConstraintUsage[i].omit = 1;
        return extension_plan(NULL, &plan_schema, 1, plan);
    }
    plan->estimatedCost = 1e6;
    return SQLITE_OK;
}

/* ---- reading ---- */

static int cells_open(sqlite3_vtab *base, sqlite3_vtab_cursor **ret)
{
    struct cursor *cursor = memory_get(1, sizeof *cursor);

    (void)base;
    if (cursor == NULL) return SQLITE_NOMEM;
    *ret = &cursor->base;
    return SQLITE_OK;
}

static void cursor_reset(struct cursor *cursor)
{
    extension_rows_release(&cursor->rows);
    extension_data_release(&cursor->data);
}

static int cells_close(sqlite3_vtab_cursor *base)
{
    cursor_reset((struct cursor *)base);
    memory_free(base);
    return SQLITE_OK;
}

static enum status check_columns(const struct schema *schema, const char *path, struct err *err)
{
    bool same = schema->count == COLUMN_RUN || schema->count == ONCE_FEWER;

    for (size_t i = 0; same && i < schema->count; i++)
        same = strcmp(schema->fields[i].name, names[i]) == 0;
    if (same) return STATUS_OK;
    return fail(err, STATUS_FAILED, "file \"%s\" is not the audit of a run's cells", path);
}

/* The run becomes a path: it must look like one of ours. */
static enum status open_run(struct cursor *cursor, sqlite3 *db, const char *run, struct err *err)
{
    OWNED(arena_close) struct arena *arena = NULL;
    char *folder = NULL;

    if (run == NULL || strlen(run) != 36 || run[strspn(run, "0123456789abcdef-")] != '\0') {
        fail(err, STATUS_USAGE, "\"%s\" is not a run, expected its run_id", run == NULL ? "" : run);
        err_hint(err, "SELECT run_id FROM runs lists them");
        return STATUS_USAGE;
    }
    TRY(arena_open(&arena, err));
    TRY(extension_main_folder(db, arena, &folder, err));
    const char *path = arena_format(arena, "%s/audit/%s.arrow", folder, run);
    if (path == NULL) return fail_memory(err, strlen(folder));
    enum status status = extension_data_open(&cursor->data, db, path, NULL, err);
    if (status != STATUS_OK) {
        err_hint(err, "tamis-clean --audit cells keeps the changed cells of a run");
        return status;
    }
    return check_columns(cursor->data.schema, path, err);
}

static int cells_next(sqlite3_vtab_cursor *base)
{
    struct err err = {0};
    enum status status = extension_rows_next(&((struct cursor *)base)->rows, &err);

    return extension_fail(&base->pVtab->zErrMsg, status, &err);
}

static int cells_filter(sqlite3_vtab_cursor *base, int number, const char *checks, int argc,
                        sqlite3_value **argv)
{
    struct cursor *cursor = (struct cursor *)base;
    const struct cells *cells = (const struct cells *)base->pVtab;
    const char *run = argc == 0 ? NULL : (const char *)sqlite3_value_text(argv[0]);
    struct err err = {0};

    (void)number;
    cursor_reset(cursor);
    enum status status = open_run(cursor, cells->db, run, &err);
    if (status == STATUS_OK)
        status = extension_rows_begin(&cursor->rows, &cursor->data, cells->counts, checks, argc - 1,
                                      argv + 1, &err);
    return extension_fail(&base->pVtab->zErrMsg, status, &err);
}

static int cells_eof(sqlite3_vtab_cursor *base)
{
    return ((const struct cursor *)base)->rows.end;
}

static int cells_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int column)
{
    struct extension_rows *rows = &((struct cursor *)base)->rows;
    struct err err = {0};

    if (column >= COLUMN_RUN || (size_t)column >= rows->data->schema->count) return SQLITE_OK;
    enum status status = extension_rows_value(rows, context, (size_t)column, &err);
    return extension_fail(&base->pVtab->zErrMsg, status, &err);
}

static int cells_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *ret)
{
    const struct extension_rows *rows = &((const struct cursor *)base)->rows;

    *ret = rows->first + rows->row + 1;
    return SQLITE_OK;
}

/* No xCreate: called like a function, never stored. */
static const sqlite3_module cells_module = {
    .xConnect = cells_connect,
    .xBestIndex = cells_plan,
    .xDisconnect = cells_disconnect,
    .xOpen = cells_open,
    .xClose = cells_close,
    .xFilter = cells_filter,
    .xNext = cells_next,
    .xEof = cells_eof,
    .xColumn = cells_column,
    .xRowid = cells_rowid,
};

int extension_add_cells(sqlite3 *db, struct extension_counts *counts)
{
    return sqlite3_create_module_v2(db, "cell_events", &cells_module, counts, NULL);
}
