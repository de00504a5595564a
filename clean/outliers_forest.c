/* clean/outliers_forest.c: isolation forest. */
#include "clean/outliers_forest.h"

#include "base/memory.h"
#include "base/parallel.h"

#define TREES      200
#define TREE_ROWS  256
#define DEPTH_MOST 8
#define TREE_NODES (2 * TREE_ROWS)

struct node {
    int32_t column; /* -1 = leaf */
    int32_t left;   /* the right one follows it */
    double split;   /* left below, right at or above */
    double length;  /* leaf: cuts to here and expected further ones */
};

struct forest {
    size_t columns;
    double unit; /* expected cuts in a tree of all its rows */
    struct node nodes[TREES][TREE_NODES];
};

/* ---- randomness ---- */

/* SplitMix64 (Steele, Lea and Flood 2014). */
static uint64_t draw(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15ull;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
}

static size_t draw_below(uint64_t *state, size_t bound)
{
    return (size_t)(draw(state) % bound);
}

static double draw_unit(uint64_t *state)
{
    return (double)(draw(state) >> 11) * 0x1p-53;
}

/* ---- one tree ---- */

/* Mean depth of an unsuccessful search in a binary search tree of `count` keys. */
static double expected_cuts(size_t count)
{
    double harmonic = 0;
    if (count < 2) return 0;
    for (size_t i = 1; i < count; i++)
        harmonic += 1 / (double)i;
    return 2 * harmonic - 2 * (double)(count - 1) / (double)count;
}

struct growth {
    const double *rows;
    size_t columns;
    uint64_t random;
    struct node *nodes;
    int32_t used;
    size_t members[TREE_ROWS]; /* places of rows, each node owns a stretch */
};

static void range_of(const struct growth *growth, size_t first, size_t end, size_t column,
                     double *ret_low, double *ret_high)
{
    *ret_low = *ret_high = growth->rows[growth->members[first] * growth->columns + column];
    for (size_t i = first + 1; i < end; i++) {
        double value = growth->rows[growth->members[i] * growth->columns + column];
        if (value < *ret_low) *ret_low = value;
        if (value > *ret_high) *ret_high = value;
    }
}

/* A random column that is not constant here; columns where there is none. */
static size_t choose_column(struct growth *growth, size_t first, size_t end, double *ret_low,
                            double *ret_high)
{
    size_t start = draw_below(&growth->random, growth->columns);
    for (size_t k = 0; k < growth->columns; k++) {
        size_t column = (start + k) % growth->columns;
        range_of(growth, first, end, column, ret_low, ret_high);
        if (*ret_low < *ret_high) return column;
    }
    return growth->columns;
}

/* Members below the split to the front; gives where the others begin. */
static size_t divide(struct growth *growth, size_t first, size_t end, size_t column, double split)
{
    size_t middle = first;
    for (size_t i = first; i < end; i++) {
        size_t member = growth->members[i];
        if (growth->rows[member * growth->columns + column] >= split) continue;
        growth->members[i] = growth->members[middle];
        growth->members[middle++] = member;
    }
    return middle;
}

static void grow(struct growth *growth, int32_t at, size_t first, size_t end, int depth)
{
    struct node *node = &growth->nodes[at];
    double low, high;
    *node = (struct node){.column = -1, .length = depth + expected_cuts(end - first)};
    if (end - first < 2 || depth == DEPTH_MOST) return;
    size_t column = choose_column(growth, first, end, &low, &high);
    if (column == growth->columns) return;
    double split = low + (high - low) * draw_unit(&growth->random);
    if (split <= low) split = high;
    size_t middle = divide(growth, first, end, column, split);
    node->column = (int32_t)column;
    node->split = split;
    node->left = growth->used;
    growth->used += 2;
    grow(growth, node->left, first, middle, depth + 1);
    grow(growth, node->left + 1, middle, end, depth + 1);
}

struct planting {
    struct forest *forest;
    const double *rows;
    size_t count;
    int64_t seed;
};

/* TREE_ROWS of the rows without repetition (Floyd 1987, by rejection: the table is small). */
static size_t choose_members(const struct planting *planting, struct growth *growth)
{
    size_t wanted = planting->count < TREE_ROWS ? planting->count : TREE_ROWS;
    size_t chosen = 0;
    for (size_t top = planting->count - wanted; top < planting->count; top++) {
        size_t member = draw_below(&growth->random, top + 1);
        for (size_t i = 0; i < chosen; i++)
            if (growth->members[i] == member) {
                member = top;
                break;
            }
        growth->members[chosen++] = member;
    }
    return chosen;
}

static enum status plant(void *context, size_t tree, struct err *err)
{
    (void)err;
    const struct planting *planting = context;
    struct growth growth = {.rows = planting->rows,
                            .columns = planting->forest->columns,
                            .random = (uint64_t)planting->seed * 0x2545f4914f6cdd1dull + tree,
                            .nodes = planting->forest->nodes[tree],
                            .used = 1};
    size_t members = choose_members(planting, &growth);
    grow(&growth, 0, 0, members, 0);
    return STATUS_OK;
}

/* ---- forest ---- */

size_t forest_bytes(void)
{
    return sizeof(struct forest);
}

enum status forest_grow(struct forest **ret, const double *rows, size_t count, size_t columns,
                        int64_t seed, size_t threads, struct err *err)
{
    struct forest *forest;
    TRY(NEW(&forest, 1, err));
    *ret = forest;
    forest->columns = columns;
    double unit = expected_cuts(count < TREE_ROWS ? count : TREE_ROWS);
    forest->unit = unit > 0 ? unit : 1;
    if (count == 0 || columns == 0) {
        for (size_t t = 0; t < TREES; t++)
            forest->nodes[t][0].column = -1;
        return STATUS_OK;
    }
    struct planting planting = {forest, rows, count, seed};
    return parallel_for(threads, TREES, &planting, plant, err);
}

double forest_score(const struct forest *forest, const double *row)
{
    double sum = 0;
    for (size_t t = 0; t < TREES; t++) {
        const struct node *node = forest->nodes[t];
        while (node->column >= 0)
            node = forest->nodes[t] + node->left + (row[node->column] >= node->split);
        sum += node->length;
    }
    return -sum / TREES / forest->unit;
}

void forest_close(struct forest **forest)
{
    memory_free(*forest);
    *forest = NULL;
}
