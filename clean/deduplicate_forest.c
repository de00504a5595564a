/* clean/deduplicate_forest.c: sets that grow together. */
#include "clean/deduplicate_forest.h"

enum status forest_open(struct forest *ret, size_t count, struct err *err)
{
    TRY(NEW(&ret->parents, count, err));
    ret->count = count;
    for (size_t i = 0; i < count; i++)
        ret->parents[i] = (uint32_t)i;
    return STATUS_OK;
}

void forest_release(struct forest *forest)
{
    memory_free(forest->parents);
    *forest = (struct forest){0};
}

uint32_t forest_root(struct forest *forest, uint32_t item)
{
    uint32_t *parents = forest->parents;
    while (parents[item] != item) {
        parents[item] = parents[parents[item]];
        item = parents[item];
    }
    return item;
}

bool forest_join(struct forest *forest, uint32_t a, uint32_t b)
{
    a = forest_root(forest, a);
    b = forest_root(forest, b);
    if (a == b) return false;
    forest->parents[a > b ? a : b] = a < b ? a : b;
    return true;
}

enum status members_of(struct members *ret, struct forest *forest, struct err *err)
{
    TRY(NEW(&ret->firsts, forest->count + 2, err));
    TRY(NEW(&ret->items, forest->count, err));
    size_t *firsts = ret->firsts + 1; /* shifted by one while they are filled */
    for (size_t i = 0; i < forest->count; i++)
        firsts[forest_root(forest, (uint32_t)i) + 1]++;
    for (size_t i = 0; i < forest->count; i++)
        firsts[i + 1] += firsts[i];
    for (size_t i = 0; i < forest->count; i++)
        ret->items[firsts[forest_root(forest, (uint32_t)i)]++] = (uint32_t)i;
    return STATUS_OK;
}

void members_release(struct members *members)
{
    memory_free(members->firsts);
    memory_free(members->items);
    *members = (struct members){0};
}
