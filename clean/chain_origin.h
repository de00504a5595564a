/* clean/chain_origin.h: where the columns that leave a chain came from: the hops of its steps,
 * composed. The chain's side of column_from (module.h). */
#ifndef CLEAN_CHAIN_ORIGIN_H
#define CLEAN_CHAIN_ORIGIN_H

#include "clean/step.h"

/* One way from a column of the input to a column at hand. */
struct origin {
    const char *output, *input; /* names in schemas that outlive it */
    bool direct;
    const char *subtype;
    bool masked;
};
/* A column of the input that decided which rows are left. */
struct row_origin {
    const char *input, *subtype;
};
struct origins {
    struct origin *items;
    size_t count;
    struct row_origin *rows; /* of every column at hand */
    size_t row_count;
};

/* Every column from itself. */
MUST_CHECK enum status origins_begin(struct origins *ret, const struct schema *schema,
                                     struct err *err);
/* Through one more step, which is open. */
MUST_CHECK enum status origins_follow(struct origins *origins, const struct step *step,
                                      struct err *err);
void origins_release(struct origins *origins);

#endif
