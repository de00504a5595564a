/* clean/impute_forest.c: one column from the others by extremely randomized trees. */
#include "clean/impute_forest.h"

#include "base/memory.h"
#include "base/parallel.h"

#include <math.h>
#include <string.h>

#define TREES_MOST  50
#define TREES_LEAST 12
#define TREES_WORK  1600 /* trees x columns: many columns have fewer trees each */
#define CUTS_LEAST  4    /* tried in a node */
#define CUTS_MOST   16
#define LEAF_ROWS   3 /* least on each side of a cut */
#define DEPTH_MOST  48

struct node {
    int32_t column; /* -1 = leaf */
    int32_t left;   /* the right one follows it */
    double value;   /* leaf: the mean; else left below, right at or above */
};

struct tree {
    struct node *nodes;
    size_t count, room;
};

struct trees {
    size_t columns, each;
    bool *known;       /* by column: has trees */
    struct tree *tree; /* columns x each */
};

/* ---- randomness ---- */

/* SplitMix64 (Steele, Lea and Flood 2014). */
static uint64_t draw(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15ull;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
}

static double draw_unit(uint64_t *state)
{
    return (double)(draw(state) >> 11) * 0x1p-53;
}

/* ---- one tree ---- */

struct growth {
    const struct trees_plan *plan;
    struct tree *tree;
    size_t target;
    uint64_t random;
    size_t *members; /* places of rows, each node owns a stretch */
    size_t *others;  /* the columns that may be cut, in changing order */
    size_t other_count;
};

struct cut {
    size_t column;
    double split, gain;
};

static double cell(const struct growth *growth, size_t member, size_t column)
{
    return growth->plan->filled[member * growth->plan->columns + column];
}

static double truth(const struct growth *growth, size_t member)
{
    return growth->plan->rows[member * growth->plan->columns + growth->target];
}

/* How much of the squared error a cut takes away; -1 where a side would be too small. */
static double gain_of(const struct growth *growth, size_t first, size_t end, size_t column,
                      double split)
{
    double low = 0, all = 0;
    size_t below = 0, count = end - first;
    for (size_t i = first; i < end; i++) {
        double value = truth(growth, growth->members[i]);
        bool left = cell(growth, growth->members[i], column) < split;
        all += value;
        low += left ? value : 0;
        below += left;
    }
    if (below < LEAF_ROWS || count - below < LEAF_ROWS) return -1;
    double high = all - low;
    return low * low / (double)below + high * high / (double)(count - below) -
           all * all / (double)count;
}

static bool range_of(const struct growth *growth, size_t first, size_t end, size_t column,
                     double *ret_low, double *ret_high)
{
    *ret_low = *ret_high = cell(growth, growth->members[first], column);
    for (size_t i = first + 1; i < end; i++) {
        double value = cell(growth, growth->members[i], column);
        *ret_low = value < *ret_low ? value : *ret_low;
        *ret_high = value > *ret_high ? value : *ret_high;
    }
    return *ret_low < *ret_high;
}

/* The best of some random cuts; gain below 0 where there is none. */
static struct cut choose(struct growth *growth, size_t first, size_t end)
{
    struct cut best = {.gain = -1};
    size_t tried = 0, looked = growth->other_count;
    if (looked > 0 && looked < CUTS_LEAST) looked = CUTS_LEAST; /* some columns twice */
    for (size_t turn = 0; turn < looked && tried < CUTS_MOST; turn++) {
        size_t k = turn % growth->other_count;
        size_t at = k + (size_t)(draw(&growth->random) % (growth->other_count - k));
        size_t column = growth->others[at];
        double low, high;
        growth->others[at] = growth->others[k];
        growth->others[k] = column;
        if (!range_of(growth, first, end, column, &low, &high)) continue;
        tried++;
        double split = low + (high - low) * draw_unit(&growth->random);
        double gain = gain_of(growth, first, end, column, split);
        if (gain > best.gain) best = (struct cut){column, split, gain};
    }
    return best;
}

static size_t divide(struct growth *growth, size_t first, size_t end, const struct cut *cut)
{
    size_t middle = first;
    for (size_t i = first; i < end; i++) {
        size_t member = growth->members[i];
        if (cell(growth, member, cut->column) >= cut->split) continue;
        growth->members[i] = growth->members[middle];
        growth->members[middle++] = member;
    }
    return middle;
}

/* Room for two more nodes. */
static enum status make_room(struct tree *tree, struct err *err)
{
    if (tree->count + 2 <= tree->room) return STATUS_OK;
    size_t room = tree->room == 0 ? 32 : tree->room * 2;
    struct node *nodes = memory_resize(tree->nodes, room, sizeof *nodes);
    if (nodes == NULL) return fail_memory(err, room * sizeof *nodes);
    tree->nodes = nodes;
    tree->room = room;
    return STATUS_OK;
}

static enum status grow(struct growth *growth, size_t at, size_t first, size_t end, int depth,
                        struct err *err)
{
    struct tree *tree = growth->tree;
    double sum = 0;
    for (size_t i = first; i < end; i++)
        sum += truth(growth, growth->members[i]);
    tree->nodes[at] = (struct node){.column = -1, .value = sum / (double)(end - first)};
    if (end - first < 2 * LEAF_ROWS || depth == DEPTH_MOST) return STATUS_OK;
    struct cut cut = choose(growth, first, end);
    if (cut.gain < 0) return STATUS_OK;
    size_t middle = divide(growth, first, end, &cut), left = tree->count;
    TRY(make_room(tree, err));
    tree->nodes[at] = (struct node){(int32_t)cut.column, (int32_t)left, cut.split};
    tree->count += 2;
    TRY(grow(growth, left, first, middle, depth + 1, err));
    return grow(growth, left + 1, middle, end, depth + 1, err);
}

/* ---- all trees ---- */

struct planting {
    const struct trees_plan *plan;
    struct trees *trees;
};

static enum status plant(void *context, size_t index, struct err *err)
{
    const struct planting *planting = context;
    const struct trees_plan *plan = planting->plan;
    size_t target = index / planting->trees->each, count = 0;
    OWNED(memory_release) size_t *members = NULL;
    OWNED(memory_release) size_t *others = NULL;
    struct growth growth = {.plan = plan,
                            .tree = &planting->trees->tree[index],
                            .target = target,
                            .random = (uint64_t)plan->seed * 0x2545f4914f6cdd1dull + index};
    if (!planting->trees->known[target]) return STATUS_OK;
    TRY(NEW(&members, plan->count, err));
    TRY(NEW(&others, plan->columns, err));
    for (size_t i = 0; i < plan->count; i++)
        if (!isnan(plan->rows[i * plan->columns + target])) members[count++] = i;
    for (size_t j = 0; j < plan->columns; j++)
        if (j != target) others[growth.other_count++] = j;
    growth.members = members;
    growth.others = others;
    TRY(make_room(growth.tree, err));
    growth.tree->count = 1;
    return grow(&growth, 0, 0, count, 0, err);
}

/* Columns that are wanted and known in at least one row. */
static void find_known(struct trees *trees, const struct trees_plan *plan)
{
    for (size_t j = 0; j < plan->columns; j++)
        for (size_t i = 0; plan->wanted[j] && !trees->known[j] && i < plan->count; i++)
            trees->known[j] = !isnan(plan->rows[i * plan->columns + j]);
}

enum status trees_grow(struct trees **ret, const struct trees_plan *plan, struct err *err)
{
    struct trees *trees;
    TRY(NEW(&trees, 1, err));
    *ret = trees;
    trees->columns = plan->columns;
    trees->each = TREES_WORK / plan->columns;
    if (trees->each > TREES_MOST) trees->each = TREES_MOST;
    if (trees->each < TREES_LEAST) trees->each = TREES_LEAST;
    TRY(NEW(&trees->known, plan->columns, err));
    TRY(NEW(&trees->tree, plan->columns * trees->each, err));
    find_known(trees, plan);
    struct planting planting = {plan, trees};
    return parallel_for(plan->threads, plan->columns * trees->each, &planting, plant, err);
}

double trees_ask(const struct trees *trees, const double *row, size_t column, double otherwise)
{
    double sum = 0;
    if (trees == NULL || !trees->known[column]) return otherwise;
    for (size_t t = 0; t < trees->each; t++) {
        const struct node *nodes = trees->tree[column * trees->each + t].nodes, *node = nodes;
        while (node->column >= 0)
            node = nodes + node->left + (row[node->column] >= node->value);
        sum += node->value;
    }
    return sum / (double)trees->each;
}

void trees_close(struct trees **ret)
{
    struct trees *trees = *ret;
    if (trees == NULL) return;
    for (size_t i = 0; trees->tree != NULL && i < trees->columns * trees->each; i++)
        memory_free(trees->tree[i].nodes);
    memory_free(trees->tree);
    memory_free(trees->known);
    memory_free(trees);
    *ret = NULL;
}
