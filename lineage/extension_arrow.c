/* extension_arrow.c: CREATE VIRTUAL TABLE temp.t USING arrow('FILE' | 'tamis:DATASET[@REF]' [,
 * 'STORE']).
 *
 * The rowid is the row's place, from 1. Two hidden columns behind those of the data lead into the
 * catalog: _version and _chunk, null in files. */
#include "lineage/extension.h"

#include "base/memory.h"

SQLITE_EXTENSION_INIT3

#define COLUMNS_MAXIMUM 1998 /* SQLite's own 2000, without ours */

/* Behind the columns of the data. */
enum { HIDDEN_VERSION, HIDDEN_CHUNK, HIDDEN_COUNT };
static const char *const hidden[HIDDEN_COUNT] = {"_version", "_chunk"};

struct table {
    sqlite3_vtab base;
    struct extension_data data;
    struct extension_counts *counts;
};

struct cursor {
    sqlite3_vtab_cursor base;
    struct extension_rows rows;
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

/* A column of the data that has the name keeps it. */
static void declare_hidden(sqlite3_str *text, const struct schema *schema)
{
    for (int i = 0; i < HIDDEN_COUNT; i++) {
        bool taken = name_taken(schema, schema->count, hidden[i]);
        sqlite3_str_appendf(text, "%s\"%s%s\" TEXT HIDDEN",
                            schema->count + (size_t)i > 0 ? ", " : "", hidden[i],
                            taken ? "_of_tamis" : "");
    }
}

static int declare(sqlite3 *db, const struct schema *schema, char **ret_message)
{
    sqlite3_str *text = sqlite3_str_new(db);

    sqlite3_str_appendall(text, "CREATE TABLE x(");
    for (size_t i = 0; i < schema->count; i++)
        declare_column(text, schema, i);
    declare_hidden(text, schema);
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

    if (table == NULL) return SQLITE_NOMEM;
    table->counts = context;
    int result = extension_fail(ret_message, open_data(table, db, argc, argv, &err), &err);
    if (result == SQLITE_OK) result = declare(db, table->data.schema, ret_message);
    if (result == SQLITE_OK) result = sqlite3_vtab_config(db, SQLITE_VTAB_DIRECTONLY);
    if (result == SQLITE_OK)
        *ret = &table->base;
    else
        arrow_disconnect(&table->base);
    return result;
}

static int arrow_plan(sqlite3_vtab *base, sqlite3_index_info *plan)
{
    const struct extension_data *data = &((const struct table *)base)->data;

    return extension_plan(data, data->schema, 0, plan);
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

static int arrow_close(sqlite3_vtab_cursor *base)
{
    extension_rows_release(&((struct cursor *)base)->rows);
    memory_free(base);
    return SQLITE_OK;
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
    struct table *table = (struct table *)base->pVtab;
    struct err err = {0};

    (void)number;
    enum status status = extension_rows_begin(&((struct cursor *)base)->rows, &table->data,
                                              table->counts, checks, argc, argv, &err);
    return table_fail(base->pVtab, status, &err);
}

static int arrow_eof(sqlite3_vtab_cursor *base)
{
    return ((const struct cursor *)base)->rows.end;
}

static void hidden_value(const struct extension_rows *rows, sqlite3_context *context, size_t which)
{
    const char *text = which == HIDDEN_VERSION ? rows->data->node
                       : which == HIDDEN_CHUNK ? rows->data->pieces[rows->piece].digest
                                               : NULL;

    if (text != NULL) sqlite3_result_text(context, text, -1, SQLITE_TRANSIENT);
}

static int arrow_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int column)
{
    struct extension_rows *rows = &((struct cursor *)base)->rows;
    size_t count = rows->data->schema->count;
    struct err err = {0};

    if ((size_t)column < count)
        return table_fail(base->pVtab, extension_rows_value(rows, context, (size_t)column, &err),
                          &err);
    hidden_value(rows, context, (size_t)column - count);
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

int extension_add_arrow(sqlite3 *db, struct extension_counts *counts)
{
    return sqlite3_create_module_v2(db, "arrow", &arrow_module, counts, NULL);
}
