/* clean/validate_groups.h: which rows break uniqueness, or a functional dependency, over the whole
 * input, exactly and in bounded memory.
 *
 * Each row gives a 128-bit hash of its key and a 64-bit hash of what the key should determine. The
 * entries are kept in memory while they are few, in an unlinked temporary file beyond that;
 * finishing sorts them partition by partition. Two different keys share a hash with a probability
 * below 2^-64 for four billion rows. */
#ifndef CLEAN_VALIDATE_GROUPS_H
#define CLEAN_VALIDATE_GROUPS_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct group_entry {
    uint64_t high, low; /* hash of the key */
    uint64_t value;     /* hash of what it determines; 0 for uniqueness */
    int64_t row;
};

enum group_rule {
    GROUP_LATER,    /* every row with the key of an earlier row */
    GROUP_EVERY,    /* every row whose key occurs twice */
    GROUP_MINORITY, /* rows whose value is not the most frequent of their key; all on a tie */
};

struct groups;
/* `memory` bytes at most while entries are added and judged. */
MUST_CHECK enum status groups_open(struct groups **ret, enum group_rule rule, size_t memory,
                                   struct err *err);
MUST_CHECK enum status groups_add(struct groups *groups, const struct group_entry *entries,
                                  size_t count, struct err *err);
MUST_CHECK enum status groups_finish(struct groups *groups, struct err *err);
/* Whether a row fails. Any thread, after groups_finish. */
bool groups_fails(const struct groups *groups, int64_t row);
/* Entries added, and how many of their rows fail; after groups_finish. */
int64_t groups_entries(const struct groups *groups, int64_t *ret_failing);
/* Whether entries went to a file. */
bool groups_spilled(const struct groups *groups);
void groups_close(struct groups **groups);

#endif
