/* clean/labels_balance.h: how many rows each class has, and ways to make them even.
 *
 * weights: rows / (classes x rows of the class), so that every class weighs the same (King and Zeng
 * 2001). undersample: of each class the rows with the smallest hashes stay, as many as the smallest
 * class has; which ones depends on the rows and the seed alone. oversample: how often a reader
 * takes each row so that every class is as large as the largest; rows themselves are not written
 * twice. */
#ifndef CLEAN_LABELS_BALANCE_H
#define CLEAN_LABELS_BALANCE_H

#include "base/err.h"
#include "base/str.h"
#include "base/yaml.h"

#include <stddef.h>
#include <stdint.h>

enum balance_way { BALANCE_NONE, BALANCE_WEIGHTS, BALANCE_UNDERSAMPLE, BALANCE_OVERSAMPLE };

struct balance {
    size_t classes;
    int64_t *rows;    /* by class: of the labels that leave */
    double *weights;  /* by class; NaN without rows; to oversample: copies of each row */
    uint64_t *bounds; /* by class: rows whose hash is not above stay, or have a copy more */
};
MUST_CHECK enum status balance_open(struct balance *ret, size_t classes, struct err *err);
void balance_release(struct balance *balance);

/* One row that leaves with this label. */
struct balanced {
    uint64_t hash;
    int64_t label;
};
/* items   `count` of them; reordered */
void balance_settle(struct balance *balance, enum balance_way way, struct balanced *items,
                    size_t count);
/* The hash that balance goes by, another one than samples do. */
uint64_t balance_hash(uint64_t hash);

MUST_CHECK enum status balance_save(const struct balance *balance, struct bytes *json,
                                    struct err *err);
MUST_CHECK enum status balance_load(struct balance *balance, const struct yaml_node *map,
                                    struct err *err);

#endif
