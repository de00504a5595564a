/* clean/deduplicate_forest.h: sets that grow together (union-find, Tarjan 1975), and their members.
 *
 * The root of a set is its smallest member, whatever the order of the unions. */
#ifndef CLEAN_DEDUPLICATE_FOREST_H
#define CLEAN_DEDUPLICATE_FOREST_H

#include "base/memory.h"

struct forest {
    uint32_t *parents;
    size_t count;
};
MUST_CHECK enum status forest_open(struct forest *ret, size_t count, struct err *err);
void forest_release(struct forest *forest);
uint32_t forest_root(struct forest *forest, uint32_t item);
/* Whether they were apart. */
bool forest_join(struct forest *forest, uint32_t a, uint32_t b);

/* Members by set: those of the set with root r are items[firsts[r]] ... items[firsts[r + 1] - 1],
 * rising; a root alone has itself, every other item nothing. */
struct members {
    size_t *firsts; /* count + 1 */
    uint32_t *items;
};
MUST_CHECK enum status members_of(struct members *ret, struct forest *forest, struct err *err);
void members_release(struct members *members);

#endif
