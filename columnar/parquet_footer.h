/* columnar/parquet_footer.h: what the footer of a Parquet file says (parquet.thrift). Private to
 * columnar/. */
#ifndef COLUMNAR_PARQUET_FOOTER_H
#define COLUMNAR_PARQUET_FOOTER_H

#include "base/input.h"
#include "base/memory.h"
#include "columnar/schema.h"

#define PARQUET_FOOTER_MAXIMUM  (256u << 20)
#define PARQUET_COLUMNS_MAXIMUM 10000
#define PARQUET_NODES_MAXIMUM   40000

enum parquet_physical {
    PARQUET_BOOLEAN,
    PARQUET_INT32,
    PARQUET_INT64,
    PARQUET_INT96,
    PARQUET_FLOAT,
    PARQUET_DOUBLE,
    PARQUET_BYTE_ARRAY,
    PARQUET_FIXED,
    PARQUET_GROUP = -1,
};
enum parquet_repetition { PARQUET_REQUIRED, PARQUET_OPTIONAL, PARQUET_REPEATED };
enum parquet_encoding {
    PARQUET_PLAIN = 0,
    PARQUET_PLAIN_DICTIONARY = 2,
    PARQUET_RLE = 3,
    PARQUET_BIT_PACKED = 4,
    PARQUET_DELTA_BINARY = 5,
    PARQUET_DELTA_LENGTH = 6,
    PARQUET_DELTA_BYTES = 7,
    PARQUET_RLE_DICTIONARY = 8,
    PARQUET_BYTE_SPLIT = 9,
};
/* Logical types, whether they were given as such or as a converted type. */
enum parquet_logical {
    PARQUET_PLAIN_VALUE,
    PARQUET_TEXT, /* STRING, ENUM */
    PARQUET_JSON,
    PARQUET_BSON,
    PARQUET_UUID,
    PARQUET_DATE,
    PARQUET_TIME,
    PARQUET_TIMESTAMP,
    PARQUET_DECIMAL,
    PARQUET_INTEGER,
    PARQUET_FLOAT16,
    PARQUET_INTERVAL,
    PARQUET_NOTHING, /* UNKNOWN: always null */
    PARQUET_LIST,
    PARQUET_MAP,
    PARQUET_OTHER, /* VARIANT, GEOMETRY, GEOGRAPHY and what comes */
};

/* A node of the schema tree, in depth-first order. */
struct parquet_node {
    const char *name; /* in the footer's arena */
    int physical;     /* enum parquet_physical */
    int repetition;
    int32_t width;    /* FIXED */
    int32_t children; /* GROUP */
    int logical;
    int32_t precision, scale; /* DECIMAL */
    int unit;                 /* enum time_unit; TIME, TIMESTAMP */
    bool adjusted;            /* to UTC */
    int bits;                 /* INTEGER */
    bool is_signed;
};

/* One column of one row group. */
struct parquet_chunk {
    int physical, codec;
    int64_t values, unpacked, packed; /* declared: number, bytes */
    int64_t data, dictionary;         /* offsets in the file; dictionary 0 = none */
};

struct parquet_group {
    int64_t rows;
    size_t at; /* of its struct in the footer's bytes */
};

struct parquet_footer {
    struct arena *arena;
    uint8_t *bytes; /* memory_get; row groups are read out of it one by one */
    size_t size;
    uint64_t start; /* where it begins in the file: all pages lie before */
    struct parquet_node *nodes;
    size_t node_count;
    struct parquet_group *groups;
    size_t group_count, leaf_count;
    int64_t rows;
    struct metadata metadata; /* borrowed from `bytes` */
};

MUST_CHECK enum status parquet_footer_read(struct input *input, struct parquet_footer *ret,
                                           struct err *err);
/* The leaf_count chunks of a row group. */
MUST_CHECK enum status parquet_group_read(const struct parquet_footer *footer, size_t group,
                                          struct parquet_chunk *ret, struct err *err);
void parquet_footer_release(struct parquet_footer *footer);

#endif
