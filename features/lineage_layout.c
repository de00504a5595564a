/* features/lineage_layout.c: where the nodes of a graph are drawn: layers from left to right. */
#include "features/lineage_layout.h"

#define SWEEPS      24
#define POINTS_MOST 20000 /* nodes and points in between; quadratic in the worst case */

/* ---- ranks ---- */

/* One after the deepest input (Kahn). In a circle, as a model that is trained further, the node
 * met first goes first, and one edge points backwards. */
static void rank_nodes(struct lineage_layout *layout, const struct lineage_graph *graph,
                       size_t *waits, bool *ranked)
{
    for (size_t e = 0; e < graph->edge_count; e++)
        waits[graph->edges[e].output]++;
    for (size_t done = 0; done < graph->node_count; done++) {
        size_t next = SIZE_MAX;
        for (size_t i = graph->node_count; i-- > 0;)
            if (!ranked[i] && (next == SIZE_MAX || waits[next] != 0 || waits[i] == 0)) next = i;
        ranked[next] = true;
        for (size_t e = 0; e < graph->edge_count; e++) {
            const struct lineage_edge *edge = &graph->edges[e];
            if (edge->input != next || ranked[edge->output]) continue;
            struct lineage_point *output = &layout->points[edge->output];
            waits[edge->output]--;
            if (output->rank <= layout->points[next].rank)
                output->rank = layout->points[next].rank + 1;
        }
    }
}

/* What has no input moves next to its first user. */
static void pull_roots(struct lineage_layout *layout, const struct lineage_graph *graph,
                       int64_t *nearest, bool *has_input)
{
    for (size_t i = 0; i < graph->node_count; i++)
        nearest[i] = INT64_MAX;
    for (size_t e = 0; e < graph->edge_count; e++) {
        const struct lineage_edge *edge = &graph->edges[e];
        int64_t rank = layout->points[edge->output].rank;
        has_input[edge->output] = true;
        if (rank < nearest[edge->input]) nearest[edge->input] = rank;
    }
    for (size_t i = 0; i < graph->node_count; i++)
        if (!has_input[i] && nearest[i] != INT64_MAX && nearest[i] > 0)
            layout->points[i].rank = nearest[i] - 1;
}

static enum status find_ranks(struct lineage_layout *layout, const struct lineage_graph *graph,
                              struct err *err)
{
    OWNED(memory_release) size_t *waits = NULL;
    OWNED(memory_release) int64_t *nearest = NULL;
    OWNED(memory_release) bool *ranked = NULL;
    OWNED(memory_release) bool *has_input = NULL;
    TRY(NEW(&waits, graph->node_count, err));
    TRY(NEW(&nearest, graph->node_count, err));
    TRY(NEW(&ranked, graph->node_count, err));
    TRY(NEW(&has_input, graph->node_count, err));
    rank_nodes(layout, graph, waits, ranked);
    pull_roots(layout, graph, nearest, has_input);
    for (size_t i = 0; i < graph->node_count; i++)
        if (layout->points[i].rank >= layout->rank_count)
            layout->rank_count = layout->points[i].rank + 1;
    return STATUS_OK;
}

/* ---- points in between ---- */

static enum status add_point(struct lineage_layout *layout, int64_t rank, double height,
                             struct err *err)
{
    if (layout->point_count == POINTS_MOST) {
        fail(err, STATUS_USAGE, "this graph is too large for a picture");
        err_hint(err, "give --depth N, --up or --down");
        return STATUS_USAGE;
    }
    if (layout->point_count == layout->point_room) {
        size_t room = layout->point_room * 2 + 64;
        void *points = memory_resize(layout->points, room, sizeof *layout->points);
        if (points == NULL) return fail_memory(err, room * sizeof *layout->points);
        layout->points = points;
        layout->point_room = room;
    }
    layout->points[layout->point_count++] = (struct lineage_point){.rank = rank, .height = height};
    return STATUS_OK;
}

static enum status add_link(struct lineage_layout *layout, size_t left, size_t right,
                            struct err *err)
{
    if (layout->link_count == layout->link_room) {
        size_t room = layout->link_room * 2 + 64;
        void *links = memory_resize(layout->links, room, sizeof *layout->links);
        if (links == NULL) return fail_memory(err, room * sizeof *layout->links);
        layout->links = links;
        layout->link_room = room;
    }
    layout->links[layout->link_count++] = (struct lineage_edge){left, right};
    return STATUS_OK;
}

static enum status make_chains(struct lineage_layout *layout, const struct lineage_graph *graph,
                               double line_height, struct err *err)
{
    for (size_t e = 0; e < graph->edge_count; e++) {
        size_t left = graph->edges[e].input, right = graph->edges[e].output;
        if (layout->points[left].rank > layout->points[right].rank) {
            left = right;
            right = graph->edges[e].input;
        }
        int64_t last = layout->points[right].rank;
        layout->chain_first[e] = layout->point_count;
        if (layout->points[left].rank == last) continue;
        for (int64_t rank = layout->points[left].rank + 1; rank < last; rank++) {
            TRY(add_point(layout, rank, line_height, err));
            TRY(add_link(layout, left, layout->point_count - 1, err));
            left = layout->point_count - 1;
            layout->chain_count[e]++;
        }
        TRY(add_link(layout, left, right, err));
    }
    return STATUS_OK;
}

/* ---- order ---- */

static enum status fill_ranks(struct lineage_layout *layout, struct err *err)
{
    size_t ranks = (size_t)layout->rank_count;
    OWNED(memory_release) size_t *next = NULL;
    TRY(NEW(&layout->order, layout->point_count, err));
    TRY(NEW(&layout->starts, ranks + 1, err));
    TRY(NEW(&next, ranks, err));
    for (size_t i = 0; i < layout->point_count; i++)
        layout->starts[layout->points[i].rank + 1]++;
    for (size_t rank = 0; rank < ranks; rank++) {
        layout->starts[rank + 1] += layout->starts[rank];
        next[rank] = layout->starts[rank];
    }
    for (size_t i = 0; i < layout->point_count; i++) {
        size_t rank = (size_t)layout->points[i].rank;
        layout->points[i].place = next[rank] - layout->starts[rank];
        layout->order[next[rank]++] = i;
    }
    return STATUS_OK;
}

/* ---- positions ---- */

/* Links between points in between weigh more: a long edge bends at its ends only. */
static double weight_of(const struct lineage_layout *layout, const struct lineage_edge *link)
{
    bool left = link->input >= layout->node_count, right = link->output >= layout->node_count;
    return left && right ? 8 : left || right ? 2 : 1;
}

/* Which neighbours a point wants to be level with. */
enum look { LOOK_LEFT, LOOK_RIGHT, LOOK_BOTH };

static void gather(struct lineage_layout *layout, enum look look)
{
    for (size_t i = 0; i < layout->point_count; i++)
        layout->points[i].sum = layout->points[i].weight = 0;
    for (size_t l = 0; l < layout->link_count; l++) {
        struct lineage_point *left = &layout->points[layout->links[l].input];
        struct lineage_point *right = &layout->points[layout->links[l].output];
        double weight = weight_of(layout, &layout->links[l]);
        if (look != LOOK_RIGHT) {
            right->sum += weight * left->y;
            right->weight += weight;
        }
        if (look != LOOK_LEFT) {
            left->sum += weight * right->y;
            left->weight += weight;
        }
    }
}

static double wish(const struct lineage_point *point)
{
    return point->weight > 0 ? point->sum / point->weight : point->y;
}

struct block { /* points that touch each other */
    double sum, weight;
    size_t first;
};

/* The positions nearest to the wishes (least squares) in which no two overlap: pool adjacent
 * violators over wishes less the room of those above. */
static void place_rank(struct lineage_layout *layout, size_t rank, struct block *blocks,
                       double *above)
{
    const size_t *order = layout->order + layout->starts[rank];
    size_t count = layout->starts[rank + 1] - layout->starts[rank], used = 0;
    for (size_t i = 0; i < count; i++) {
        const struct lineage_point *point = &layout->points[order[i]];
        above[i] =
            i == 0 ? 0 : above[i - 1] + (layout->points[order[i - 1]].height + point->height) / 2;
        double weight = point->weight > 0 ? point->weight : 0.1;
        blocks[used++] = (struct block){(wish(point) - above[i]) * weight, weight, i};
        for (; used > 1 && blocks[used - 2].sum / blocks[used - 2].weight >
                               blocks[used - 1].sum / blocks[used - 1].weight;
             used--) {
            blocks[used - 2].sum += blocks[used - 1].sum;
            blocks[used - 2].weight += blocks[used - 1].weight;
        }
    }
    for (size_t b = 0; b < used; b++)
        for (size_t i = blocks[b].first; i < (b + 1 < used ? blocks[b + 1].first : count); i++)
            layout->points[order[i]].y = blocks[b].sum / blocks[b].weight + above[i];
}

/* The next rank needs where the one before it came to lie, so neighbours are gathered per rank. */
static void sweep(struct lineage_layout *layout, bool from_left, enum look look,
                  struct block *blocks, double *above)
{
    size_t ranks = (size_t)layout->rank_count;
    for (size_t i = 0; i < ranks; i++) {
        gather(layout, look);
        place_rank(layout, from_left ? i : ranks - 1 - i, blocks, above);
    }
}

static void move_to_top(struct lineage_layout *layout)
{
    double top = 0, bottom = 0;
    for (size_t i = 0; i < layout->point_count; i++) {
        const struct lineage_point *point = &layout->points[i];
        double upper = point->y - point->height / 2, lower = point->y + point->height / 2;
        if (i == 0 || upper < top) top = upper;
        if (i == 0 || lower > bottom) bottom = lower;
    }
    for (size_t i = 0; i < layout->point_count; i++)
        layout->points[i].y -= top;
    layout->height = bottom - top;
}

/* As dense as the order allows. */
static void stack(struct lineage_layout *layout)
{
    for (int64_t rank = 0; rank < layout->rank_count; rank++) {
        double y = 0;
        for (size_t i = layout->starts[rank]; i < layout->starts[rank + 1]; i++) {
            struct lineage_point *point = &layout->points[layout->order[i]];
            point->y = y + point->height / 2;
            y += point->height;
        }
    }
}

static enum status position(struct lineage_layout *layout, struct err *err)
{
    OWNED(memory_release) struct block *blocks = NULL;
    OWNED(memory_release) double *above = NULL;
    TRY(NEW(&blocks, layout->point_count, err));
    TRY(NEW(&above, layout->point_count, err));
    stack(layout);
    for (int i = 0; i < SWEEPS; i++) {
        bool from_left = i % 2 == 0;
        enum look look = i >= SWEEPS / 2 ? LOOK_BOTH : from_left ? LOOK_LEFT : LOOK_RIGHT;
        sweep(layout, from_left, look, blocks, above);
    }
    move_to_top(layout);
    return STATUS_OK;
}

enum status lineage_layout_make(struct lineage_layout *ret, const struct lineage_graph *graph,
                                const double *heights, double line_height, struct err *err)
{
    TRY(NEW(&ret->chain_first, graph->edge_count, err));
    TRY(NEW(&ret->chain_count, graph->edge_count, err));
    ret->node_count = graph->node_count;
    for (size_t i = 0; i < graph->node_count; i++)
        TRY(add_point(ret, 0, heights[i], err));
    TRY(find_ranks(ret, graph, err));
    TRY(make_chains(ret, graph, line_height, err));
    TRY(fill_ranks(ret, err));
    TRY(lineage_order(ret, err));
    return position(ret, err);
}

void lineage_layout_release(struct lineage_layout *layout)
{
    memory_free(layout->points);
    memory_free(layout->chain_first);
    memory_free(layout->chain_count);
    memory_free(layout->order);
    memory_free(layout->starts);
    memory_free(layout->links);
    *layout = (struct lineage_layout){0};
}
