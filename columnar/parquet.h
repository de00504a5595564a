/* columnar/parquet.h: reads Apache Parquet (parquet-format 2.11: Encodings.md, LogicalTypes.md,
 * parquet.thrift) into Arrow batches.
 *
 * What is read: flat columns, members of structs as columns "a.b", and lists of plain values (three
 * levels, two levels, and bare repeated fields); every physical and logical type of these; all
 * encodings and both kinds of data pages; uncompressed, Snappy, gzip, zstd and raw LZ4 pages. Page
 * checksums are checked where they are. Lists in lists, lists of structs, maps, encrypted files and
 * other codecs are refused by name.
 *
 * | Parquet                                     | Arrow                                         |
 * |---------------------------------------------|-----------------------------------------------|
 * | BOOLEAN, INT32, INT64, FLOAT, DOUBLE        | bool, int32, int64, float32, float64          |
 * | INT(8 ... 64, signed or not)                | int8 ... uint64                               |
 * | DATE; TIME; TIMESTAMP; INT96                | date32; time32/64; timestamp, UTC if adjusted;|
 * |                                             | timestamp[ns]                                 |
 * | DECIMAL                                     | decimal128, decimal256 beyond 38 digits       |
 * | STRING, ENUM, JSON; BYTE_ARRAY, BSON        | utf8; binary                                  |
 * | FLOAT16; UUID, INTERVAL, FIXED_LEN_BYTE_ARRAY | float16; fixed_size_binary                  |
 *
 * Nothing in a file is trusted: every offset and size is checked, and memory follows the bytes that
 * are there. Rows are cut off one after the other, in order, and read on any thread. */
#ifndef COLUMNAR_PARQUET_H
#define COLUMNAR_PARQUET_H

#include "base/input.h"
#include "columnar/array.h"

struct parquet_reader;
struct parquet_piece;

struct parquet_options {
    const char *const *columns; /* only these, in the order of the file; NULL = all */
    size_t column_count;
    uint64_t field_limit; /* a longer text or binary is a fault of its row; 0 = none */
};

/* A row that cannot be a row: a text that is not UTF-8, a moment beyond its type ... */
struct parquet_fault {
    int64_t row; /* of the batch */
    size_t column;
    const char *rule; /* "encoding", "field size", "range" */
    const char *message;
};
/* Faulty rows in order, one fault a row. */
struct parquet_faults {
    struct parquet_fault *items; /* memory_get */
    size_t count, room;
};

/* Reads the footer. The input has a size, and stays the caller's until close. STATUS_USAGE for a
 * column that cannot be read or is not there, else STATUS_FAILED. */
MUST_CHECK enum status parquet_open(struct parquet_reader **ret, struct input *input,
                                    const struct parquet_options *options, struct err *err);
/* Borrowed until close. Key-values of the footer are its metadata. */
const struct schema *parquet_schema(const struct parquet_reader *reader);
int64_t parquet_rows(const struct parquet_reader *reader);
/* The next rows, at most `rows` of them and about `bytes` by what the footer says of their sizes;
 * *ret NULL behind the last one. One at a time, in order. */
MUST_CHECK enum status parquet_cut(struct parquet_reader *reader, int64_t rows, uint64_t bytes,
                                   struct parquet_piece **ret, struct err *err);
int64_t parquet_piece_rows(const struct parquet_piece *piece);
/* The rows of a piece, once. Any thread. Faulty rows are in the batch with a null or a wrong value:
 * the caller takes them out. */
MUST_CHECK enum status parquet_read(const struct parquet_reader *reader,
                                    struct parquet_piece *piece, struct batch *ret,
                                    struct parquet_faults *ret_faults, struct err *err);
void parquet_faults_release(struct parquet_faults *faults);
void parquet_piece_free(struct parquet_piece **piece);
void parquet_close(struct parquet_reader **reader);

#endif
