/* columnar/parquet_parts.h: the parts of the Parquet reader: leaves of the schema, pages, values,
 * columns. Private to columnar/. */
#ifndef COLUMNAR_PARQUET_PARTS_H
#define COLUMNAR_PARQUET_PARTS_H

#include "columnar/layout.h"
#include "columnar/parquet.h"
#include "columnar/parquet_footer.h"
#include "columnar/parquet_runs.h"

#include <pthread.h>
#include <stdatomic.h>

/* ---- leaves (parquet_schema.c) ---- */

/* From stored values to Arrow's. */
enum parquet_conversion {
    CONVERT_SAME, /* the bytes are the same */
    CONVERT_TEXT, /* and must be UTF-8 */
    CONVERT_BOOL,
    CONVERT_NARROW,        /* INT32 to 8 or 16 bits */
    CONVERT_DECIMAL,       /* INT32, INT64: little-endian, wider */
    CONVERT_DECIMAL_BYTES, /* big-endian, any size */
    CONVERT_INT96,
    CONVERT_NOTHING,
};

/* A column that is read. */
struct parquet_leaf {
    const struct parquet_node *node;
    size_t chunk; /* of a row group */
    int physical;
    size_t width;             /* bytes of a stored value; 0 = BYTE_ARRAY */
    uint32_t max_def;         /* definition level of a value that is there */
    bool is_list;             /* repetition level 1, else 0 */
    uint32_t list_def;        /* from it on the list is there; above it an element is */
    struct field field;       /* in the arena; of a list with its item as child */
    const struct field *item; /* the field of the values: `field` or its child */
    int conversion;
};
struct parquet_leaves {
    struct parquet_leaf *items; /* in the arena */
    size_t count;
};
MUST_CHECK enum status parquet_leaves_find(const struct parquet_footer *footer,
                                           const struct parquet_options *options,
                                           struct arena *arena, struct parquet_leaves *ret,
                                           struct err *err);

/* ---- pages (parquet_page.c) ---- */

enum parquet_page_kind {
    PARQUET_PAGE_DATA = 0,
    PARQUET_PAGE_INDEX = 1,
    PARQUET_PAGE_DICTIONARY = 2,
    PARQUET_PAGE_DATA_2 = 3,
};
struct parquet_span {
    const uint8_t *data;
    size_t size;
};
/* An entry of a dictionary of byte arrays. */
struct parquet_entry {
    uint32_t at, size;
};

/* A page, shared by the pieces whose rows lie in it. Its body is read and unpacked by the first one
 * that needs it and freed with the last one. */
struct parquet_page {
    atomic_size_t users;
    const struct parquet_leaf *leaf;
    struct parquet_page *dictionary; /* counted */
    uint64_t offset;                 /* of the body in the file */
    int codec, kind, encoding, rep_encoding, def_encoding;
    uint32_t packed, unpacked, values;
    uint32_t rep_bytes, def_bytes; /* version 2 */
    int64_t declared_rows;         /* version 2 */
    bool has_crc, is_packed;
    uint32_t crc;
    /* set by the cutter */
    int64_t first, starts; /* rows of the row group before it; rows that begin in it */
    bool open_front;       /* it begins in the middle of a row */
    /* set by loading, under the lock */
    pthread_mutex_t lock;
    bool loaded;
    uint8_t *body[2]; /* as stored and unpacked; memory_get_raw */
    struct parquet_span rep, def, data;
    struct parquet_entry *entries; /* dictionary of byte arrays */
};
/* The page at *at, which moves behind it; nothing of its body is read. */
MUST_CHECK enum status parquet_page_next(struct input *input, uint64_t *at, uint64_t end,
                                         const struct parquet_leaf *leaf, int codec,
                                         struct parquet_page **ret, struct err *err);
MUST_CHECK enum status parquet_page_load(struct parquet_page *page, struct input *input,
                                         struct err *err);
/* Repetition and definition levels of a loaded page. */
struct runs parquet_page_rep(const struct parquet_page *page);
struct runs parquet_page_def(const struct parquet_page *page);
struct parquet_page *parquet_page_ref(struct parquet_page *page);
void parquet_page_unref(struct parquet_page **page);

/* ---- values (parquet_values.c) ---- */

/* Stored values one behind the other, without nulls. */
struct parquet_dense {
    size_t width;          /* of a value; 0 = offsets and bytes */
    struct growing data;   /* with DENSE_SLACK bytes of room behind it */
    struct growing places; /* int32 offsets, count + 1 of them */
    int64_t count;
};
MUST_CHECK enum status parquet_dense_open(struct parquet_dense *ret, size_t width, struct err *err);
void parquet_dense_release(struct parquet_dense *dense);

struct parquet_values {
    const struct parquet_page *page;
    const struct parquet_leaf *leaf;
    int encoding;
    const uint8_t *at, *end;
    size_t bit;         /* PLAIN booleans */
    size_t index, all;  /* BYTE_SPLIT: next value, values */
    struct runs runs;   /* indices, booleans */
    struct delta delta; /* integers, lengths, prefixes */
    struct delta suffix;
    struct growing last; /* DELTA_BYTES: the value before */
};
/* Borrows a loaded page. */
MUST_CHECK enum status parquet_values_open(struct parquet_values *ret,
                                           const struct parquet_page *page, struct err *err);
/* The next values; `to` NULL skips them. */
MUST_CHECK enum status parquet_values_take(struct parquet_values *values, int64_t count,
                                           struct parquet_dense *to, struct err *err);
void parquet_values_close(struct parquet_values *values);

/* ---- columns (parquet_column.c, parquet_array.c) ---- */

/* Which rows of a page are wanted: of those that begin in it, `take` behind `skip`; `front`: what
 * comes before the first beginning too. */
struct parquet_use {
    struct parquet_page *page; /* counted */
    int64_t skip, take;
    bool front;
};
struct parquet_uses {
    struct parquet_use *items; /* memory_get */
    size_t count, room;
};

/* A column in the making. */
struct parquet_column {
    const struct parquet_leaf *leaf;
    int64_t rows, room; /* so far; at most */
    struct parquet_dense dense;
    struct growing validity; /* of the slots */
    int64_t slots;           /* rows, or items of lists */
    struct buffer lists;     /* validity of lists */
    struct buffer offsets;   /* of lists */
    int64_t null_lists;
};
MUST_CHECK enum status parquet_column_open(struct parquet_column *ret,
                                           const struct parquet_leaf *leaf, int64_t rows,
                                           struct err *err);
MUST_CHECK enum status parquet_column_add(struct parquet_column *column,
                                          const struct parquet_use *use, struct input *input,
                                          struct err *err);
/* What lies in the column as an array; faults of values are added. */
MUST_CHECK enum status parquet_column_finish(struct parquet_column *column, uint64_t field_limit,
                                             size_t index, struct array **ret,
                                             struct parquet_faults *faults, struct err *err);
void parquet_column_close(struct parquet_column *column);

/* Values of the column as Arrow stores them (parquet_convert.c). A value that does not convert
 * becomes zero or empty, and a fault; `row` of the fault is the value's place among the values. */
MUST_CHECK enum status parquet_convert(const struct parquet_leaf *leaf, struct parquet_dense *dense,
                                       uint64_t field_limit, struct parquet_faults *faults,
                                       struct err *err);
MUST_CHECK enum status parquet_faults_add(struct parquet_faults *faults, int64_t row,
                                          const char *rule, const char *message, struct err *err);

#endif
