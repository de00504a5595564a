/* clean/inverse.h: undoes what the normalize steps of a saved state did to columns.
 *
 * For predictions and for people: numbers get their own scale and type back, codes and indicator
 * columns their words. The steps are undone last to first, from their parameters alone; the columns
 * must be there under the names the step gave them, others stay as they are. */
#ifndef CLEAN_INVERSE_H
#define CLEAN_INVERSE_H

#include "clean/state.h"

struct inverse;
/* step  place of one step in the recipe, 1-based; 0 = every normalize step.
 * absent_ok  columns that are not in `schema` are passed over; at least one must be there.
 * STATUS_USAGE where a step cannot be undone (clip, binarize, rows) or a column is missing. The
 * state lives as long as the inverse. */
MUST_CHECK enum status inverse_open(struct inverse **ret, const struct state *state, int64_t step,
                                    bool absent_ok, const struct schema *schema, struct err *err);
const struct schema *inverse_schema(const struct inverse *inverse);
MUST_CHECK enum status inverse_batch(const struct inverse *inverse, const struct batch *batch,
                                     struct batch *ret, struct err *err);
/* Cells that were given another value so far. */
int64_t inverse_cells(const struct inverse *inverse);
void inverse_close(struct inverse **inverse);

#endif
