/* columnar/parquet_thrift.h: Thrift's compact protocol (thrift-compact-protocol.md), as far as
 * Parquet uses it. Private to columnar/.
 *
 * A reader walks over borrowed bytes and remembers its first fault; after one every call gives
 * zeros and every loop ends, so that callers check once, at the end (thrift_check). Nothing is
 * allocated: counts are held against the bytes that are left. */
#ifndef COLUMNAR_PARQUET_THRIFT_H
#define COLUMNAR_PARQUET_THRIFT_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

enum thrift_type {
    THRIFT_STOP,
    THRIFT_TRUE,
    THRIFT_FALSE,
    THRIFT_BYTE,
    THRIFT_I16,
    THRIFT_I32,
    THRIFT_I64,
    THRIFT_DOUBLE,
    THRIFT_BINARY,
    THRIFT_LIST,
    THRIFT_SET,
    THRIFT_MAP,
    THRIFT_STRUCT,
};

struct thrift {
    const uint8_t *data;
    size_t size, at;
    int depth;
    bool truncated;    /* the fault is that bytes are missing */
    const char *fault; /* NULL = none */
};
struct thrift_field { /* {0} before the first */
    int id;
    int type;
};
struct thrift_list {
    int type;
    size_t count;
};

struct thrift thrift_over(const void *data, size_t size);
/* The next field of a struct; false behind the last one. A value that is not read is to be skipped.
 */
bool thrift_next(struct thrift *thrift, struct thrift_field *field);
/* Begins a struct that is a value; false where there is none. thrift_leave when it was read. */
bool thrift_enter(struct thrift *thrift, int type);
void thrift_leave(struct thrift *thrift);
/* Values; a value of another type than expected is a fault. */
int64_t thrift_integer(struct thrift *thrift, int type); /* byte, i16, i32 or i64 */
bool thrift_bool(struct thrift *thrift, int type);
struct str thrift_binary(struct thrift *thrift, int type); /* borrowed */
struct thrift_list thrift_list(struct thrift *thrift, int type);
void thrift_skip(struct thrift *thrift, int type);
void thrift_fail(struct thrift *thrift, const char *fault);
/* STATUS_FAILED with the fault, where there is one. */
MUST_CHECK enum status thrift_check(const struct thrift *thrift, struct err *err);

#endif
