/* columnar/layout.h: how each type lies in memory: one table for reading, writing, slicing, taking,
 * joining and comparing arrays (Columnar.rst "Physical memory layout"). Private to columnar/. */
#ifndef COLUMNAR_LAYOUT_H
#define COLUMNAR_LAYOUT_H

#include "columnar/array.h"

enum layout {
    LAYOUT_NULL,
    LAYOUT_BITS,  /* [0] one bit a value */
    LAYOUT_FIXED, /* [0] `width` bytes a value */
    LAYOUT_BYTES, /* [0] int32 offsets, [1] bytes */
    LAYOUT_BYTES_LARGE,
    LAYOUT_LIST, /* [0] int32 offsets, child 0 */
    LAYOUT_LIST_LARGE,
    LAYOUT_LIST_FIXED, /* child 0 of length x width */
    LAYOUT_STRUCT,
    LAYOUT_UNION_SPARSE, /* [0] int8 type ids, children as long as the array */
    LAYOUT_UNION_DENSE,  /* [0] int8 type ids, [1] int32 offsets */
    LAYOUT_VIEW,         /* [0] 16-byte views, [1 ...] bytes */
    LAYOUT_LIST_VIEW,    /* [0] int32 offsets, [1] int32 sizes, child 0 */
    LAYOUT_LIST_VIEW_LARGE,
    LAYOUT_RUN_END, /* child 0 run ends, child 1 values */
};

struct type_info {
    const char *name;
    enum layout layout;
    size_t width;   /* LAYOUT_FIXED: bytes a value; FIXED_BINARY: 0, see struct type */
    size_t buffers; /* without validity; views: the least */
    bool validity;  /* has a validity bitmap of its own */
    int children;   /* exact number; -1 = any */
};
extern const struct type_info type_table[TYPE_COUNT];

/* The layout of the array itself: the index type's for a dictionary-encoded field. */
const struct type_info *field_info(const struct field *field);
/* Bytes of one slot of a LAYOUT_FIXED field, dictionary indices included. */
size_t field_width(const struct field *field);
/* The field of a dictionary's values. */
struct field field_values(const struct field *field);

/* An array in the making: owns what was put in until finish hands it to array_make. */
struct parts {
    int64_t length;
    int64_t null_count;
    struct buffer validity;
    struct buffer *buffers;
    size_t buffer_count;
    struct array **children;
    size_t child_count;
    struct array *dictionary;
};
MUST_CHECK enum status parts_open(struct parts *parts, int64_t length, size_t buffer_count,
                                  size_t child_count, struct err *err);
MUST_CHECK enum status parts_finish(struct parts *parts, struct array **ret, struct err *err);
void parts_release(struct parts *parts);

/* No values of this field. */
MUST_CHECK enum status array_empty(struct array **ret, const struct field *field, struct err *err);

/* Like buffer_new, but only the padding is zeroed. */
MUST_CHECK enum status buffer_new_raw(struct buffer *ret, size_t size, struct err *err);
/* Bytes first ... first + size - 1 of a buffer, sharing its memory. */
struct buffer buffer_part(const struct buffer *buffer, size_t first, size_t size);

/* Memory that grows while an array is built; freezing turns it into a buffer without a copy. */
struct growing {
    uint8_t *data;
    size_t size, capacity;
};
MUST_CHECK enum status growing_reserve(struct growing *growing, size_t more, struct err *err);
MUST_CHECK enum status growing_append(struct growing *growing, const void *data, size_t size,
                                      struct err *err);
MUST_CHECK enum status growing_freeze(struct growing *growing, struct buffer *ret, struct err *err);
void growing_release(struct growing *growing);

/* Copies and shifts `count` + 1 offsets from `first` on so that they begin at `base`. */
MUST_CHECK enum status offsets_rebase(struct buffer *to, int64_t to_first,
                                      const struct buffer *offsets, bool large, int64_t first,
                                      int64_t count, int64_t base, struct err *err);

/* ---- distinct values beside an array (columnar/distinct.h) ---- */

struct distinct;
/* Whether somebody asked for them; *ret NULL where there were too many. */
bool array_has_looked(const struct array *array, struct distinct **ret);
/* Takes what was found, NULL = too many; returns what the array keeps. */
const struct distinct *array_keep_distinct(const struct array *array, struct distinct *distinct);
void distinct_free(struct distinct *distinct);

/* ---- bitmaps ---- */

static inline bool bit_get(const uint8_t *bits, int64_t place)
{
    return ((bits[place >> 3] >> (place & 7)) & 1) != 0;
}
static inline void bit_set(uint8_t *bits, int64_t place)
{
    bits[place >> 3] = (uint8_t)(bits[place >> 3] | (1u << (place & 7)));
}
static inline size_t bits_bytes(int64_t count)
{
    return ((size_t)count + 7) / 8;
}
/* Copies bits between any places; the target bits must be 0 before. */
void bits_copy(uint8_t *to, int64_t to_first, const uint8_t *from, int64_t from_first,
               int64_t count);
void bits_fill(uint8_t *to, int64_t first, int64_t count);

/* ---- offsets of 32 or 64 bits ---- */

static inline int64_t offset_at(const struct buffer *offsets, bool large, int64_t place)
{
    if (offsets->data == NULL) return 0;
    if (large) return ((const int64_t *)(const void *)offsets->data)[place];
    return ((const int32_t *)(const void *)offsets->data)[place];
}
static inline bool layout_is_large(enum layout layout)
{
    return layout == LAYOUT_BYTES_LARGE || layout == LAYOUT_LIST_LARGE ||
           layout == LAYOUT_LIST_VIEW_LARGE;
}
/* Writes offset `place`; STATUS_FAILED where it does not fit into 32 bits. */
MUST_CHECK enum status offset_put(struct buffer *offsets, bool large, int64_t place, int64_t value,
                                  struct err *err);

/* ---- one value ---- */

/* Run that holds logical row `row` of a run-end encoded array. */
int64_t run_of(const struct field *field, const struct array *array, int64_t row);
/* The child rows that make up one list, map, list view or fixed list value. */
void list_range(const struct field *field, const struct array *array, int64_t row,
                int64_t *ret_first, int64_t *ret_count);
/* The child, and the row in it, that a union slot selects. */
size_t union_child(const struct field *field, const struct array *array, int64_t row,
                   int64_t *ret_row);
/* Integer in a LAYOUT_FIXED array of an integer type (uint64 as two's complement). */
int64_t integer_at(enum type_id id, const struct array *array, int64_t row);
void integer_put(enum type_id id, uint8_t *data, int64_t row, int64_t value);
/* Bytes of a text, binary, view or fixed-width slot; only for layouts BYTES, BYTES_LARGE, VIEW,
 * FIXED. */
struct str slot_bytes(const struct field *field, const struct array *array, int64_t row);
/* Whether two slots hold equal values; nulls are equal to each other. */
bool slot_equal(const struct field *field, const struct array *a, int64_t i, const struct array *b,
                int64_t j);
/* Appends bytes that are equal exactly when the values are equal. */
MUST_CHECK enum status slot_key(const struct field *field, const struct array *array, int64_t row,
                                struct bytes *ret, struct err *err);

/* Vigna 2015, "SplitMix64": a bijection, so that different words never meet. */
static inline uint64_t word_hash(uint64_t word)
{
    word += 0x9e3779b97f4a7c15u;
    word = (word ^ word >> 30) * 0xbf58476d1ce4e5b9u;
    word = (word ^ word >> 27) * 0x94d049bb133111ebu;
    return word ^ word >> 31;
}
/* A hash of the value that is equal where the values are; `key` is scratch space. */
MUST_CHECK enum status slot_hash(const struct field *field, const struct array *array, int64_t row,
                                 struct bytes *key, uint64_t *ret, struct err *err);

/* Whether nothing is left in the slots of null rows: zero values, empty texts and lists, children
 * of null rows empty too. */
bool nulls_are_empty(const struct field *field, const struct array *array);
/* The same array where that holds, else a copy with null slots emptied. */
MUST_CHECK enum status array_tidy(struct array **ret, const struct field *field,
                                  const struct array *array, struct err *err);
/* Replaces an array by a compact copy of its rows. */
MUST_CHECK enum status array_rewrite(const struct field *field, struct array **array,
                                     struct err *err);

double half_to_double(uint16_t half);
uint16_t half_from_double(double value);

#endif
