/* columnar/schema.h: names and types of columns, as in Apache Arrow (Schema.fbs).
 *
 * A schema is immutable once made and counted: schema_ref / schema_unref. The builder functions
 * change a schema that has one owner and is not in a batch yet. */
#ifndef COLUMNAR_SCHEMA_H
#define COLUMNAR_SCHEMA_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

/* Physical and logical type in one. Parameters are in struct type. */
enum type_id {
    TYPE_NULL,
    TYPE_BOOL,
    TYPE_INT8,
    TYPE_INT16,
    TYPE_INT32,
    TYPE_INT64,
    TYPE_UINT8,
    TYPE_UINT16,
    TYPE_UINT32,
    TYPE_UINT64,
    TYPE_FLOAT16,
    TYPE_FLOAT32,
    TYPE_FLOAT64,
    TYPE_UTF8,
    TYPE_BINARY,
    TYPE_LARGE_UTF8,
    TYPE_LARGE_BINARY,
    TYPE_FIXED_BINARY,
    TYPE_DATE32,
    TYPE_DATE64,
    TYPE_TIME32,
    TYPE_TIME64,
    TYPE_TIMESTAMP,
    TYPE_DURATION,
    TYPE_INTERVAL_MONTHS,
    TYPE_INTERVAL_DAY_TIME,
    TYPE_INTERVAL_MONTH_DAY_NANO,
    TYPE_DECIMAL32,
    TYPE_DECIMAL64,
    TYPE_DECIMAL128,
    TYPE_DECIMAL256,
    TYPE_LIST,
    TYPE_LARGE_LIST,
    TYPE_FIXED_LIST,
    TYPE_STRUCT,
    TYPE_MAP,
    TYPE_SPARSE_UNION,
    TYPE_DENSE_UNION,
    TYPE_UTF8_VIEW,
    TYPE_BINARY_VIEW,
    TYPE_LIST_VIEW,
    TYPE_LARGE_LIST_VIEW,
    TYPE_RUN_END,
    TYPE_COUNT
};
enum time_unit { UNIT_SECOND, UNIT_MILLI, UNIT_MICRO, UNIT_NANO };

struct type {
    enum type_id id;
    enum time_unit unit;      /* time, timestamp, duration */
    int32_t width;            /* FIXED_BINARY bytes, FIXED_LIST items */
    int32_t precision, scale; /* decimals */
    bool keys_sorted;         /* map */
    const char *zone;         /* timestamp: NULL = wall clock; owned by the field */
    const int32_t *union_ids; /* unions: one an child; owned by the field */
};

struct metadata_pair {
    struct str key, value;
};
struct metadata {
    struct metadata_pair *pairs;
    size_t count;
};

struct field {
    const char *name;
    struct type type; /* of the values; a dictionary's index type is below */
    bool nullable;
    bool dictionary;    /* dictionary-encoded: the array holds indices, array->dictionary values */
    bool ordered;       /* dictionary order means something */
    enum type_id index; /* TYPE_INT8 ... TYPE_UINT64; ours are TYPE_INT32 */
    int64_t dictionary_id; /* as read; the writer numbers anew */
    struct field *children;
    size_t child_count;
    struct metadata metadata;
};

struct schema {
    struct field *fields;
    size_t count;
    struct metadata metadata;
    /* private: reference count and the arena of names */
    struct schema_owner *owner;
};

MUST_CHECK enum status schema_new(struct schema **ret, struct err *err);
/* Adds a copy of `field` (names, children, metadata copied). */
MUST_CHECK enum status schema_add(struct schema *schema, const struct field *field,
                                  struct err *err);
/* Adds a plain nullable column; decimals, lists and dictionaries take schema_add. */
MUST_CHECK enum status schema_add_column(struct schema *schema, const char *name, enum type_id type,
                                         struct err *err);
/* A nullable field value for schema_add. Timestamps are microseconds, UTC. */
struct field field_of(const char *name, enum type_id type);
/* dictionary<int32, utf8>, nullable. */
struct field field_dictionary(const char *name);
/* Adds or replaces one metadata pair of the schema. */
MUST_CHECK enum status schema_set_metadata(struct schema *schema, const char *key, struct str value,
                                           struct err *err);
/* Adds one pair even where the key is there already (files of others may repeat a key). */
MUST_CHECK enum status schema_add_metadata(struct schema *schema, struct str key, struct str value,
                                           struct err *err);
/* A deep, changeable copy. */
MUST_CHECK enum status schema_copy(struct schema **ret, const struct schema *schema,
                                   struct err *err);
struct schema *schema_ref(const struct schema *schema);
void schema_unref(struct schema **schema);

/* Index of the first column with this name, -1 where there is none. */
int64_t schema_find(const struct schema *schema, struct str name);
/* The same, with STATUS_USAGE and "did you mean" when absent. */
MUST_CHECK enum status schema_require(const struct schema *schema, struct str name,
                                      size_t *ret_index, struct err *err);
bool field_equal(const struct field *a, const struct field *b); /* type and name, not metadata */
bool schema_equal(const struct schema *a, const struct schema *b);
/* The value of a metadata key; data NULL where absent. */
struct str metadata_get(const struct metadata *metadata, const char *key);

/* "int64", "timestamp[us, UTC]", "dictionary<int32, utf8>", "list<float64>". Returns ret. */
char *field_type_text(const struct field *field, char *ret, size_t room);
/* "int64" or "dictionary<int32, utf8>" to a field type; names as field_type_text writes them for
 * types without children. STATUS_USAGE naming the nearest. */
MUST_CHECK enum status field_type_parse(struct str text, struct field *ret, struct err *err);

/* Bytes of one value of a fixed-width type, 0 for bool and all others. */
size_t type_width(const struct type *type);
/* Whether `value` is a value of this integer type; true for every other type. */
bool integer_fits(enum type_id id, int64_t value);
bool type_is_integer(enum type_id id); /* int8 ... uint64 */
bool type_is_number(enum type_id id);  /* integers and float16/32/64 */
bool type_is_text(enum type_id id);    /* utf8, large_utf8, utf8_view */

#endif
