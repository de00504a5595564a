/* lineage/sql.h: SQLite statements with our errors and without ceremony.
 *
 * Values are bound in order by one letter each:
 *   t  const char *          NULL = null
 *   s  struct str            data NULL = null
 *   i  int64_t               r  double
 *   d  const struct digest * hexadecimal text; NULL or all zero = null
 *   u  int64_t               microseconds as time text; 0 = null
 *   b  const void *, size_t  blob */
#ifndef LINEAGE_SQL_H
#define LINEAGE_SQL_H

#include "base/str.h"
#include "lineage/store.h"

/* Runs one statement that gives no rows. */
MUST_CHECK enum status sql_run(struct store *store, struct err *err, const char *sql,
                               const char *types, ...);
/* Prepares and binds. Close with OWNED(sql_close) sqlite3_stmt *. */
MUST_CHECK enum status sql_open(struct store *store, sqlite3_stmt **ret, struct err *err,
                                const char *sql, const char *types, ...);
/* Resets, binds anew and runs a statement that gives no rows. */
MUST_CHECK enum status sql_again(struct store *store, sqlite3_stmt *statement, struct err *err,
                                 const char *types, ...);
/* The next row; false at the end. */
MUST_CHECK enum status sql_next(struct store *store, sqlite3_stmt *statement, bool *ret_row,
                                struct err *err);
/* A column of the current row as text, "" for null; lives until the next step. */
const char *sql_text(sqlite3_stmt *statement, int column);
void sql_close(sqlite3_stmt **statement);
/* The first column of the first row as a number, `absent` where there is no row or a null. */
MUST_CHECK enum status sql_number(struct store *store, int64_t *ret, int64_t absent,
                                  struct err *err, const char *sql, const char *types, ...);

#endif
