/* columnar/parquet_thrift_write.h: writes Thrift's compact protocol. Private to columnar/.
 *
 * The first failure (no memory) is kept; the caller looks at `status` once, at the end. */
#ifndef COLUMNAR_PARQUET_THRIFT_WRITE_H
#define COLUMNAR_PARQUET_THRIFT_WRITE_H

#include "columnar/parquet_thrift.h"

#define THRIFT_WRITE_DEPTH 8

struct thrift_writer {
    struct bytes *bytes; /* borrowed */
    struct err *err;
    enum status status;
    int depth;
    int last[THRIFT_WRITE_DEPTH]; /* field of each open struct that was written last */
};

/* A struct that is a field, or (id 0) the whole or an element of a list. */
void thrift_put_struct(struct thrift_writer *writer, int id);
void thrift_put_end(struct thrift_writer *writer);
void thrift_put_i32(struct thrift_writer *writer, int id, int32_t value);
void thrift_put_i64(struct thrift_writer *writer, int id, int64_t value);
void thrift_put_i8(struct thrift_writer *writer, int id, int8_t value);
void thrift_put_bool(struct thrift_writer *writer, int id, bool value);
void thrift_put_binary(struct thrift_writer *writer, int id, struct str value);
/* `count` elements follow, as fields of id 0. */
void thrift_put_list(struct thrift_writer *writer, int id, int type, size_t count);

#endif
