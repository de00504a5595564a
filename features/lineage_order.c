/* features/lineage_order.c: the order of points within their ranks, so that few links cross.
 *
 * Sweeps of barycenters (Sugiyama, Tagawa, Toda 1981), each followed by exchanges of neighbours
 * that save crossings (Gansner et al. 1993, section 3); the best order that was met is kept. */
#include "features/lineage_layout.h"

#include <stdlib.h>

#define SWEEPS         32
#define PATIENCE       8    /* sweeps without a better order */
#define EXCHANGED_MOST 6000 /* links; exchanges are left out above it */

/* Points linked with a point, on one side. */
struct side {
    size_t *starts, *items; /* items of point i: starts[i] to starts[i + 1] */
};
struct ordering {
    struct lineage_layout *layout;
    struct side left, right;
    double *wishes; /* by point */
    size_t *best;   /* an order */
};

static void ordering_release(struct ordering *ordering)
{
    memory_free(ordering->left.starts);
    memory_free(ordering->left.items);
    memory_free(ordering->right.starts);
    memory_free(ordering->right.items);
    memory_free(ordering->wishes);
    memory_free(ordering->best);
}

/* ---- neighbours ---- */

static enum status fill_side(struct side *side, const struct lineage_layout *layout, bool left,
                             struct err *err)
{
    OWNED(memory_release) size_t *next = NULL;
    TRY(NEW(&side->starts, layout->point_count + 1, err));
    TRY(NEW(&side->items, layout->link_count + 1, err));
    TRY(NEW(&next, layout->point_count + 1, err));
    for (size_t l = 0; l < layout->link_count; l++)
        side->starts[(left ? layout->links[l].output : layout->links[l].input) + 1]++;
    for (size_t i = 0; i < layout->point_count; i++) {
        side->starts[i + 1] += side->starts[i];
        next[i] = side->starts[i];
    }
    for (size_t l = 0; l < layout->link_count; l++) {
        const struct lineage_edge *link = &layout->links[l];
        size_t at = left ? link->output : link->input;
        side->items[next[at]++] = left ? link->input : link->output;
    }
    return STATUS_OK;
}

/* ---- crossings ---- */

struct ends {
    size_t left, right; /* places */
};

static int by_ends(const void *a, const void *b)
{
    const struct ends *x = a, *y = b;
    if (x->left != y->left) return x->left < y->left ? -1 : 1;
    return x->right < y->right ? -1 : x->right > y->right;
}

/* Inversions, by a Fenwick tree over the places on the right. */
static int64_t inversions(const struct ends *ends, size_t count, int64_t *tree, size_t places)
{
    int64_t crossings = 0;
    memset(tree, 0, (places + 1) * sizeof *tree);
    for (size_t i = 0; i < count; i++) {
        int64_t before = 0;
        for (size_t at = ends[i].right + 1; at > 0; at -= at & (~at + 1))
            before += tree[at];
        crossings += (int64_t)i - before;
        for (size_t at = ends[i].right + 1; at <= places; at += at & (~at + 1))
            tree[at]++;
    }
    return crossings;
}

enum status lineage_crossings(const struct lineage_layout *layout, int64_t *ret, struct err *err)
{
    OWNED(memory_release) struct ends *ends = NULL;
    OWNED(memory_release) int64_t *tree = NULL;
    TRY(NEW(&ends, layout->link_count + 1, err));
    TRY(NEW(&tree, layout->point_count + 1, err));
    *ret = 0;
    for (int64_t rank = 0; rank + 1 < layout->rank_count; rank++) {
        size_t count = 0;
        for (size_t l = 0; l < layout->link_count; l++) {
            const struct lineage_point *left = &layout->points[layout->links[l].input];
            if (left->rank != rank) continue;
            ends[count++] =
                (struct ends){left->place, layout->points[layout->links[l].output].place};
        }
        qsort(ends, count, sizeof *ends, by_ends);
        *ret += inversions(ends, count, tree, layout->starts[rank + 2] - layout->starts[rank + 1]);
    }
    return STATUS_OK;
}

/* Of the links of two points on one side, with `upper` above `lower`. */
static int64_t crossings_of(const struct ordering *ordering, const struct side *side, size_t upper,
                            size_t lower)
{
    const struct lineage_point *points = ordering->layout->points;
    int64_t crossings = 0;
    for (size_t i = side->starts[upper]; i < side->starts[upper + 1]; i++)
        for (size_t k = side->starts[lower]; k < side->starts[lower + 1]; k++)
            crossings += points[side->items[i]].place > points[side->items[k]].place;
    return crossings;
}

/* ---- sweeps ---- */

static void renumber(struct lineage_layout *layout)
{
    for (int64_t rank = 0; rank < layout->rank_count; rank++)
        for (size_t i = layout->starts[rank]; i < layout->starts[rank + 1]; i++)
            layout->points[layout->order[i]].place = i - layout->starts[rank];
}

static int by_wish(const void *a, const void *b, void *context)
{
    const struct ordering *ordering = context;
    size_t left = *(const size_t *)a, right = *(const size_t *)b;
    double x = ordering->wishes[left], y = ordering->wishes[right];
    const struct lineage_point *points = ordering->layout->points;
    if (x != y) return x < y ? -1 : 1;
    return points[left].place < points[right].place ? -1 : points[left].place > points[right].place;
}

/* The mean place of the neighbours; without any the place it has. */
static double wish_of(const struct ordering *ordering, const struct side *side, size_t point)
{
    const struct lineage_point *points = ordering->layout->points;
    size_t first = side->starts[point], end = side->starts[point + 1];
    double sum = 0;
    if (first == end) return (double)points[point].place;
    for (size_t i = first; i < end; i++)
        sum += (double)points[side->items[i]].place;
    return sum / (double)(end - first);
}

static void sort_rank(struct ordering *ordering, int64_t rank, const struct side *side)
{
    struct lineage_layout *layout = ordering->layout;
    size_t first = layout->starts[rank], count = layout->starts[rank + 1] - first;
    for (size_t i = 0; i < count; i++) {
        size_t point = layout->order[first + i];
        ordering->wishes[point] = wish_of(ordering, side, point);
    }
    qsort_r(layout->order + first, count, sizeof *layout->order, by_wish, ordering);
    for (size_t i = 0; i < count; i++)
        layout->points[layout->order[first + i]].place = i;
}

static bool exchange(struct ordering *ordering, size_t at)
{
    struct lineage_layout *layout = ordering->layout;
    size_t upper = layout->order[at], lower = layout->order[at + 1];
    int64_t now = crossings_of(ordering, &ordering->left, upper, lower) +
                  crossings_of(ordering, &ordering->right, upper, lower);
    int64_t then = crossings_of(ordering, &ordering->left, lower, upper) +
                   crossings_of(ordering, &ordering->right, lower, upper);
    if (then >= now) return false;
    layout->order[at] = lower;
    layout->order[at + 1] = upper;
    layout->points[lower].place--;
    layout->points[upper].place++;
    return true;
}

static void exchange_all(struct ordering *ordering)
{
    struct lineage_layout *layout = ordering->layout;
    if (layout->link_count > EXCHANGED_MOST) return;
    bool better = true;
    for (int round = 0; better && round < 4; round++) {
        better = false;
        for (int64_t rank = 0; rank < layout->rank_count; rank++)
            for (size_t i = layout->starts[rank]; i + 1 < layout->starts[rank + 1]; i++)
                better = exchange(ordering, i) || better;
    }
}

static void sweep(struct ordering *ordering, bool from_left)
{
    int64_t ranks = ordering->layout->rank_count;
    for (int64_t i = 1; i < ranks; i++)
        sort_rank(ordering, from_left ? i : ranks - 1 - i,
                  from_left ? &ordering->left : &ordering->right);
    exchange_all(ordering);
}

static enum status search(struct ordering *ordering, struct err *err)
{
    struct lineage_layout *layout = ordering->layout;
    size_t bytes = layout->point_count * sizeof *layout->order;
    int64_t best, now;
    TRY(lineage_crossings(layout, &best, err));
    memcpy(ordering->best, layout->order, bytes);
    for (int i = 0, idle = 0; best > 0 && i < SWEEPS && idle < PATIENCE; i++, idle++) {
        sweep(ordering, i % 2 == 0);
        TRY(lineage_crossings(layout, &now, err));
        if (now >= best) continue;
        best = now;
        idle = 0;
        memcpy(ordering->best, layout->order, bytes);
    }
    memcpy(layout->order, ordering->best, bytes);
    renumber(layout);
    return STATUS_OK;
}

enum status lineage_order(struct lineage_layout *layout, struct err *err)
{
    OWNED(ordering_release) struct ordering ordering = {.layout = layout};
    TRY(fill_side(&ordering.left, layout, true, err));
    TRY(fill_side(&ordering.right, layout, false, err));
    TRY(NEW(&ordering.wishes, layout->point_count + 1, err));
    TRY(NEW(&ordering.best, layout->point_count + 1, err));
    return search(&ordering, err);
}
