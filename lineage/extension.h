/* lineage/extension.h: the parts of tamis_sqlite, the loadable extension. Private to it.
 *
 * It talks to the SQLite of the program that loaded it, through that program's table of functions:
 * a second copy of the library in one process would drop the first one's file locks. */
#ifndef LINEAGE_EXTENSION_H
#define LINEAGE_EXTENSION_H

#include "base/digest.h"
#include "columnar/array.h"
#include "columnar/ipc.h"

#include <sqlite3ext.h>

/* What statistics say about one column of a chunk or batch, in SQLite's own terms. */
struct extension_range {
    bool settled;       /* nothing more is to be found out */
    bool known;         /* the bounds mean something */
    int64_t nulls;      /* -1 = not known; of all values where there are no others */
    int64_t distinct;   /* 0 = not known */
    int64_t integer[2]; /* least, most */
    double real[2];
    char *text[2]; /* in the arena of the data; no value lies outside, some may not be reached */
};

/* How a column compares in SQLite, where statistics can answer. */
enum range_kind { RANGE_NONE, RANGE_INTEGER, RANGE_REAL, RANGE_TEXT, RANGE_TIME };
enum range_kind range_kind_of(const struct field *field);
/* The bounds from statistics as texts (columnar/statistics.h); NULL = none. */
MUST_CHECK enum status range_put(struct arena *arena, const struct field *field, const char *least,
                                 const char *most, struct extension_range *ret, struct err *err);

/* A comparison of a query: column <op> value, column -1 = rowid. */
struct extension_check {
    int column, op; /* op: SQLITE_INDEX_CONSTRAINT_... */
    sqlite3_value *value;
};

/* Which file of that name it is. */
struct extension_identity {
    uint64_t device, inode, size;
    int64_t seconds, nanoseconds;
};

struct extension_piece {
    char *path;
    const char *digest;             /* of a chunk; NULL for files */
    int64_t first, rows;            /* rows is -1 where only reading tells */
    struct extension_range *ranges; /* one a column; NULL for files */
    /* What reading found out: for each batch NULL or one range a column. */
    struct extension_identity identity;
    struct extension_range **batches;
    size_t batch_room;
};

/* An Arrow file, or a version: its schema and the files its rows lie in. */
struct extension_data {
    struct arena *arena;
    struct schema *schema;
    struct extension_piece *pieces;
    size_t count;
    int64_t rows;     /* -1 where only reading tells */
    const char *node; /* version:DATASET@NUMBER; NULL for files */
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
/* Whether no row of `rows`, with statistics `range`, can satisfy the check. */
bool extension_excludes(const struct field *field, const struct extension_range *range,
                        int64_t rows, const struct extension_check *check);

/* INTEGER, REAL, TEXT or BLOB: what extension_result gives for this column. */
const char *extension_type(const struct field *field);
/* One value as the result of a function or column. */
void extension_result(sqlite3_context *context, const struct field *field,
                      const struct array *array, int64_t row);

#define EXTENSION_CHECKS 32

/* Which constraints of a plan can leave out chunks, batches or rows: sets argvIndex from `used` + 1
 * on and idxStr to "COLUMN:OPERATOR;" for each; cost and rows by statistics, where an operand is
 * known already. `data` NULL: nothing is known, fields are those of `schema`. */
int extension_plan(const struct extension_data *data, const struct schema *schema, int used,
                   sqlite3_index_info *plan);

/* What reading cost, for all tables of a connection. */
struct extension_counts {
    struct ipc_counts decoded;
    int64_t files, skipped_files, skipped_batches;
};

/* The rows of data, one at a time; a column of a batch is read when it is asked for. */
struct extension_rows {
    struct extension_data *data;
    struct extension_counts *counts;
    struct extension_check checks[EXTENSION_CHECKS];
    size_t check_count;
    struct ipc_reader *reader;
    struct array **columns; /* of the batch; NULL = not read yet */
    size_t piece, batch;    /* batch: in the piece, from 1 */
    int64_t batch_rows;
    int64_t first;     /* of the batch, from 0 */
    int64_t row;       /* in the batch */
    int64_t low, high; /* rows asked for, from 0, both included */
    bool end;
};
/* At the first row that matters, or end. `checks` is idxStr, argv its values. */
MUST_CHECK enum status extension_rows_begin(struct extension_rows *rows,
                                            struct extension_data *data,
                                            struct extension_counts *counts, const char *checks,
                                            int argc, sqlite3_value **argv, struct err *err);
MUST_CHECK enum status extension_rows_next(struct extension_rows *rows, struct err *err);
/* A value of the row as the result of xColumn. */
MUST_CHECK enum status extension_rows_value(struct extension_rows *rows, sqlite3_context *context,
                                            size_t column, struct err *err);
void extension_rows_release(struct extension_rows *rows);

/* The message of a failed call as SQLite wants it, and the result code. */
int extension_fail(char **ret_message, enum status status, const struct err *err);

int extension_add_arrow(sqlite3 *db, struct extension_counts *counts);
int extension_add_cells(sqlite3 *db, struct extension_counts *counts);
int extension_add_walks(sqlite3 *db);
/* arrow_reads(): what was read since it was last asked, as JSON. Frees `counts` with the
 * connection, or at once where it fails. */
int extension_add_reads(sqlite3 *db, struct extension_counts *counts);

#endif
