/* ingest/postgresql_parts.h: the parts of the kind "postgresql": the connection, the statement that
 * gives the rows, and the values of a row. */
#ifndef INGEST_POSTGRESQL_PARTS_H
#define INGEST_POSTGRESQL_PARTS_H

#include "ingest/cursor.h"
#include "ingest/result_set.h"

#include <libpq-fe.h>

/* ---- the connection (postgresql_link.c) ---- */

struct postgresql_link {
    PGconn *connection;
    char *password; /* of the address, to be kept out of every message; NULL = none */
};
/* Connects; the address is a libpq URI. Every wait of this file ends when the run is interrupted.
 */
MUST_CHECK enum status postgresql_connect(struct postgresql_link *ret, const char *address,
                                          struct err *err);
/* Runs one statement with at most one text parameter (NULL = none) and gives its rows as text.
 * `blame` is the status of a statement that the server refuses. */
MUST_CHECK enum status postgresql_run(struct postgresql_link *link, const char *sql,
                                      const char *parameter, enum status blame, PGresult **ret,
                                      struct err *err);
/* Names and types of the columns that a statement would give. */
MUST_CHECK enum status postgresql_describe(struct postgresql_link *link, const char *sql,
                                           PGresult **ret, struct err *err);
MUST_CHECK enum status postgresql_copy_begin(struct postgresql_link *link, const char *sql,
                                             struct err *err);
/* The next message of a COPY; *ret NULL at its end. Free with PQfreemem. */
MUST_CHECK enum status postgresql_copy_next(struct postgresql_link *link, char **ret,
                                            size_t *ret_size, struct err *err);
void postgresql_link_close(struct postgresql_link *link);
void postgresql_result_close(PGresult **result);

/* ---- the statement (postgresql_query.c) ---- */

/* How a column comes in COPY's binary format. */
enum postgresql_form {
    FORM_BYTES, /* text or bytea as it is */
    FORM_BOOL,
    FORM_INTEGER, /* int2, int4, int8 */
    FORM_REAL,    /* float4, float8 */
    FORM_DATE,
    FORM_MOMENT, /* timestamp, timestamptz */
    FORM_DECIMAL,
};
struct postgresql_column {
    enum postgresql_form form;
    bool cast; /* the server writes it as text */
};
/* Begins the one transaction that everything is read in: read-only, of one snapshot. */
MUST_CHECK enum status postgresql_begin(struct postgresql_link *link, struct err *err);
/* The rows a cursor lets through (postgresql_cursor.c): texts in the arena. */
struct postgresql_window {
    struct cursor *cursor;      /* NULL: all rows, and nothing below is set */
    const char *where;          /* " WHERE ...", may be empty */
    const char *old, *recent;   /* conditions, as for cursor_keeps */
    struct cursor_position now; /* all but `records` */
};
/* `from` is " FROM (...) AS q (c0, c1, ...)", `column` the place of the cursor column in it. */
MUST_CHECK enum status postgresql_window_open(struct postgresql_link *link, const char *from,
                                              size_t column, unsigned type, struct arena *arena,
                                              struct postgresql_window *window, struct err *err);
/* The schema of --table, --query or the only table, the form of each column (arena), and the COPY
 * statement for it (arena), which with a cursor (closed by the caller) gives two columns more: its
 * conditions. */
MUST_CHECK enum status postgresql_plan(struct postgresql_link *link,
                                       const struct source_options *options, struct arena *arena,
                                       struct schema **ret_schema,
                                       struct postgresql_column **ret_columns,
                                       struct postgresql_window *ret_window, const char **ret_copy,
                                       struct err *err);

/* ---- values (postgresql_values.c) ---- */

struct postgresql_cell {
    bool null;
    struct str bytes;
};
/* Takes a row apart: `count` cells, borrowed. STATUS_FAILED when it is no row of that many. */
MUST_CHECK enum status postgresql_row_split(struct str row, struct postgresql_cell *cells,
                                            size_t count, struct err *err);
/* NULL when the cell fits the field, else the rule it breaks and how (static text). */
const char *postgresql_cell_fault(const struct postgresql_cell *cell, enum postgresql_form form,
                                  const struct field *field, uint64_t field_limit,
                                  const char **ret_message);
/* A cell without fault. */
MUST_CHECK enum status postgresql_cell_build(const struct postgresql_cell *cell,
                                             enum postgresql_form form, const struct field *field,
                                             struct builder *builder, struct err *err);

#endif
