/* columnar/build.h: makes one array value by value. Used by sources and cleaning modules.
 *
 * A builder is for one thread. Values are appended in row order; finish gives the array and leaves
 * the builder empty for the next one. A failed append leaves the builder closed for use: close it.
 */
#ifndef COLUMNAR_BUILD_H
#define COLUMNAR_BUILD_H

#include "columnar/array.h"

struct builder;
/* For every type of design section 3 except lists of lists. dictionary<int32, utf8> keeps its
 * values in first-use order, per array. `rows` is a hint. */
MUST_CHECK enum status builder_open(struct builder **ret, const struct field *field, int64_t rows,
                                    struct err *err);
MUST_CHECK enum status build_null(struct builder *builder, struct err *err);
/* Fixed-width integers, dates, timestamps; STATUS_FAILED when it does not fit. */
MUST_CHECK enum status build_int(struct builder *builder, int64_t value, struct err *err);
/* The unscaled value of a decimal: two's complement, little-endian, as wide as its type. */
MUST_CHECK enum status build_decimal(struct builder *builder, const void *unscaled,
                                     struct err *err);
MUST_CHECK enum status build_real(struct builder *builder, double value, struct err *err);
MUST_CHECK enum status build_bool(struct builder *builder, bool value, struct err *err);
/* utf8, binary, dictionary; UTF-8 is not checked here. */
MUST_CHECK enum status build_text(struct builder *builder, struct str value, struct err *err);
/* Fixed-size lists and lists: append the items to the child, then close the row. */
struct builder *builder_child(struct builder *builder);
MUST_CHECK enum status build_list(struct builder *builder, struct err *err);
/* Copies row `row` of an array of the same field. */
MUST_CHECK enum status build_copy(struct builder *builder, const struct array *array, int64_t row,
                                  struct err *err);
uint64_t builder_bytes(const struct builder *builder);
MUST_CHECK enum status builder_finish(struct builder *builder, struct array **ret, struct err *err);
void builder_close(struct builder **builder);

/* A builder a column. */
struct batch_builder;
MUST_CHECK enum status batch_builder_open(struct batch_builder **ret, const struct schema *schema,
                                          int64_t rows, struct err *err);
struct builder *batch_builder_column(struct batch_builder *builder, size_t column);
int64_t batch_builder_rows(const struct batch_builder *builder); /* length of column 0 */
uint64_t batch_builder_bytes(const struct batch_builder *builder);
MUST_CHECK enum status batch_builder_finish(struct batch_builder *builder, struct batch *ret,
                                            struct err *err);
void batch_builder_close(struct batch_builder **builder);

#endif
