/* ingest/infer.h: what the columns of a source were seen to be, for a first contract. */
#ifndef INGEST_INFER_H
#define INGEST_INFER_H

#include "columnar/array.h"
#include "ingest/distinct.h"
#include "ingest/scalar.h"

#include <stdatomic.h>

#define INFER_ALLOWED 12 /* values of a set at most */
#define INFER_TEXT    64 /* bytes of a value that is shown */

struct infer_value {
    char text[INFER_TEXT + 1];
    size_t size;
};

/* Of the rows of one batch, made on any thread. */
struct infer_part {
    int64_t rows, nulls;
    bool has_range;
    struct scalar minimum, maximum;
    struct infer_value minimum_text, maximum_text;
    size_t value_count; /* INFER_ALLOWED + 1: too many, or one too long */
    struct infer_value values[INFER_ALLOWED + 1];
    int64_t looks_personal, texts;
    struct distinct_key *keys; /* of the values that are not null; NULL = not looked at */
    size_t key_count;
};

/* Of all rows so far. */
struct infer_column {
    struct infer_part sum;
    struct distinct *seen;
    atomic_bool repeats; /* a value came twice: keys are of no use any more */
};

MUST_CHECK enum status infer_column_open(struct infer_column *column, struct err *err);
MUST_CHECK enum status infer_see(const struct infer_column *column, const struct field *field,
                                 const struct array *array, struct infer_part *ret,
                                 struct err *err);
/* Parts in their order. */
MUST_CHECK enum status infer_add(struct infer_column *column, const struct field *field,
                                 const struct infer_part *part, struct err *err);
void infer_part_release(struct infer_part *part);
void infer_column_close(struct infer_column *column);

/* Whether a column of this name, or whose texts look like that, is about persons. */
bool infer_is_personal(const struct infer_column *column, const struct field *field);

/* The lines of a contract for one column, commented. */
MUST_CHECK enum status infer_write(const struct infer_column *column, const struct field *field,
                                   struct bytes *ret, struct err *err);

#endif
