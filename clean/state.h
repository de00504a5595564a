/* clean/state.h: everything the steps learned, in one readable JSON file.
 *
 *   {"tamis_state": 1,
 *    "steps": [
 *     {"impute": {"columns": ["age"]}, "settings_digest": "5f...", "parameters": {...}},
 *    ...],
 *    "digest": "9c..."}
 * The digest (BLAKE2b-256) covers every byte in front of its own line. Parameters learned on
 * training data are applied to new data unchanged, in one reading of the rows. */
#ifndef CLEAN_STATE_H
#define CLEAN_STATE_H

#include "clean/chain.h"

/* The file appears whole or not at all. */
MUST_CHECK enum status state_save(const struct chain *chain, const char *path, struct err *err);

struct state; /* a file, read and verified */
/* STATUS_FAILED when its bytes are not those that were saved. */
MUST_CHECK enum status state_open(struct state **ret, const char *path, struct err *err);
/* Names what was learned, for the configuration of a run. */
struct digest state_digest(const struct state *state);
/* The saved steps as they stand in the file: maps of module, settings_digest and parameters. */
const struct yaml_node *state_steps(const struct state *state);
/* Steps of the recipe that was fitted, as a list for recipe_add_steps. */
MUST_CHECK enum status state_recipe(const struct state *state, struct recipe *ret, struct err *err);
/* Gives each step its parameters; a module without any (deduplicate) still looks at the data.
 * STATUS_USAGE when the recipe is another one. */
MUST_CHECK enum status state_load(const struct state *state, struct chain *chain, struct err *err);
void state_close(struct state **state);

#endif
