/* clean/column_facts.h: what can be said about the values of a column after one look at each:
 * nulls, range, few or all distinct. For drafting a recipe. */
#ifndef CLEAN_COLUMN_FACTS_H
#define CLEAN_COLUMN_FACTS_H

#include "clean/counts.h"
#include "columnar/array.h"

#define FACTS_VALUES 40 /* distinct values that are kept by name */

struct column_facts {
    int64_t rows, nulls;
    double low, high; /* of numbers; meaningful where has_range */
    bool has_range;
    struct counts values; /* texts, numbers as text; complete unless many */
    bool many;            /* more than FACTS_VALUES distinct ones */
    struct counts seen;   /* hashes while every value was new */
    bool repeats;         /* a value occurred twice, or it is not known */
};
/* Adds a column of one batch. Zero-initialize. */
MUST_CHECK enum status facts_add(struct column_facts *facts, const struct field *field,
                                 const struct array *array, struct err *err);
/* Every row has a value and no value twice. */
bool facts_is_key(const struct column_facts *facts);
void facts_release(struct column_facts *facts);

#endif
