/* features/entity.h: numbers entities 0, 1, 2 ... by their keys, and finds them again.
 *
 * One open-addressing table (linear probing, at most half full) over 64-bit words, or over the XXH3
 * hash of longer keys, which are kept once in a row of bytes. */
#ifndef FEATURES_ENTITY_H
#define FEATURES_ENTITY_H

#include "features/key.h"

#define ENTITY_NONE UINT32_MAX /* null key, or not there */

struct entities;
MUST_CHECK enum status entities_open(struct entities **ret, const struct key_layout *layout,
                                     struct err *err);
/* ret_ids[row] = the number of the row's entity, numbers given in order of first appearance;
 * ENTITY_NONE for a null key. One thread at a time. */
MUST_CHECK enum status entities_add(struct entities *entities, const struct batch *batch,
                                    uint32_t *ret_ids, struct err *err);
/* The same without adding: ENTITY_NONE for a key that is not there. `layout` says where the keys
 * are in this batch and agrees with the one given to entities_open. Any thread. */
MUST_CHECK enum status entities_find(const struct entities *entities,
                                     const struct key_layout *layout, const struct batch *batch,
                                     uint32_t *ret_ids, struct err *err);
uint32_t entities_count(const struct entities *entities);
/* The key of an entity: the word (layout.word), or its bytes, borrowed until more are added. */
uint64_t entities_word(const struct entities *entities, uint32_t id);
struct str entities_bytes(const struct entities *entities, uint32_t id);
/* ret_ranks[id] = the entity's place in key order. *ret_same true when that is the order of first
 * appearance already (ret_ranks is filled all the same). */
MUST_CHECK enum status entities_rank(const struct entities *entities, uint32_t *ret_ranks,
                                     bool *ret_same, struct err *err);
void entities_close(struct entities **entities);

#endif
