/* features/served.h: what VIEW[@REF] means for one entity: a version, or the one of several behind
 * a weighted tag that the entity's key decides. */
#ifndef FEATURES_SERVED_H
#define FEATURES_SERVED_H

#include "features/reference.h"
#include "lineage/tags.h"

struct served {
    struct view view;
    const char *tag;        /* NULL: REF is not a tag; in the arena */
    struct tag_state state; /* at least one version; one with weight 100 where REF is not a tag */
};
/* Resolves a reference, weighted tags included. */
MUST_CHECK enum status served_find(struct served *ret, struct store *store, const char *operand,
                                   struct arena *arena, struct err *err);
/* The version at one place of the state. */
MUST_CHECK enum status served_version(const struct served *served, struct store *store,
                                      size_t place, struct version *ret, struct err *err);
/* The place in the state that an entity gets; `key` as key_bytes gives it. */
size_t served_pick(const struct served *served, struct str key);
/* The bytes of a key that somebody typed (key_text.h), for served_pick. Types are those of the
 * newest version of the state. */
MUST_CHECK enum status served_key(const struct served *served, struct store *store,
                                  const char *text, struct bytes *ret, struct err *err);

#endif
