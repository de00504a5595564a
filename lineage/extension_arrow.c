/* extension_arrow.c: CREATE VIRTUAL TABLE temp.t USING arrow('FILE' | 'tamis:DATASET[@REF]' [,
 * 'STORE']).
 *
 * The rowid is the row's place, from 1. Comparisons with constants leave out chunks of a version by
 * their statistics, ranges of rowid leave out batches; SQLite checks every row again. */
#include "lineage/extension.h"

#include "base/memory.h"
#include "columnar/ipc.h"

#include <limits.h>
#include <stdlib.h>

SQLITE_EXTENSION_INIT3

#define COLUMNS_MAXIMUM 2000    /* SQLite's own */
#define ROWS_UNKNOWN    1000000 /* a guess for the planner */
#define CHECKS_MAXIMUM  64

struct table {
    sqlite3_vtab base;
    struct extension_data data;
};

struct cursor {
    sqlite3_vtab_cursor base;
    struct extension_rows rows;
    bool *skip;
};

static int table_fail(sqlite3_vtab *table, enum status status, const struct err *err)
{
    return extension_fail(&table->zErrMsg, status, err);
}

/* ---- making ---- */

/* 'it''s' -> it's, in the arena. */
static char *unquoted(struct arena *arena, const char *text)
{
    size_t size = strlen(text), kept = 0;
    char *ret = arena_text(arena, text, size);
    char quote = text[0];

    if (ret == NULL || size < 2 || (quote != '\'' && quote != '"') || text[size - 1] != quote)
        return ret;
    for (size_t i = 1; i + 1 < size; i++) {
        ret[kept++] = text[i];
        if (text[i] == quote && i + 2 < size && text[i + 1] == quote) i++;
    }
    ret[kept] = '\0';
    return ret;
}

/* SQLite wants names that differ, whatever their case; Arrow does not. */
static bool name_taken(const struct schema *schema, size_t before, const char *name)
{
    for (size_t i = 0; i < before; i++)
        if (sqlite3_stricmp(schema->fields[i].name, name) == 0) return true;
    return false;
}

static void declare_column(sqlite3_str *text, const struct schema *schema, size_t i)
{
    const struct field *field = &schema->fields[i];
    const char *comma = i == 0 ? "" : ", ", *type = extension_type(field);

    if (field->name[0] == '\0' || name_taken(schema, i, field->name))
        sqlite3_str_appendf(text, "%s\"%w_%d\" %s", comma, field->name, (int)i + 1, type);
    else
        sqlite3_str_appendf(text, "%s\"%w\" %s", comma, field->name, type);
}

static int declare(sqlite3 *db, const struct schema *schema, char **ret_message)
{
    sqlite3_str *text = sqlite3_str_new(db);

    sqlite3_str_appendall(text, "CREATE TABLE x(");
    for (size_t i = 0; i < schema->count; i++)
        declare_column(text, schema, i);
    if (schema->count == 0) sqlite3_str_appendall(text, "no_column TEXT HIDDEN");
    sqlite3_str_appendall(text, ")");
    char *sql = sqlite3_str_finish(text);
    int result = sql == NULL ? SQLITE_NOMEM : sqlite3_declare_vtab(db, sql);
    if (result == SQLITE_ERROR) *ret_message = sqlite3_mprintf("%s", sqlite3_errmsg(db));
    sqlite3_free(sql);
    return result;
}

/* argv: module, database, table, then what stands in the parentheses. */
static enum status open_data(struct table *table, sqlite3 *db, int argc, const char *const *argv,
                             struct err *err)
{
    OWNED(arena_close) struct arena *arena = NULL;

    if (strcmp(argv[1], "temp") != 0) {
        fail(err, STATUS_USAGE,
             "table \"%s\" would be kept in database \"%s\", which every other "
             "reader could not open then",
             argv[2], argv[1]);
        err_hint(err, "CREATE VIRTUAL TABLE temp.%s USING arrow(...)", argv[2]);
        return STATUS_USAGE;
    }
    if (argc < 4 || argc > 5)
        return fail(err, STATUS_USAGE,
                    "found %d arguments, expected arrow('FILE') or "
                    "arrow('tamis:DATASET@REF', 'STORE')",
                    argc - 3);
    TRY(arena_open(&arena, err));
    const char *reference = unquoted(arena, argv[3]);
    const char *store = argc == 5 ? unquoted(arena, argv[4]) : NULL;
    if (reference == NULL || (argc == 5 && store == NULL)) return fail_memory(err, 0);
    TRY(extension_data_open(&table->data, db, reference, store, err));
    if (table->data.schema->count <= COLUMNS_MAXIMUM) return STATUS_OK;
    return fail(err, STATUS_USAGE, "%zu columns, SQLite takes at most %d",
                table->data.schema->count, COLUMNS_MAXIMUM);
}

static int arrow_disconnect(sqlite3_vtab *base)
{
    struct table *table = (struct table *)base;

    extension_data_release(&table->data);
    memory_free(table);
    return SQLITE_OK;
}

static int arrow_connect(sqlite3 *db, void *context, int argc, const char *const *argv,
                         sqlite3_vtab **ret, char **ret_message)
{
    struct table *table = memory_get(1, sizeof *table);
    struct err err = {0};

    (void)context;
    if (table == NULL) return SQLITE_NOMEM;
    int result = extension_fail(ret_message, open_data(table, db, argc, argv, &err), &err);
    if (result == SQLITE_OK) result = declare(db, table->data.schema, ret_message);
    if (result == SQLITE_OK) result = sqlite3_vtab_config(db, SQLITE_VTAB_DIRECTONLY);
    if (result == SQLITE_OK)
        *ret = &table->base;
    else
        arrow_disconnect(&table->base);
    return result;
}

/* ---- planning ---- */

static bool is_comparison(int op)
{
    return op == SQLITE_INDEX_CONSTRAINT_EQ || op == SQLITE_INDEX_CONSTRAINT_GT ||
           op == SQLITE_INDEX_CONSTRAINT_GE || op == SQLITE_INDEX_CONSTRAINT_LT ||
           op == SQLITE_INDEX_CONSTRAINT_LE;
}

/* A list behind IN would read everything again for each of its members. */
static bool is_useful(const struct table *table, sqlite3_index_info *plan, int i)
{
    const struct sqlite3_index_constraint *constraint = &plan->aConstraint[i];

    if (!constraint->usable || !is_comparison(constraint->op) || sqlite3_vtab_in(plan, i, -1))
        return false;
    if (constraint->iColumn < 0) return true;
    if (table->data.rows < 0 || (size_t)constraint->iColumn >= table->data.schema->count)
        return false;
    enum range_kind kind = range_kind_of(&table->data.schema->fields[constraint->iColumn]);
    if (kind == RANGE_TEXT || kind == RANGE_TIME)
        return strcmp(sqlite3_vtab_collation(plan, i), "BINARY") == 0;
    return kind != RANGE_NONE;
}

/* idxStr is "COLUMN:OPERATOR;" for each value that xFilter gets. */
static int arrow_plan(sqlite3_vtab *base, sqlite3_index_info *plan)
{
    const struct table *table = (const struct table *)base;
    sqlite3_str *checks = sqlite3_str_new(NULL);
    double rows = table->data.rows < 0 ? ROWS_UNKNOWN : (double)table->data.rows;
    int used = 0;

    for (int i = 0; i < plan->nConstraint && used < CHECKS_MAXIMUM; i++) {
        const struct sqlite3_index_constraint *constraint = &plan->aConstraint[i];
        if (!is_useful(table, plan, i)) continue;
        plan->aConstraintUsage[i].argvIndex = ++used;
        sqlite3_str_appendf(checks, "%d:%d;", constraint->iColumn, (int)constraint->op);
        rows /= constraint->op == SQLITE_INDEX_CONSTRAINT_EQ ? 10 : 2;
    }
    plan->estimatedCost = 1000 + rows;
    plan->estimatedRows = (sqlite3_int64)rows + 1;
    plan->idxStr = sqlite3_str_finish(checks);
    plan->needToFreeIdxStr = 1;
    return used > 0 && plan->idxStr == NULL ? SQLITE_NOMEM : SQLITE_OK;
}

/* ---- reading ---- */

static int arrow_open(sqlite3_vtab *base, sqlite3_vtab_cursor **ret)
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
    memory_free(cursor->skip);
    cursor->skip = NULL;
}

static int arrow_close(sqlite3_vtab_cursor *base)
{
    cursor_reset((struct cursor *)base);
    memory_free(base);
    return SQLITE_OK;
}

/* Rowids count from 1, rows from 0. Anything but an integer is left to SQLite. */
static void narrow_rows(struct extension_rows *rows, int op, sqlite3_value *value)
{
    if (sqlite3_value_type(value) != SQLITE_INTEGER) return;
    int64_t id = sqlite3_value_int64(value);
    int64_t row = id < 1 ? -1 : id - 1;
    if ((op == SQLITE_INDEX_CONSTRAINT_EQ || op == SQLITE_INDEX_CONSTRAINT_GE ||
         op == SQLITE_INDEX_CONSTRAINT_GT) &&
        row > rows->low)
        rows->low = row;
    if ((op == SQLITE_INDEX_CONSTRAINT_EQ || op == SQLITE_INDEX_CONSTRAINT_LE ||
         op == SQLITE_INDEX_CONSTRAINT_LT) &&
        row < rows->high)
        rows->high = row;
}

static void narrow_pieces(struct cursor *cursor, size_t column, int op, sqlite3_value *value)
{
    const struct extension_data *data = cursor->rows.data;
    enum range_kind kind = range_kind_of(&data->schema->fields[column]);

    for (size_t i = 0; i < data->count; i++)
        if (data->pieces[i].ranges != NULL &&
            extension_excludes(kind, &data->pieces[i].ranges[column], op, value))
            cursor->skip[i] = true;
}

static void narrow(struct cursor *cursor, const char *checks, int argc, sqlite3_value **argv)
{
    for (int i = 0; i < argc && checks != NULL && *checks != '\0'; i++) {
        char *rest;
        long column = strtol(checks, &rest, 10);
        long op = strtol(rest + 1, &rest, 10);
        checks = rest + 1;
        if (column < 0)
            narrow_rows(&cursor->rows, (int)op, argv[i]);
        else
            narrow_pieces(cursor, (size_t)column, (int)op, argv[i]);
    }
}

static int arrow_next(sqlite3_vtab_cursor *base)
{
    struct cursor *cursor = (struct cursor *)base;
    struct err err = {0};

    return table_fail(base->pVtab, extension_rows_next(&cursor->rows, &err), &err);
}

static int arrow_filter(sqlite3_vtab_cursor *base, int number, const char *checks, int argc,
                        sqlite3_value **argv)
{
    struct cursor *cursor = (struct cursor *)base;
    const struct table *table = (const struct table *)base->pVtab;

    (void)number;
    cursor_reset(cursor);
    cursor->skip = memory_get(table->data.count + 1, sizeof *cursor->skip);
    if (cursor->skip == NULL) return SQLITE_NOMEM;
    cursor->rows =
        (struct extension_rows){.data = &table->data, .skip = cursor->skip, .high = INT64_MAX};
    narrow(cursor, checks, argc, argv);
    return arrow_next(base);
}

static int arrow_eof(sqlite3_vtab_cursor *base)
{
    return ((const struct cursor *)base)->rows.end;
}

static int arrow_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int column)
{
    const struct extension_rows *rows = &((const struct cursor *)base)->rows;

    if ((size_t)column < rows->data->schema->count)
        extension_result(context, &rows->data->schema->fields[column], rows->batch.columns[column],
                         rows->row);
    return SQLITE_OK;
}

static int arrow_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *ret)
{
    const struct extension_rows *rows = &((const struct cursor *)base)->rows;

    *ret = rows->first + rows->row + 1;
    return SQLITE_OK;
}

static const sqlite3_module arrow_module = {
    .xCreate = arrow_connect,
    .xConnect = arrow_connect,
    .xBestIndex = arrow_plan,
    .xDisconnect = arrow_disconnect,
    .xDestroy = arrow_disconnect,
    .xOpen = arrow_open,
    .xClose = arrow_close,
    .xFilter = arrow_filter,
    .xNext = arrow_next,
    .xEof = arrow_eof,
    .xColumn = arrow_column,
    .xRowid = arrow_rowid,
};

int extension_add_arrow(sqlite3 *db)
{
    return sqlite3_create_module_v2(db, "arrow", &arrow_module, NULL, NULL);
}
