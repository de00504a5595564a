/* ingest/sqlite_parts.h: the parts of the kind "sqlite": the database, its cells as bytes, and what
 * a column of them is. */
#ifndef INGEST_SQLITE_PARTS_H
#define INGEST_SQLITE_PARTS_H

#include "ingest/cursor.h"
#include "ingest/result_set.h"
#include "ingest/value.h"

#include <sqlite3.h>

/* ---- the database (sqlite_open.c) ---- */

/* Opens `path` for reading only, with nothing in its schema trusted, and begins the transaction
 * that every pass reads in. path NULL: the file behind `descriptor`, which has no name and which
 * nobody changes; it must stay open. */
MUST_CHECK enum status sqlite_database_open(sqlite3 **ret, const char *path, int descriptor,
                                            const struct source_options *options, struct err *err);
/* The statement that gives the rows: of --table, of --query, or of the only table. */
MUST_CHECK enum status sqlite_select(sqlite3 *database, const struct source_options *options,
                                     sqlite3_stmt **ret, struct err *err);
/* The next row. Ends early when the run is interrupted. */
MUST_CHECK enum status sqlite_step(sqlite3 *database, sqlite3_stmt *statement, bool *ret_row,
                                   struct err *err);
void sqlite_database_close(sqlite3 **database);
void sqlite_statement_close(sqlite3_stmt **statement);

/* ---- rows of a cursor (sqlite_cursor.c) ---- */

struct sqlite_window {
    struct cursor *cursor;      /* NULL: all rows */
    struct cursor_position now; /* all but `records`; texts in the arena */
};
/* Puts in the statement's place one that gives the rows of the cursor's window, with two columns
 * more: old and recent, as for cursor_keeps. `column` as the statement names it. */
MUST_CHECK enum status sqlite_window_open(sqlite3 *database, sqlite3_stmt **statement,
                                          const char *column, const struct source_options *options,
                                          struct arena *arena, struct sqlite_window *window,
                                          struct err *err);

/* ---- cells (sqlite_cells.c) ---- */

/* Values are kept as a byte stream, one cell behind the other, whose form does not depend on where
 * pieces end; the digest of a source is over it. */
enum sqlite_tag {
    CELL_NULL = 'n',
    CELL_INTEGER = 'i',
    CELL_REAL = 'r',
    CELL_TEXT = 't',
    CELL_BLOB = 'b',
    CELL_LARGE = 'l', /* beyond a limit: only the first bytes are here */
};
struct sqlite_cell {
    enum sqlite_tag tag;
    int64_t integer; /* of a large one: its size */
    double real;
    struct str text;
};
/* Appends the first `columns` cells of the current row. */
MUST_CHECK enum status sqlite_row_put(struct bytes *bytes, sqlite3_stmt *statement, size_t columns,
                                      uint64_t field_limit, struct err *err);
/* Reads one cell at *at, which moves behind it. */
void sqlite_cell_get(const struct bytes *bytes, size_t *at, struct sqlite_cell *ret);
#define SQLITE_NUMBER_TEXT 40
/* The cell as text or bytes; numbers are written into `room`, exactly. */
struct str sqlite_cell_text(const struct sqlite_cell *cell, char room[SQLITE_NUMBER_TEXT]);

/* What a column holds so far, of any number of sources. */
struct sqlite_profile {
    bool integers, wide, reals, texts, blobs; /* wide: integers that no double holds */
    bool foreign;                             /* blobs that are not UTF-8 */
    bool keep_text;                           /* --text */
    uint8_t classes;                          /* enum value_class that every text belongs to */
    char affinity; /* of the declared type: i, r, t, b, n (numeric), 0 none */
};
void sqlite_profile_begin(struct sqlite_profile *profile, const char *declared);
void sqlite_profile_add(struct sqlite_profile *profile, sqlite3_stmt *statement, int column,
                        struct value_day *day);
void sqlite_profile_merge(struct sqlite_profile *into, const struct sqlite_profile *from);
enum type_id sqlite_profile_type(const struct sqlite_profile *profile);

/* NULL when the cell fits the field, else the rule it breaks; `message` says how. */
const char *sqlite_cell_fault(const struct sqlite_cell *cell, const struct field *field,
                              struct bytes *message, uint64_t field_limit);
MUST_CHECK enum status sqlite_cell_build(const struct sqlite_cell *cell, const struct field *field,
                                         struct builder *builder, struct err *err);

#endif
