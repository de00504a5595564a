/* ingest/postgresql_query.c: which rows are asked for, and how each column comes.
 *
 * The rows come through COPY in its binary format, so that no value passes through text that need
 * not. A column that Arrow has no type for, or that holds a value which its type has no place for
 * (NaN in a decimal, an infinite date), is written as text by the server: whether there is one is
 * asked over the whole column, in the same snapshot. */
#include "ingest/postgresql_parts.h"

#include <stdio.h>
#include <stdlib.h>

#define STATEMENT_BYTES (4u << 20)

/* Object identifiers of built-in types (catalog pg_type); they never change. */
enum {
    OID_BOOL = 16,
    OID_BYTEA = 17,
    OID_INT8 = 20,
    OID_INT2 = 21,
    OID_INT4 = 23,
    OID_TEXT = 25,
    OID_JSON = 114,
    OID_FLOAT4 = 700,
    OID_FLOAT8 = 701,
    OID_BPCHAR = 1042,
    OID_VARCHAR = 1043,
    OID_DATE = 1082,
    OID_TIMESTAMP = 1114,
    OID_TIMESTAMPTZ = 1184,
    OID_NUMERIC = 1700,
};
#define DECIMAL_DIGITS 38

static const struct {
    unsigned oid;
    enum type_id type;
    enum postgresql_form form;
} direct[] = {
    {OID_BOOL, TYPE_BOOL, FORM_BOOL},
    {OID_BYTEA, TYPE_BINARY, FORM_BYTES},
    {OID_INT2, TYPE_INT16, FORM_INTEGER},
    {OID_INT4, TYPE_INT32, FORM_INTEGER},
    {OID_INT8, TYPE_INT64, FORM_INTEGER},
    {OID_FLOAT4, TYPE_FLOAT32, FORM_REAL},
    {OID_FLOAT8, TYPE_FLOAT64, FORM_REAL},
    {OID_TEXT, TYPE_UTF8, FORM_BYTES},
    {OID_VARCHAR, TYPE_UTF8, FORM_BYTES},
    {OID_BPCHAR, TYPE_UTF8, FORM_BYTES},
    {OID_JSON, TYPE_UTF8, FORM_BYTES},
    {OID_DATE, TYPE_DATE32, FORM_DATE},
    {OID_TIMESTAMP, TYPE_TIMESTAMP, FORM_MOMENT},
    {OID_TIMESTAMPTZ, TYPE_TIMESTAMP, FORM_MOMENT},
    {OID_NUMERIC, TYPE_DECIMAL128, FORM_DECIMAL},
};

static const char *text_of(const struct bytes *bytes)
{
    return (const char *)bytes->data;
}

/* ---- the transaction ---- */

enum status postgresql_begin(struct postgresql_link *link, struct err *err)
{
    /* texts that do not depend on the settings of a server or a user */
    static const char *const statements[] = {
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        "SET LOCAL datestyle = 'ISO, YMD'",
        "SET LOCAL intervalstyle = 'postgres'",
        "SET LOCAL timezone = 'UTC'",
        "SET LOCAL bytea_output = 'hex'",
        "SET LOCAL extra_float_digits = 1",
        "SET LOCAL statement_timeout = 0",
        "SET LOCAL idle_in_transaction_session_timeout = 0",
        "SET LOCAL synchronize_seqscans = off", /* a table from its beginning */
    };
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
        OWNED(postgresql_result_close) PGresult *result = NULL;
        TRY(postgresql_run(link, statements[i], NULL, STATUS_FAILED, &result, err));
    }
    /* where the server does not know its encoding, it would end the statement at the first text
     * that is not UTF-8 */
    OWNED(postgresql_result_close) PGresult *result = NULL;
    const char *encoding = PQparameterStatus(link->connection, "server_encoding");
    if (encoding == NULL || strcmp(encoding, "SQL_ASCII") != 0) return STATUS_OK;
    return postgresql_run(link, "SET LOCAL client_encoding = 'SQL_ASCII'", NULL, STATUS_FAILED,
                          &result, err);
}

/* ---- which rows ---- */

#define TABLES                                                                                     \
    "SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname), CASE WHEN "                   \
    "pg_table_is_visible(c.oid) THEN c.relname ELSE n.nspname || '.' || c.relname END "            \
    "FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE "

static enum status select_from(struct bytes *query, const PGresult *tables, struct err *err)
{
    TRY(bytes_format(query, err, "SELECT * FROM %s", PQgetvalue(tables, 0, 0)));
    return bytes_append(query, "", 1, err);
}

static enum status query_of_table(struct postgresql_link *link, const char *table,
                                  struct bytes *query, struct err *err)
{
    OWNED(postgresql_result_close) PGresult *tables = NULL;
    TRY(postgresql_run(link,
                       TABLES "c.relkind IN ('r', 'p', 'v', 'm', 'f') AND (n.nspname || '.' || "
                              "c.relname = $1 OR (c.relname = $1 AND pg_table_is_visible(c.oid)))",
                       table, STATUS_FAILED, &tables, err));
    int count = PQntuples(tables);
    if (count == 1) return select_from(query, tables, err);
    if (count == 0)
        (void)fail(err, STATUS_USAGE, "found no table \"%s\" in the search path", table);
    else
        (void)fail(err, STATUS_USAGE, "found %d tables \"%s\"", count, table);
    err_hint(err, "name it as SCHEMA.TABLE, with capitals as they are");
    return STATUS_USAGE;
}

static enum status query_of_only_table(struct postgresql_link *link, struct arena *arena,
                                       struct bytes *query, struct err *err)
{
    OWNED(postgresql_result_close) PGresult *tables = NULL;
    TRY(postgresql_run(link,
                       TABLES "c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname NOT "
                              "IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE "
                              "'pg\\_t%' ORDER BY 2 LIMIT 1000",
                       NULL, STATUS_FAILED, &tables, err));
    size_t count = (size_t)PQntuples(tables);
    if (count == 1) return select_from(query, tables, err);
    const char **names = arena_get(arena, count, sizeof *names);
    if (names == NULL) return fail_memory(err, count * sizeof *names);
    for (size_t i = 0; i < count; i++)
        names[i] = PQgetvalue(tables, (int)i, 1);
    return result_which_table(names, count, err);
}

static enum status find_query(struct postgresql_link *link, const struct source_options *options,
                              struct arena *arena, struct bytes *query, struct err *err)
{
    if (options->table != NULL) return query_of_table(link, options->table, query, err);
    if (options->query == NULL) return query_of_only_table(link, arena, query, err);
    struct str text = str_trim(str_of(options->query));
    while (text.size > 0 && text.data[text.size - 1] == ';')
        text = str_trim((struct str){text.data, text.size - 1});
    TRY(bytes_append(query, text.data, text.size, err));
    return bytes_append(query, "", 1, err);
}

/* ---- the types ---- */

struct plan {
    struct postgresql_link *link;
    const PGresult *description;
    size_t count;
    struct field *fields; /* as they are found, before the schema is made */
    struct postgresql_column *columns;
    int *probes; /* first column of what was asked about each, -1 = nothing */
    const char *query;
    const struct schema *expected;    /* types of the rows that are there already; NULL = none */
    struct postgresql_window *window; /* of the rows */
};

static void as_text(struct plan *plan, size_t column)
{
    plan->fields[column].type = (struct type){.id = TYPE_UTF8};
    plan->columns[column] = (struct postgresql_column){.form = FORM_BYTES, .cast = true};
}

static void choose_type(struct plan *plan, size_t column)
{
    unsigned oid = PQftype(plan->description, (int)column);
    const char *name = plan->fields[column].name;
    for (size_t i = 0; i < sizeof direct / sizeof *direct; i++) {
        if (direct[i].oid != oid) continue;
        plan->fields[column] = field_of(name, direct[i].type);
        if (oid == OID_TIMESTAMP) plan->fields[column].type.zone = NULL; /* wall clock */
        plan->columns[column].form = direct[i].form;
        return;
    }
    plan->fields[column] = field_of(name, TYPE_UTF8);
    as_text(plan, column);
}

/* "AS q (c1, c2, ...)": names of columns may repeat, these do not. */
static enum status add_from(struct bytes *sql, const struct plan *plan, struct err *err)
{
    TRY(bytes_format(sql, err, " FROM (\n%s\n) AS q (", plan->query));
    for (size_t i = 0; i < plan->count; i++)
        TRY(bytes_format(sql, err, "%sc%zu", i == 0 ? "" : ", ", i));
    TRY(bytes_append_text(sql, ")", err));
    return plan->window->where == NULL ? STATUS_OK
                                       : bytes_append_text(sql, plan->window->where, err);
}

static enum status add_probe(struct bytes *sql, enum postgresql_form form, size_t i,
                             struct err *err)
{
    if (form == FORM_DECIMAL)
        return bytes_format(sql, err,
                            "count(*) FILTER (WHERE c%zu IN ('NaN', 'Infinity', '-Infinity')), "
                            "max(scale(c%zu)), max(length(trunc(abs(c%zu))::text))",
                            i, i, i);
    if (form == FORM_DATE)
        return bytes_format(sql, err, "count(*) FILTER (WHERE NOT isfinite(c%zu))", i);
    /* the last years of the server's range have no place in 64 bits counted from 1970 */
    return bytes_format(
        sql, err, "count(*) FILTER (WHERE NOT isfinite(c%zu) OR c%zu >= '294000-01-01')", i, i);
}

/* Precision and scale as declared, or as the values need them; false when they are too wide. */
static bool set_decimal(struct field *field, int modifier, int scale, int digits)
{
    if (modifier >= 4) {
        int declared = ((modifier - 4) >> 16) & 0xffff;
        int places = (((modifier - 4) & 0x7ff) ^ 1024) - 1024;
        field->type.precision = declared;
        field->type.scale = places;
        return declared <= DECIMAL_DIGITS && places >= 0 && places <= declared;
    }
    field->type.precision = DECIMAL_DIGITS;
    field->type.scale = scale;
    return scale + digits <= DECIMAL_DIGITS;
}

/* The values that are there already decide the scale where the table does not. */
static bool scale_as_before(const struct plan *plan, size_t column, int digits)
{
    struct field *field = &plan->fields[column];
    int64_t place = plan->expected == NULL ? -1 : schema_find(plan->expected, str_of(field->name));
    const struct type *before = place < 0 ? NULL : &plan->expected->fields[place].type;
    if (before == NULL || before->id != TYPE_DECIMAL128 ||
        field->type.precision != before->precision)
        return true;
    if (before->scale < field->type.scale) return true; /* does not fit: the driver says so */
    field->type.scale = before->scale;
    return before->scale + digits <= DECIMAL_DIGITS;
}

static bool was_text(const struct plan *plan, size_t column)
{
    int64_t place = plan->expected == NULL
                        ? -1
                        : schema_find(plan->expected, str_of(plan->fields[column].name));
    return place >= 0 && plan->expected->fields[place].type.id == TYPE_UTF8;
}

static void apply_probe(struct plan *plan, const PGresult *answer, size_t column)
{
    int at = plan->probes[column];
    bool strange = strcmp(PQgetvalue(answer, 0, at), "0") != 0;
    bool fits = !strange;
    int digits = 0;
    if (plan->columns[column].form == FORM_DECIMAL)
        digits = (int)strtol(PQgetvalue(answer, 0, at + 2), NULL, 10);
    if (plan->columns[column].form == FORM_DECIMAL)
        fits = set_decimal(&plan->fields[column], PQfmod(plan->description, (int)column),
                           (int)strtol(PQgetvalue(answer, 0, at + 1), NULL, 10), digits) &&
               scale_as_before(plan, column, digits) && !strange;
    if (!fits || was_text(plan, column)) as_text(plan, column);
}

/* Asks once about all columns whose type has values that Arrow's has no place for. */
static enum status probe(struct plan *plan, struct err *err)
{
    OWNED(bytes_release) struct bytes sql = bytes_limited(STATEMENT_BYTES);
    OWNED(postgresql_result_close) PGresult *answer = NULL;
    int questions = 0;
    for (size_t i = 0; i < plan->count; i++) {
        enum postgresql_form form = plan->columns[i].form;
        plan->probes[i] = -1;
        if (form != FORM_DECIMAL && form != FORM_DATE && form != FORM_MOMENT) continue;
        TRY(bytes_append_text(&sql, questions == 0 ? "SELECT " : ", ", err));
        TRY(add_probe(&sql, form, i, err));
        plan->probes[i] = questions;
        questions += form == FORM_DECIMAL ? 3 : 1;
    }
    if (questions == 0) return STATUS_OK;
    TRY(add_from(&sql, plan, err));
    TRY(bytes_append(&sql, "", 1, err));
    TRY(postgresql_run(plan->link, text_of(&sql), NULL, STATUS_USAGE, &answer, err));
    for (size_t i = 0; i < plan->count; i++)
        if (plan->probes[i] >= 0) apply_probe(plan, answer, i);
    return STATUS_OK;
}

/* ---- the plan ---- */

static enum status name_columns(struct plan *plan, struct arena *arena,
                                const struct text_list *text, struct err *err)
{
    OWNED(schema_unref) struct schema *schema = NULL;
    TRY(schema_new(&schema, err));
    for (size_t i = 0; i < plan->count; i++) {
        const char *name;
        TRY(result_column_name(schema, arena, PQfname(plan->description, (int)i), i, &name, err));
        TRY(schema_add_column(schema, name, TYPE_UTF8, err));
        plan->fields[i].name = name;
        choose_type(plan, i);
    }
    for (size_t i = 0; text != NULL && i < text->count; i++) {
        size_t column;
        TRY(schema_require(schema, str_of(text->items[i]), &column, err));
        as_text(plan, column);
    }
    return STATUS_OK;
}

static enum status make_schema(const struct plan *plan, struct schema **ret, struct err *err)
{
    OWNED(schema_unref) struct schema *schema = NULL;
    TRY(schema_new(&schema, err));
    for (size_t i = 0; i < plan->count; i++)
        TRY(schema_add(schema, &plan->fields[i], err));
    *ret = schema;
    schema = NULL;
    return STATUS_OK;
}

static enum status make_copy(const struct plan *plan, struct arena *arena, const char **ret,
                             struct err *err)
{
    OWNED(bytes_release) struct bytes sql = bytes_limited(STATEMENT_BYTES);
    for (size_t i = 0; i < plan->count; i++)
        TRY(bytes_format(&sql, err, "%sc%zu%s", i == 0 ? "COPY (SELECT " : ", ", i,
                         plan->columns[i].cast ? "::text" : ""));
    if (plan->window->cursor != NULL)
        TRY(bytes_format(&sql, err, ", %s, %s", plan->window->old, plan->window->recent));
    TRY(add_from(&sql, plan, err));
    TRY(bytes_append_text(&sql, ") TO STDOUT (FORMAT binary)", err));
    *ret = arena_text(arena, text_of(&sql), sql.size);
    return *ret == NULL ? fail_memory(err, sql.size) : STATUS_OK;
}

static enum status plan_open(struct plan *plan, struct arena *arena, struct err *err)
{
    plan->count = (size_t)PQnfields(plan->description);
    if (plan->count == 0)
        return fail(err, STATUS_USAGE, "found no columns, expected a table or a SELECT statement");
    plan->fields = arena_get(arena, plan->count, sizeof *plan->fields);
    plan->columns = arena_get(arena, plan->count, sizeof *plan->columns);
    plan->probes = arena_get(arena, plan->count, sizeof *plan->probes);
    if (plan->fields == NULL || plan->columns == NULL || plan->probes == NULL)
        return fail_memory(err, plan->count * sizeof *plan->fields);
    return STATUS_OK;
}

static enum status open_window(struct plan *plan, const struct source_options *options,
                               struct arena *arena, struct err *err)
{
    OWNED(bytes_release) struct bytes from = bytes_limited(STATEMENT_BYTES);
    OWNED(schema_unref) struct schema *schema = NULL;
    size_t column;
    TRY(make_schema(plan, &schema, err));
    TRY(schema_require(schema, str_of(options->cursor), &column, err));
    TRY(add_from(&from, plan, err));
    TRY(bytes_append(&from, "", 1, err));
    TRY(cursor_open(&plan->window->cursor, options, plan->query, err));
    return postgresql_window_open(plan->link, text_of(&from), column,
                                  PQftype(plan->description, (int)column), arena, plan->window,
                                  err);
}

enum status postgresql_plan(struct postgresql_link *link, const struct source_options *options,
                            struct arena *arena, struct schema **ret_schema,
                            struct postgresql_column **ret_columns,
                            struct postgresql_window *ret_window, const char **ret_copy,
                            struct err *err)
{
    OWNED(bytes_release) struct bytes query = bytes_limited(STATEMENT_BYTES);
    OWNED(postgresql_result_close) PGresult *description = NULL;
    OWNED(postgresql_result_close) PGresult *setting = NULL;
    TRY(find_query(link, options, arena, &query, err));
    TRY(postgresql_describe(link, text_of(&query), &description, err));
    struct plan plan = {.link = link,
                        .description = description,
                        .query = text_of(&query),
                        .expected = options->expected,
                        .window = ret_window};
    TRY(plan_open(&plan, arena, err));
    TRY(name_columns(&plan, arena, options->text_columns, err));
    if (options->watermarks != NULL) TRY(open_window(&plan, options, arena, err));
    TRY(probe(&plan, err));
    /* several workers would hand out a table in any order */
    TRY(postgresql_run(link, "SET LOCAL max_parallel_workers_per_gather = 0", NULL, STATUS_FAILED,
                       &setting, err));
    TRY(make_schema(&plan, ret_schema, err));
    *ret_columns = plan.columns;
    return make_copy(&plan, arena, ret_copy, err);
}
