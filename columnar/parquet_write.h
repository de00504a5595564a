/* columnar/parquet_write.h: writes Arrow batches as Apache Parquet (parquet-format 2.11), for
 * others to read.
 *
 * A batch becomes a row group with one page a column (version 1, zstd); texts that repeat get a
 * dictionary. Written are: booleans, integers, floats, utf8, binary, fixed-size binary, dates,
 * times, timestamps (seconds as milliseconds), decimal128, dictionaries of utf8, and lists of
 * these. */
#ifndef COLUMNAR_PARQUET_WRITE_H
#define COLUMNAR_PARQUET_WRITE_H

#include "base/output.h"
#include "columnar/array.h"

struct parquet_writer;

struct parquet_write_options {
    int level; /* zstd, 0 = 1 */
    const bool
        *without_range; /* one a column: no minimum and maximum (personal data); NULL = none */
    const struct metadata *metadata; /* key-values of the footer; NULL = none */
};

/* Borrows the output and what the options point to until close. STATUS_USAGE names a column that
 * cannot be written. */
MUST_CHECK enum status parquet_writer_open(struct parquet_writer **ret, struct output *output,
                                           const struct schema *schema,
                                           const struct parquet_write_options *options,
                                           struct err *err);
/* One row group; a batch without rows is none. */
MUST_CHECK enum status parquet_writer_add(struct parquet_writer *writer, const struct batch *batch,
                                          struct err *err);
/* The footer. */
MUST_CHECK enum status parquet_writer_finish(struct parquet_writer *writer, struct err *err);
void parquet_writer_close(struct parquet_writer **writer);

#endif
