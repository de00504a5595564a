/* clean/suggest.h: drafts a recipe for data it has looked at.
 *
 * Every module that could help is tried on the data itself; what changed something is drafted with
 * the settings that were learned and the number of cells or rows it is about, so that the draft
 * does what was seen and a person can judge each line. */
#ifndef CLEAN_SUGGEST_H
#define CLEAN_SUGGEST_H

#include "clean/chain.h"

/* Appends a commented recipe in YAML. `run` may be one without a store. */
MUST_CHECK enum status suggest_recipe(struct stage_input *input, struct run *run,
                                      const struct step_options *options, struct bytes *ret,
                                      struct err *err);

#endif
