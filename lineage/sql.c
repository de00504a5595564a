/* sql.c: prepare, bind, step, with SQLite's errors as ours. */
#include "lineage/sql.h"

#include "base/clock.h"
#include "base/digest.h"
#include "lineage/store_state.h"

#include <stdarg.h>

static int bind_str(sqlite3_stmt *statement, int place, struct str text)
{
    if (text.data == NULL) return sqlite3_bind_null(statement, place);
    return sqlite3_bind_text64(statement, place, text.data, text.size, SQLITE_TRANSIENT,
                               SQLITE_UTF8);
}

static int bind_digest(sqlite3_stmt *statement, int place, const struct digest *digest)
{
    static const struct digest none;
    char text[DIGEST_TEXT];

    if (digest == NULL || memcmp(digest, &none, sizeof none) == 0)
        return sqlite3_bind_null(statement, place);
    return bind_str(statement, place, str_of(digest_text(digest, text)));
}

static int bind_time(sqlite3_stmt *statement, int place, int64_t microseconds)
{
    char text[TIME_TEXT];

    if (microseconds == 0) return sqlite3_bind_null(statement, place);
    return bind_str(statement, place, str_of(time_text(microseconds, text)));
}

static int bind_values(sqlite3_stmt *statement, const char *types, va_list values)
{
    int code = SQLITE_OK;

    for (int place = 1; *types != '\0' && code == SQLITE_OK; types++, place++) {
        if (*types == 't') {
            code = bind_str(statement, place, str_of(va_arg(values, const char *)));
        } else if (*types == 's') {
            code = bind_str(statement, place, va_arg(values, struct str));
        } else if (*types == 'i') {
            code = sqlite3_bind_int64(statement, place, va_arg(values, int64_t));
        } else if (*types == 'r') {
            code = sqlite3_bind_double(statement, place, va_arg(values, double));
        } else if (*types == 'd') {
            code = bind_digest(statement, place, va_arg(values, const struct digest *));
        } else if (*types == 'u') {
            code = bind_time(statement, place, va_arg(values, int64_t));
        } else {
            const void *data = va_arg(values, const void *);
            size_t size = va_arg(values, size_t);
            code = sqlite3_bind_blob64(statement, place, data, size, SQLITE_TRANSIENT);
        }
    }
    return code;
}

static enum status open_values(struct store *store, sqlite3_stmt **ret, const char *sql,
                               const char *types, va_list values, struct err *err)
{
    sqlite3_stmt *statement = NULL;
    sqlite3 *catalog = store_catalog(store);
    int code;

    do
        code = sqlite3_prepare_v2(catalog, sql, -1, &statement, NULL);
    while (code != SQLITE_OK && catalog_rolled_back(catalog));
    if (code == SQLITE_OK) code = bind_values(statement, types, values);
    if (code != SQLITE_OK) {
        sqlite3_finalize(statement);
        return fail_catalog(store, err, "preparing a statement");
    }
    *ret = statement;
    return STATUS_OK;
}

enum status sql_open(struct store *store, sqlite3_stmt **ret, struct err *err, const char *sql,
                     const char *types, ...)
{
    va_list values;

    va_start(values, types);
    enum status status = open_values(store, ret, sql, types, values, err);
    va_end(values);
    return status;
}

enum status sql_next(struct store *store, sqlite3_stmt *statement, bool *ret_row, struct err *err)
{
    int code = sqlite3_step(statement);

    while (code == SQLITE_READONLY_ROLLBACK && catalog_rolled_back(store_catalog(store))) {
        sqlite3_reset(statement);
        code = sqlite3_step(statement);
    }
    *ret_row = code == SQLITE_ROW;
    if (code == SQLITE_ROW || code == SQLITE_DONE) return STATUS_OK;
    return fail_catalog(store, err, sqlite3_stmt_readonly(statement) ? "reading" : "writing");
}

static enum status step_once(struct store *store, sqlite3_stmt *statement, struct err *err)
{
    bool row;

    return sql_next(store, statement, &row, err);
}

enum status sql_run(struct store *store, struct err *err, const char *sql, const char *types, ...)
{
    OWNED(sql_close) sqlite3_stmt *statement = NULL;
    va_list values;

    va_start(values, types);
    enum status status = open_values(store, &statement, sql, types, values, err);
    va_end(values);
    TRY(status);
    return step_once(store, statement, err);
}

enum status sql_again(struct store *store, sqlite3_stmt *statement, struct err *err,
                      const char *types, ...)
{
    va_list values;

    sqlite3_reset(statement);
    va_start(values, types);
    int code = bind_values(statement, types, values);
    va_end(values);
    if (code != SQLITE_OK) return fail_catalog(store, err, "binding values");
    TRY(step_once(store, statement, err));
    sqlite3_reset(statement);
    return STATUS_OK;
}

enum status sql_number(struct store *store, int64_t *ret, int64_t absent, struct err *err,
                       const char *sql, const char *types, ...)
{
    OWNED(sql_close) sqlite3_stmt *statement = NULL;
    bool row;
    va_list values;

    va_start(values, types);
    enum status status = open_values(store, &statement, sql, types, values, err);
    va_end(values);
    TRY(status);
    TRY(sql_next(store, statement, &row, err));
    *ret = row && sqlite3_column_type(statement, 0) != SQLITE_NULL
               ? sqlite3_column_int64(statement, 0)
               : absent;
    return STATUS_OK;
}

const char *sql_text(sqlite3_stmt *statement, int column)
{
    const unsigned char *text = sqlite3_column_text(statement, column);

    return text == NULL ? "" : (const char *)text;
}

void sql_close(sqlite3_stmt **statement)
{
    if (statement == NULL) return;
    sqlite3_finalize(*statement);
    *statement = NULL;
}
