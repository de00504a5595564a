/* ingest/sqlite_cursor.c: which rows a cursor column lets through, as conditions of SQL: SQLite
 * compares, so that its types and collations hold. */
#include "ingest/sqlite_parts.h"

#include "base/clock.h"

#include <ctype.h>
#include <stdio.h>

struct making {
    sqlite3 *database;
    struct arena *arena;
    const char *query;  /* what gives all rows */
    const char *column; /* quoted, of q */
    const char *outside;
};

/* sqlite3_mprintf into the arena; NULL without memory. */
static const char *format(struct arena *arena, const char *text, ...)
{
    va_list arguments;
    va_start(arguments, text);
    char *made = sqlite3_vmprintf(text, arguments);
    va_end(arguments);
    const char *copy = made == NULL ? NULL : arena_text(arena, made, strlen(made));
    sqlite3_free(made);
    return copy;
}

static const char *literal(const struct making *making, const char *value, const char *kind)
{
    return strcmp(kind, "text") == 0 ? format(making->arena, "%Q", value) : value;
}

/* One row of one statement. */
static enum status ask(const struct making *making, const char *sql, sqlite3_stmt **ret,
                       struct err *err)
{
    bool row = false;
    if (sql == NULL) return fail_memory(err, 0);
    if (sqlite3_prepare_v2(making->database, sql, -1, ret, NULL) != SQLITE_OK)
        return fail(err, STATUS_FAILED, "SQLite: %s", sqlite3_errmsg(making->database));
    TRY(sqlite_step(making->database, *ret, &row, err));
    return row ? STATUS_OK : fail(err, STATUS_FAILED, "SQLite gave no answer");
}

static const char *column_copy(const struct making *making, sqlite3_stmt *row, int column)
{
    const char *text = (const char *)sqlite3_column_text(row, column);
    return text == NULL ? NULL : arena_text(making->arena, text, strlen(text));
}

/* Numbers with as many digits as they need. */
#define EXACT(x)                                                                                   \
    "CASE typeof(" x ") WHEN 'real' THEN format('%%!.17g', " x ") ELSE CAST(" x " AS TEXT) END"

static enum status find_greatest(const struct making *making, const char *last, const char *lower,
                                 struct sqlite_window *window, struct err *err)
{
    OWNED(sqlite_statement_close) sqlite3_stmt *row = NULL;
    const char *c = making->column;
    const char *sql = format(
        making->arena,
        "SELECT " EXACT(
            "top") ", CASE typeof(top) WHEN 'text' THEN 'text' WHEN 'null' THEN NULL"
                   " ELSE 'number' END, outside, below, classes, blobs FROM (SELECT "
                   "coalesce(max(max(%s)"
                   " FILTER (WHERE NOT %s), %s), max(%s) FILTER (WHERE NOT %s), %s) AS top,"
                   " count(*) FILTER (WHERE %s) AS outside,"
                   " count(*) FILTER (WHERE NOT %s AND %s < %s) AS below,"
                   " count(DISTINCT typeof(%s) = 'text') FILTER (WHERE NOT %s) AS classes,"
                   " count(*) FILTER (WHERE typeof(%s) = 'blob') AS blobs FROM (\n%s\n) AS q)",
        c, making->outside, last, c, making->outside, last, making->outside, making->outside, c,
        lower, c, making->outside, c, making->query);
    TRY(ask(making, sql, &row, err));
    if (sqlite3_column_int64(row, 4) > 1 || sqlite3_column_int64(row, 5) > 0)
        return fail(err, STATUS_FAILED,
                    "the cursor column has values of several kinds, expected only numbers or only "
                    "texts");
    window->now.value = column_copy(making, row, 0);
    window->now.kind = column_copy(making, row, 1);
    bool known = strcmp(lower, "NULL") != 0;
    cursor_note(window->cursor, sqlite3_column_int64(row, 2),
                known ? sqlite3_column_int64(row, 3) : -1);
    return STATUS_OK;
}

/* A moment in UTC less some seconds, in the writing of `value`, cut off where that sorts first. */
static enum status text_less_lag(const char *value, const struct cursor_lag *lag, char room[64],
                                 struct err *err)
{
    int64_t moment;
    char text[TIME_TEXT];
    size_t size = strlen(value);
    bool zoned = size > 10 && strpbrk(value + 10, "+-") != NULL;
    if (!lag->is_time || zoned || time_parse(str_of(value), &moment, NULL) != STATUS_OK)
        return fail(err, STATUS_USAGE,
                    "option --lag: found \"%s\" and texts like \"%.40s\", expected a time like 10m "
                    "and dates or moments in UTC",
                    lag->text, value);
    time_text(moment - (int64_t)(lag->number * 1e6), text);
    snprintf(room, 64, "%.*s", size == 10 ? 10 : 19, text);
    if (size > 10) room[10] = value[10];
    return STATUS_OK;
}

static enum status find_lower(const struct making *making, const char *lower,
                              struct sqlite_window *window, struct err *err)
{
    OWNED(sqlite_statement_close) sqlite3_stmt *row = NULL;
    const struct cursor_lag *lag = cursor_lag(window->cursor);
    bool text = strcmp(window->now.kind, "text") == 0;
    char room[64];
    const char *next = literal(making, window->now.value, window->now.kind);
    if (lag->text[0] != '\0' && text) {
        TRY(text_less_lag(window->now.value, lag, room, err));
        next = format(making->arena, "%Q", room);
    } else if (lag->text[0] != '\0') {
        if (lag->is_time)
            return fail(err, STATUS_USAGE,
                        "option --lag: found \"%s\", expected a number for a column of numbers",
                        lag->text);
        bool whole = lag->number == (double)(int64_t)lag->number;
        next = whole ? format(making->arena, "(%s - %lld)", next, (long long)lag->number)
                     : format(making->arena, "(%s - %!.17g)", next, lag->number);
    }
    const char *sql = format(
        making->arena,
        "SELECT " EXACT("low") ", (SELECT count(*) FILTER (WHERE NOT %s AND %s < low) FROM (\n%s\n)"
                               " AS q) FROM (SELECT coalesce(max(%s, %s), %s) AS low)",
        making->outside, making->column, making->query, next, lower, next);
    TRY(ask(making, sql, &row, err));
    window->now.lower = column_copy(making, row, 0);
    window->now.below = sqlite3_column_int64(row, 1);
    return window->now.lower == NULL ? fail_memory(err, 0) : STATUS_OK;
}

static const char *select_rows(const struct making *making, const char *last, const char *lower,
                               const struct sqlite_window *window)
{
    const char *c = making->column, *outside = making->outside;
    bool known = cursor_before(window->cursor)->known;
    const char *next =
        window->now.lower == NULL ? "NULL" : literal(making, window->now.lower, window->now.kind);
    return format(making->arena,
                  "SELECT q.*, %s AND (%s OR coalesce(%s <= %s, 0)), %s OR coalesce(%s >= %s, 0)"
                  " FROM (\n%s\n) AS q WHERE %s OR %s",
                  known ? "1" : "0", outside, c, last, outside, c, next, making->query, outside,
                  strcmp(lower, "NULL") == 0 ? "1" : format(making->arena, "%s >= %s", c, lower));
}

/* The text of the statement without what ends it. */
static const char *text_of_query(struct arena *arena, sqlite3_stmt *statement)
{
    const char *sql = sqlite3_sql(statement);
    size_t size = strlen(sql);
    while (size > 0 && (isspace((unsigned char)sql[size - 1]) || sql[size - 1] == ';'))
        size--;
    return arena_text(arena, sql, size);
}

enum status sqlite_window_open(sqlite3 *database, sqlite3_stmt **statement, const char *column,
                               const struct source_options *options, struct arena *arena,
                               struct sqlite_window *window, struct err *err)
{
    struct making making = {database, arena, text_of_query(arena, *statement), NULL, NULL};
    const char *last = "NULL", *lower = "NULL";
    making.column = format(arena, "q.\"%w\"", column);
    making.outside =
        format(arena, "(q.\"%w\" IS NULL OR q.\"%w\" IN (9e999, -9e999))", column, column);
    if (making.query == NULL || making.column == NULL || making.outside == NULL)
        return fail_memory(err, 0);
    TRY(cursor_open(&window->cursor, options, making.query, err));
    const struct cursor_position *before = cursor_before(window->cursor);
    if (before->value != NULL) last = literal(&making, before->value, before->kind);
    if (before->lower != NULL) lower = literal(&making, before->lower, before->kind);
    if (last == NULL || lower == NULL) return fail_memory(err, 0);
    TRY(find_greatest(&making, last, lower, window, err));
    if (before->kind != NULL && strcmp(before->kind, window->now.kind) != 0)
        return fail(err, STATUS_FAILED, "the values of the cursor column are %ss and were %ss",
                    window->now.kind, before->kind);
    if (window->now.value != NULL) TRY(find_lower(&making, lower, window, err));
    const char *sql = select_rows(&making, last, lower, window);
    if (sql == NULL) return fail_memory(err, 0);
    sqlite_statement_close(statement);
    if (sqlite3_prepare_v2(database, sql, -1, statement, NULL) == SQLITE_OK) return STATUS_OK;
    return fail(err, STATUS_FAILED, "SQLite: %s", sqlite3_errmsg(database));
}
