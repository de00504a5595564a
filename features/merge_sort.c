/* features/merge_sort.c: a stable sort of row or entity numbers. */
#include "features/merge_sort.h"

#include <string.h>

#define RUN 16

typedef int comparison(const void *context, uint32_t a, uint32_t b);

static void insertion_sort(uint32_t *items, size_t count, comparison *compare, const void *context)
{
    for (size_t i = 1; i < count; i++) {
        uint32_t item = items[i];
        size_t at = i;
        for (; at > 0 && compare(context, items[at - 1], item) > 0; at--)
            items[at] = items[at - 1];
        items[at] = item;
    }
}

/* Merges items[0..middle) and items[middle..count) through `scratch`. */
static void merge(uint32_t *items, size_t middle, size_t count, uint32_t *scratch,
                  comparison *compare, const void *context)
{
    if (compare(context, items[middle - 1], items[middle]) <= 0) return;
    memcpy(scratch, items, middle * sizeof *items);
    size_t left = 0, right = middle, to = 0;
    while (left < middle && right < count)
        items[to++] =
            compare(context, scratch[left], items[right]) <= 0 ? scratch[left++] : items[right++];
    memcpy(items + to, scratch + left, (middle - left) * sizeof *items);
}

void merge_sort(uint32_t *items, size_t count, uint32_t *scratch, comparison *compare,
                const void *context)
{
    for (size_t first = 0; first < count; first += RUN)
        insertion_sort(items + first, count - first < RUN ? count - first : RUN, compare, context);
    for (size_t run = RUN; run < count; run *= 2)
        for (size_t first = 0; first + run < count; first += 2 * run)
            merge(items + first, run, count - first < 2 * run ? count - first : 2 * run, scratch,
                  compare, context);
}
