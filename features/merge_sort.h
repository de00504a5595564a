/* features/merge_sort.h: a stable sort of row or entity numbers. */
#ifndef FEATURES_MERGE_SORT_H
#define FEATURES_MERGE_SORT_H

#include <stddef.h>
#include <stdint.h>

/* Sorts `items` by compare(context, a, b) (< 0, 0, > 0); equal items keep their order. `scratch`
 * has room for `count` items. Insertion sort of short runs, then merging upwards (Knuth, TAOCP 3,
 * 5.2.4); already sorted neighbors are not merged again. */
void merge_sort(uint32_t *items, size_t count, uint32_t *scratch,
                int (*compare)(const void *context, uint32_t a, uint32_t b), const void *context);

#endif
