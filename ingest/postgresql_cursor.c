/* ingest/postgresql_cursor.c: which rows a cursor column lets through, as conditions of SQL: the
 * server compares, so that its types and collations hold. */
#include "ingest/postgresql_parts.h"

#include <stdio.h>
#include <stdlib.h>

#define STATEMENT_BYTES (4u << 20)

/* Types that can be told by their identifier (catalog pg_type). */
enum {
    OID_INT8 = 20,
    OID_INT2 = 21,
    OID_INT4 = 23,
    OID_FLOAT4 = 700,
    OID_FLOAT8 = 701,
    OID_DATE = 1082,
    OID_TIMESTAMP = 1114,
    OID_TIMESTAMPTZ = 1184,
    OID_NUMERIC = 1700,
};

struct making {
    struct postgresql_link *link;
    struct arena *arena;
    const char *from;
    unsigned oid;
    size_t column;
    const char *type;    /* its name */
    const char *outside; /* condition: the row has no place in the order */
};

static bool is_time(unsigned oid)
{
    return oid == OID_DATE || oid == OID_TIMESTAMP || oid == OID_TIMESTAMPTZ;
}

static bool is_integer(unsigned oid)
{
    return oid == OID_INT2 || oid == OID_INT4 || oid == OID_INT8;
}

static bool is_real(unsigned oid)
{
    return oid == OID_FLOAT4 || oid == OID_FLOAT8 || oid == OID_NUMERIC;
}

static enum status find_type(struct making *making, struct err *err)
{
    OWNED(postgresql_result_close) PGresult *name = NULL;
    char oid[16];
    snprintf(oid, sizeof oid, "%u", making->oid);
    TRY(postgresql_run(making->link, "SELECT format_type($1::oid, NULL)", oid, STATUS_FAILED, &name,
                       err));
    const char *text = PQgetvalue(name, 0, 0);
    making->type = arena_text(making->arena, text, strlen(text));
    size_t c = making->column;
    if (is_time(making->oid))
        making->outside = arena_format(making->arena, "(c%zu IS NULL OR NOT isfinite(c%zu))", c, c);
    else if (is_real(making->oid))
        making->outside = arena_format(
            making->arena, "(c%zu IS NULL OR c%zu IN ('NaN', 'Infinity', '-Infinity'))", c, c);
    else
        making->outside = arena_format(making->arena, "(c%zu IS NULL)", c);
    return making->type == NULL || making->outside == NULL ? fail_memory(err, 0) : STATUS_OK;
}

/* 'value'::type */
static enum status literal(const struct making *making, const char *value, const char **ret,
                           struct err *err)
{
    char *quoted = PQescapeLiteral(making->link->connection, value, strlen(value));
    if (quoted == NULL) return fail(err, STATUS_FAILED, "the server does not take \"%s\"", value);
    *ret = arena_format(making->arena, "%s::%s", quoted, making->type);
    PQfreemem(quoted);
    return *ret == NULL ? fail_memory(err, strlen(value)) : STATUS_OK;
}

/* `value` less the lag, in the type of the column and never greater than exact. */
static enum status less_lag(const struct making *making, const char *value,
                            const struct cursor_lag *lag, const char **ret, struct err *err)
{
    *ret = value;
    if (lag->text[0] == '\0') return STATUS_OK;
    if (lag->is_time != is_time(making->oid) ||
        (!lag->is_time && !is_integer(making->oid) && !is_real(making->oid)))
        return fail(err, STATUS_USAGE, "option --lag: found \"%s\", expected %s for a column of %s",
                    lag->text,
                    is_time(making->oid)                              ? "a time like 10m"
                    : is_integer(making->oid) || is_real(making->oid) ? "a number"
                                                                      : "none",
                    making->type);
    if (lag->is_time)
        *ret = arena_format(making->arena, "(%s - '%.6f seconds'::interval)::%s", value,
                            lag->number, making->type);
    else if (is_integer(making->oid))
        *ret =
            arena_format(making->arena, "floor(%s - %.6f)::%s", value, lag->number, making->type);
    else
        *ret = arena_format(making->arena, "(%s - '%.17g'::%s)", value, lag->number, making->type);
    return *ret == NULL ? fail_memory(err, 0) : STATUS_OK;
}

static const char *copy(struct arena *arena, const PGresult *answer, int column)
{
    const char *text = PQgetvalue(answer, 0, column);
    return PQgetisnull(answer, 0, column) ? NULL : arena_text(arena, text, strlen(text));
}

/* The greatest value of the snapshot, and what the remark says. */
static enum status find_greatest(const struct making *making, const char *last, const char *lower,
                                 struct postgresql_window *window, struct err *err)
{
    OWNED(bytes_release) struct bytes sql = bytes_limited(STATEMENT_BYTES);
    OWNED(postgresql_result_close) PGresult *answer = NULL;
    TRY(bytes_format(&sql, err,
                     "SELECT greatest(max(c%zu) FILTER (WHERE NOT %s), %s)::text, "
                     "count(*) FILTER (WHERE %s), count(*) FILTER (WHERE NOT %s AND c%zu < %s) %s",
                     making->column, making->outside, last == NULL ? "NULL" : last, making->outside,
                     making->outside, making->column, lower == NULL ? "NULL" : lower,
                     making->from));
    TRY(bytes_append(&sql, "", 1, err));
    TRY(postgresql_run(making->link, (const char *)sql.data, NULL, STATUS_USAGE, &answer, err));
    window->now.value = copy(making->arena, answer, 0);
    cursor_note(window->cursor, strtoll(PQgetvalue(answer, 0, 1), NULL, 10),
                lower == NULL ? -1 : strtoll(PQgetvalue(answer, 0, 2), NULL, 10));
    return STATUS_OK;
}

/* Where the next run begins, and how many rows lie below. */
static enum status find_lower(const struct making *making, const char *lower,
                              struct postgresql_window *window, struct err *err)
{
    OWNED(bytes_release) struct bytes sql = bytes_limited(STATEMENT_BYTES);
    OWNED(postgresql_result_close) PGresult *answer = NULL;
    const char *value, *next;
    TRY(literal(making, window->now.value, &value, err));
    TRY(less_lag(making, value, cursor_lag(window->cursor), &next, err));
    if (lower != NULL) next = arena_format(making->arena, "greatest(%s, %s)", next, lower);
    if (next == NULL) return fail_memory(err, 0);
    TRY(bytes_format(&sql, err,
                     "SELECT (%s)::text, count(*) FILTER (WHERE NOT %s AND c%zu < %s) %s", next,
                     making->outside, making->column, next, making->from));
    TRY(bytes_append(&sql, "", 1, err));
    TRY(postgresql_run(making->link, (const char *)sql.data, NULL, STATUS_USAGE, &answer, err));
    window->now.lower = copy(making->arena, answer, 0);
    window->now.below = strtoll(PQgetvalue(answer, 0, 1), NULL, 10);
    return window->now.lower == NULL ? fail_memory(err, 0) : STATUS_OK;
}

static enum status make_conditions(const struct making *making, const char *last, const char *lower,
                                   struct postgresql_window *window, struct err *err)
{
    struct arena *arena = making->arena;
    const char *outside = making->outside, *next = NULL;
    if (window->now.lower != NULL) TRY(literal(making, window->now.lower, &next, err));
    window->old = cursor_before(window->cursor)->known ? outside : "false";
    window->recent = outside;
    window->where = "";
    if (last != NULL)
        window->old = arena_format(arena, "(%s OR c%zu <= %s)", outside, making->column, last);
    if (next != NULL)
        window->recent = arena_format(arena, "(%s OR c%zu >= %s)", outside, making->column, next);
    if (lower != NULL)
        window->where =
            arena_format(arena, " WHERE %s OR c%zu >= %s", outside, making->column, lower);
    bool made = window->old != NULL && window->recent != NULL && window->where != NULL;
    return made ? STATUS_OK : fail_memory(err, 0);
}

enum status postgresql_window_open(struct postgresql_link *link, const char *from, size_t column,
                                   unsigned type, struct arena *arena,
                                   struct postgresql_window *window, struct err *err)
{
    struct making making = {
        .link = link, .arena = arena, .from = from, .oid = type, .column = column};
    const struct cursor_position *before = cursor_before(window->cursor);
    const char *last = NULL, *lower = NULL;
    TRY(find_type(&making, err));
    if (before->kind != NULL && strcmp(before->kind, making.type) != 0)
        return fail(err, STATUS_FAILED, "the cursor column is %s and was %s", making.type,
                    before->kind);
    window->now.kind = making.type;
    if (before->value != NULL) TRY(literal(&making, before->value, &last, err));
    if (before->lower != NULL) TRY(literal(&making, before->lower, &lower, err));
    TRY(find_greatest(&making, last, lower, window, err));
    if (window->now.value != NULL) TRY(find_lower(&making, lower, window, err));
    return make_conditions(&making, last, lower, window, err);
}
