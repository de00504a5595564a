/* tests/fuzz/use_steps.h: steps of a recipe over a small table with a column of each kind, for
 * targets that read what steps have learned. */
#ifndef TESTS_FUZZ_USE_STEPS_H
#define TESTS_FUZZ_USE_STEPS_H

#include "clean/chain.h"

/* Twenty rows: x int64, y float64, s and label utf8, at timestamp, flag bool; with nulls. */
MUST_CHECK enum status fuzz_rows(struct batch *ret, struct err *err);
/* One null row of any schema. */
MUST_CHECK enum status fuzz_null_row(const struct schema *schema, struct batch *ret,
                                     struct err *err);
MUST_CHECK enum status fuzz_chain_open(struct chain *ret, const struct recipe *recipe,
                                       const struct schema *schema, struct err *err);
/* The rows through every step that has learned, as one window. */
MUST_CHECK enum status fuzz_apply(const struct chain *chain, const struct batch *rows,
                                  struct err *err);

#endif
