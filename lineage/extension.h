/* lineage/extension.h: the parts of tamis_sqlite, the loadable extension. Private to it.
 *
 * It talks to the SQLite of the program that loaded it, through that program's table of functions:
 * a second copy of the library in one process would drop the first one's file locks. */
#ifndef LINEAGE_EXTENSION_H
#define LINEAGE_EXTENSION_H

#include "base/digest.h"
#include "columnar/array.h"

#include <sqlite3ext.h>

/* What a chunk's statistics say about one column, in SQLite's own terms. */
struct extension_range {
    bool known;
    int64_t integer[2]; /* least, most */
    double real[2];
    char *text[2]; /* in the arena of the data; no value lies outside, some may not be reached */
};

/* How a column compares in SQLite, where statistics can answer. */
enum range_kind { RANGE_NONE, RANGE_INTEGER, RANGE_REAL, RANGE_TEXT, RANGE_TIME };
enum range_kind range_kind_of(const struct field *field);

struct extension_piece {
    char *path;
    int64_t first, rows;            /* rows is -1 where only reading tells */
    struct extension_range *ranges; /* one a column; NULL for files */
};

/* An Arrow file, or a version: its schema and the files its rows lie in. */
struct extension_data {
    struct arena *arena;
    struct schema *schema;
    struct extension_piece *pieces;
    size_t count;
    int64_t rows; /* -1 where only reading tells */
};
/* `reference` is a path or tamis:DATASET[@REF]; `store` is the store's folder, NULL = the main
 * database of `db` is its catalog. @latest is settled here. */
MUST_CHECK enum status extension_data_open(struct extension_data *ret, sqlite3 *db,
                                           const char *reference, const char *store,
                                           struct err *err);
void extension_data_release(struct extension_data *data);
/* The folder of the main database; in the arena. */
MUST_CHECK enum status extension_main_folder(sqlite3 *db, struct arena *arena, char **ret,
                                             struct err *err);
/* Whether no value in the range can satisfy `column <op> value`. */
bool extension_excludes(enum range_kind kind, const struct extension_range *range, int op,
                        sqlite3_value *value);

/* INTEGER, REAL, TEXT or BLOB: what extension_result gives for this column. */
const char *extension_type(const struct field *field);
/* One value as the result of a function or column. */
void extension_result(sqlite3_context *context, const struct field *field,
                      const struct array *array, int64_t row);

/* The rows of data, one at a time. */
struct extension_rows {
    const struct extension_data *data;
    struct ipc_reader *reader;
    struct batch batch;
    size_t piece;
    const bool *skip;  /* one a piece, NULL = none */
    int64_t first;     /* of the batch, from 0 */
    int64_t row;       /* in the batch */
    int64_t low, high; /* rows asked for, from 0, both included */
    bool end;
};
MUST_CHECK enum status extension_rows_next(struct extension_rows *rows, struct err *err);
void extension_rows_release(struct extension_rows *rows);

/* The message of a failed call as SQLite wants it, and the result code. */
int extension_fail(char **ret_message, enum status status, const struct err *err);

int extension_add_arrow(sqlite3 *db);
int extension_add_cells(sqlite3 *db);
int extension_add_walks(sqlite3 *db);

#endif
