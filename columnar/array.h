/* columnar/array.h: columns in memory, in Apache Arrow's layout (Columnar.rst), and batches of
 * them.
 *
 * Arrays are immutable once made and counted (array_ref / array_unref); a batch shares columns with
 * the batch it came from instead of copying. Buffers are 64-byte aligned where we made them, padded
 * with zeros to 64 bytes, null slots zero. An array has no offset: slot 0 is value 0 (offset
 * buffers may begin above 0). Validity NULL = no nulls. */
#ifndef COLUMNAR_ARRAY_H
#define COLUMNAR_ARRAY_H

#include "base/err.h"
#include "base/str.h"
#include "columnar/schema.h"

#include <stdbool.h>
#include <stdint.h>

#define BATCH_ROWS_MAXIMUM  65536
#define BATCH_BYTES_MAXIMUM (64u << 20)

struct block; /* counted memory behind one or more buffers */

struct buffer {
    const uint8_t *data; /* NULL when size is 0 */
    size_t size;         /* bytes that mean something, without padding */
    struct block *block; /* NULL = static memory */
};

/* buffers[] by type:
 *   fixed width, bool     [0] values
 *   utf8, binary          [0] int32 offsets (length + 1), [1] bytes; large: int64 offsets
 *   list, map             [0] int32 offsets; large: int64;  list views: [0] offsets, [1] sizes
 *   unions                [0] int8 type ids, dense: [1] int32 offsets
 *   views                 [0] 16-byte views, [1...] data
 *   dictionary-encoded    [0] indices of field.index, `dictionary` = the values
 *   null, struct, fixed list, run-end: none */
struct array {
    int64_t length;
    int64_t null_count;
    struct buffer validity;
    struct buffer *buffers;
    size_t buffer_count;
    struct array **children;
    size_t child_count;
    struct array *dictionary;
    struct array_owner *owner; /* private: reference count */
};

struct array *array_ref(const struct array *array);
void array_unref(struct array **array);

static inline bool array_is_null(const struct array *array, int64_t row)
{
    return array->validity.data != NULL && ((array->validity.data[row >> 3] >> (row & 7)) & 1) == 0;
}
/* Values of a fixed-width array: const double *x = array_values(column); */
static inline const void *array_values(const struct array *array)
{
    return array->buffers[0].data;
}
static inline bool array_bool(const struct array *array, int64_t row)
{
    return ((array->buffers[0].data[row >> 3] >> (row & 7)) & 1) != 0;
}
/* Value of a utf8 or binary array (32-bit offsets). Null slots give an empty slice. */
static inline struct str array_text(const struct array *array, int64_t row)
{
    const int32_t *offsets = (const int32_t *)(const void *)array->buffers[0].data;
    if (offsets == NULL) return (struct str){NULL, 0};
    return (struct str){(const char *)array->buffers[1].data + offsets[row],
                        (size_t)(offsets[row + 1] - offsets[row])};
}
/* Text of a utf8, binary or dictionary<int8..int64, utf8> column; false for null. */
bool array_text_at(const struct field *field, const struct array *array, int64_t row,
                   struct str *ret);
/* Any integer, float, decimal, bool, date or timestamp as double; false for null. */
bool array_number_at(const struct field *field, const struct array *array, int64_t row,
                     double *ret);
/* Any value as text the way CSV shows it (ISO dates, shortest round-trip floats); null gives "".
 * Returns ret, NUL-terminated, cut at room. */
char *array_value_text(const struct field *field, const struct array *array, int64_t row, char *ret,
                       size_t room);

/* An array from finished parts; takes the buffers and children even on failure. */
MUST_CHECK enum status array_make(struct array **ret, int64_t length, int64_t null_count,
                                  struct buffer validity, const struct buffer *buffers,
                                  size_t buffer_count, struct array **children, size_t child_count,
                                  struct array *dictionary, struct err *err);
/* A writable buffer with one owner, zeroed; freeze it by handing it to array_make. */
MUST_CHECK enum status buffer_new(struct buffer *ret, size_t size, struct err *err);
uint8_t *buffer_writable(struct buffer *buffer);
struct buffer buffer_ref(const struct buffer *buffer);
void buffer_unref(struct buffer *buffer);
/* Memory owned by someone else; `release(context)` is called once, when the last user is gone. */
MUST_CHECK enum status buffer_foreign(struct buffer *ret, const void *data, size_t size,
                                      void (*release)(void *context), void *context,
                                      struct err *err);

/* Rows first ... first + count - 1; shares memory where `first` is a multiple of 8, else copies. */
MUST_CHECK enum status array_slice(struct array **ret, const struct field *field,
                                   const struct array *array, int64_t first, int64_t count,
                                   struct err *err);
/* The rows listed in `rows` (any order, repeats allowed; -1 gives a null). */
MUST_CHECK enum status array_take(struct array **ret, const struct field *field,
                                  const struct array *array, const int64_t *rows, int64_t count,
                                  struct err *err);
/* One array behind the other; dictionaries are merged in first-use order. */
MUST_CHECK enum status array_concat(struct array **ret, const struct field *field,
                                    struct array *const *parts, size_t part_count, struct err *err);
/* The same values with no dictionary: dictionary<_, utf8> becomes utf8. */
MUST_CHECK enum status array_decode_dictionary(struct array **ret, const struct field *field,
                                               const struct array *array, struct err *err);
/* Equal type, nulls and values (NaN equals NaN by bits); dictionaries compare by value. */
bool array_equal(const struct field *field, const struct array *a, const struct array *b);
/* Bytes of all buffers. */
uint64_t array_bytes(const struct array *array);

/* Rows of one schema. Release with batch_release; copies share everything. */
struct batch {
    struct schema *schema; /* counted */
    int64_t rows;
    struct array **columns;   /* counted, schema->count of them */
    struct metadata metadata; /* of the message it came in; borrowed from `metadata_owner` */
    struct arena *metadata_owner;
};
/* Takes a reference of each column. */
MUST_CHECK enum status batch_make(struct batch *ret, const struct schema *schema, int64_t rows,
                                  struct array *const *columns, struct err *err);
MUST_CHECK enum status batch_share(struct batch *ret, const struct batch *batch, struct err *err);
MUST_CHECK enum status batch_slice(struct batch *ret, const struct batch *batch, int64_t first,
                                   int64_t count, struct err *err);
MUST_CHECK enum status batch_take(struct batch *ret, const struct batch *batch, const int64_t *rows,
                                  int64_t count, struct err *err);
MUST_CHECK enum status batch_concat(struct batch *ret, const struct schema *schema,
                                    const struct batch *parts, size_t count, struct err *err);
/* Zero rows of this schema. */
MUST_CHECK enum status batch_empty(struct batch *ret, const struct schema *schema, struct err *err);
uint64_t batch_bytes(const struct batch *batch);
void batch_release(struct batch *batch);

#endif
