/* clean/recipe.h: what a run of the chain is told to do: a list of steps from a YAML file, from
 * -m lines, or both (the lines come behind).
 *
 *   tamis: 1
 *   steps:
 *     - text: {columns: [name, city]}
 *     - impute: {columns: [age], method: median} */
#ifndef CLEAN_RECIPE_H
#define CLEAN_RECIPE_H

#include "base/digest.h"
#include "clean/module.h"

struct recipe_step {
    const struct clean_module *module;
    const struct yaml_node *settings; /* the module's map; NULL where nothing was set */
    void *config;                     /* filled from settings; module->config_bytes */
    const char *origin;               /* the file, or the -m line, for messages */
};

struct recipe {
    struct recipe_step *steps;
    size_t count;
    /* private: what the steps lie in */
    struct yaml **documents;
    size_t document_count;
    struct arena *arena;
};

/* `path` NULL = no file; `lines` may be empty. Every setting is checked here, columns later against
 * the data. STATUS_USAGE: 'recipe "r.yaml": line 7, column 5: unknown setting "metod", did you mean
 * "method"?'; also when there is no step at all. */
MUST_CHECK enum status recipe_load(struct recipe *ret, const char *path,
                                   const struct text_list *lines, struct err *err);
/* Steps from a list of one-key maps; `origin` names where they stand. Borrows the tree. */
MUST_CHECK enum status recipe_add_steps(struct recipe *recipe, const struct yaml_node *list,
                                        const char *origin, struct err *err);
/* The meaning of one step: module and settings, no layout. */
MUST_CHECK enum status recipe_step_digest(const struct recipe_step *step, struct digest *ret,
                                          struct err *err);
/* The whole recipe as one line of JSON, {"steps":[{"text":{...}},...]}, and its digest. */
MUST_CHECK enum status recipe_json(const struct recipe *recipe, struct bytes *ret,
                                   struct digest *ret_digest, struct err *err);
void recipe_release(struct recipe *recipe);

#endif
