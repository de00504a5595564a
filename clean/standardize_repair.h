/* clean/standardize_repair.h: repairs from functional dependencies: rows with the same key vote on
 * the value the key determines (zip determines city).
 *
 * Exact while a dependency has at most `most` different pairs of key and value; beyond that it is
 * left alone and told. Method: majority repair of FD violations, as in Bohannon et al., "A
 * cost-based model and effective heuristic for repairing constraints" (SIGMOD 2005). */
#ifndef CLEAN_STANDARDIZE_REPAIR_H
#define CLEAN_STANDARDIZE_REPAIR_H

#include "clean/module.h"
#include "clean/standardize_map.h"

/* One determined column and its key. */
struct dependency {
    size_t *keys;
    size_t key_count;
    size_t column;               /* determined; text */
    int64_t source;              /* as in the repair */
    struct counts pairs;         /* key and value, while fitting */
    struct spelling_map winners; /* key -> value */
    bool crowded;
};
struct repair {
    struct dependency *items;
    size_t count;
    double agree;   /* share of a key's rows that must have the winning value */
    bool fill;      /* nulls of the column become the winner */
    int64_t source; /* column whose values vote, -1 = rows do */
    size_t most;
};

/* [{key: zip, gives: [city, state]}, ...]; `list` NULL = none. `source` is the column whose values
 * vote (clean/standardize_votes.h), NULL = rows do. */
MUST_CHECK enum status repair_open(struct repair *repair, const struct yaml_node *list,
                                   const char *source, const struct module_setup *setup,
                                   struct err *err);
/* Counts of one dependency in a window. Any thread. */
MUST_CHECK enum status repair_count(const struct dependency *dependency, const struct batch *batch,
                                    struct counts *ret, struct err *err);
MUST_CHECK enum status repair_absorb(const struct repair *repair, struct dependency *dependency,
                                     const struct counts *more, struct err *err);
MUST_CHECK enum status repair_settle(const struct repair *repair, struct dependency *dependency,
                                     struct arena *arena, struct err *err);
/* The value row `row` should have; false = as it is. `key` is scratch of one thread. */
MUST_CHECK enum status repair_find(const struct repair *repair, const struct dependency *dependency,
                                   const struct batch *batch, int64_t row, struct bytes *key,
                                   bool *ret_found, struct str *ret, struct err *err);
/* A list with a map from key (hexadecimal) to winner for each dependency, and back from
 * parameters.repairs. */
MUST_CHECK enum status repair_save(const struct repair *repair, struct bytes *ret, struct err *err);
MUST_CHECK enum status repair_load(struct repair *repair, const struct yaml_node *parameters,
                                   struct arena *arena, struct err *err);
void repair_release(struct repair *repair);

#endif
