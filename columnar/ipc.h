/* columnar/ipc.h: Apache Arrow IPC, stream and file (Columnar.rst "Serialization and IPC").
 *
 * Reading trusts nothing: every offset, length, count and size is checked before use, allocation
 * follows the bytes that really came and memory_limit(). A refused file gets one line: which
 * message, which field, what was wrong. */
#ifndef COLUMNAR_IPC_H
#define COLUMNAR_IPC_H

#include "base/input.h"
#include "base/output.h"
#include "columnar/array.h"

/* ---- reading ---- */

struct ipc_reader;
/* Stream or file, told apart by magic. Takes the input. A regular file is mapped, and the buffers
 * of an uncompressed one are not copied; it must not be cut short meanwhile. A file through a pipe
 * goes into a temporary file first. threads is for decompression by column (0 = 1). */
MUST_CHECK enum status ipc_reader_open(struct ipc_reader **ret, struct input **input,
                                       size_t threads, struct err *err);
const struct schema *ipc_reader_schema(const struct ipc_reader *reader);
/* The next batch; *ret_end true and no batch at the end-of-stream marker. End of input without the
 * marker is STATUS_FAILED: a killed writer never looks like a short stream. Zero-row batches are
 * handed out. A message says which batch; the caller puts the name of the input in front. */
MUST_CHECK enum status ipc_reader_next(struct ipc_reader *reader, struct batch *ret, bool *ret_end,
                                       struct err *err);
/* Where the values of columns of fixed width shall lie in the batches to come: places[i] for column
 * i, borrowed; memory of its own where places[i].data is NULL or has another size than the values,
 * and where they must be changed on the way. Batches that lie behind each other join without a copy
 * (array_concat). NULL = no wishes. */
void ipc_reader_place(struct ipc_reader *reader, const struct buffer *places);
/* What was decoded; grows. stored_bytes are those in the file, bytes those in memory. */
struct ipc_counts {
    int64_t batches, columns, buffers;
    uint64_t stored_bytes, bytes;
};
/* As ipc_reader_open, for ipc_reader_step and few of the columns: a file's dictionaries are not
 * read before a column needs them. `counts` may be NULL; it must outlive the reader. */
MUST_CHECK enum status ipc_reader_open_lazy(struct ipc_reader **ret, struct input **input,
                                            struct ipc_counts *counts, struct err *err);
/* Goes to the next batch without reading its columns: the body of a file is not even touched. Not
 * to be mixed with ipc_reader_next. */
MUST_CHECK enum status ipc_reader_step(struct ipc_reader *reader, int64_t *ret_rows, bool *ret_end,
                                       struct err *err);
/* Nulls that the batch declares for a column; reading the column checks it. */
int64_t ipc_reader_nulls(const struct ipc_reader *reader, size_t column);
/* A column of the batch that was stepped to. */
MUST_CHECK enum status ipc_reader_column(struct ipc_reader *reader, size_t column,
                                         struct array **ret, struct err *err);
/* The share of the input that was read, 0 to 1; -1 where that is not known (a pipe). */
double ipc_reader_share(const struct ipc_reader *reader);
void ipc_reader_close(struct ipc_reader **reader);

/* ---- writing ---- */

enum ipc_format { IPC_STREAM, IPC_FILE };
enum ipc_compression { IPC_PLAIN, IPC_ZSTD };
struct ipc_options {
    enum ipc_format format;
    enum ipc_compression compression;
    int level;      /* zstd, 0 = 1; frame checksum always on */
    size_t threads; /* for compression by column (0 = 1) */
};
struct ipc_writer;
struct ipc_message; /* one batch, encoded */

/* Borrows the output, which must outlive the writer. Writes the schema message at once. */
MUST_CHECK enum status ipc_writer_open(struct ipc_writer **ret, struct output *output,
                                       const struct schema *schema, struct ipc_options options,
                                       struct err *err);
/* Encodes and compresses; any thread, any order. `metadata` goes into the message; NULL = what the
 * batch carries. */
MUST_CHECK enum status ipc_writer_encode(const struct ipc_writer *writer, const struct batch *batch,
                                         const struct metadata *metadata, struct ipc_message **ret,
                                         struct err *err);
/* Writes an encoded batch, with the dictionary messages it needs (replacement in a stream; a file
 * has one dictionary a column, before a lone batch and behind several). One thread, in order. Takes
 * the message. */
MUST_CHECK enum status ipc_writer_put(struct ipc_writer *writer, struct ipc_message **message,
                                      struct err *err);
/* encode + put. */
MUST_CHECK enum status ipc_writer_add(struct ipc_writer *writer, const struct batch *batch,
                                      struct err *err);
/* The end-of-stream marker, and the footer of a file. Nothing may fail the run after this. */
MUST_CHECK enum status ipc_writer_finish(struct ipc_writer *writer, struct err *err);
void ipc_message_free(struct ipc_message **message);
void ipc_writer_close(struct ipc_writer **writer);

#endif
