/* columnar/parquet_write_parts.h: the parts of the Parquet writer. Private to columnar/. */
#ifndef COLUMNAR_PARQUET_WRITE_PARTS_H
#define COLUMNAR_PARQUET_WRITE_PARTS_H

#include "columnar/layout.h"
#include "columnar/parquet_footer.h"
#include "columnar/parquet_thrift_write.h"
#include "columnar/parquet_write.h"

/* How values of one type are stored (LogicalTypes.md). */
struct parquet_plan {
    const struct field *field;
    const struct field *item; /* the values: `field`, or the child of a list */
    bool is_list;
    int physical;
    int converted; /* -1 = none */
    size_t width;  /* FIXED */
};
/* STATUS_USAGE for a type that cannot be written. */
MUST_CHECK enum status parquet_plan_make(const struct field *field, struct parquet_plan *ret,
                                         struct err *err);
/* The schema elements of a column. */
size_t parquet_plan_elements(const struct parquet_plan *plan);
void parquet_plan_put(const struct parquet_plan *plan, struct thrift_writer *writer);

/* A column of one batch, encoded. */
struct parquet_encoded {
    struct bytes dictionary; /* PLAIN; empty = none */
    int64_t entries;         /* of the dictionary */
    struct bytes page;       /* levels and values */
    int64_t values, nulls;   /* with nulls and empty lists; nulls of a flat column */
    bool has_range;
    struct bytes least, most; /* PLAIN, texts without length */
};
MUST_CHECK enum status parquet_encode(const struct parquet_plan *plan, const struct array *array,
                                      bool range, struct parquet_encoded *ret, struct err *err);
void parquet_encoded_release(struct parquet_encoded *encoded);
/* Appends the stored bytes of one value, of texts without their length. */
MUST_CHECK enum status parquet_put_value(const struct parquet_plan *plan, const struct array *items,
                                         int64_t place, struct bytes *ret, struct err *err);

/* `count` values of `width` bits in runs or packed, whichever is shorter. */
MUST_CHECK enum status parquet_put_runs(const uint32_t *values, size_t count, unsigned width,
                                        struct bytes *ret, struct err *err);

#endif
