/* Where the nodes of a lineage picture are: nothing overlaps, lines go from left to right, few
 * cross. */
#include "features/lineage_layout.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define LINE 14.0

static uint64_t seed;

static size_t below(size_t limit)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (size_t)(seed >> 33) % limit;
}

/* A layered graph: each node has inputs among the ones before it; every fifth edge goes far back.
 */
static struct lineage_graph make_graph(size_t nodes, size_t inputs)
{
    struct lineage_graph graph = {.node_count = nodes, .edge_room = nodes * (inputs + 1)};
    graph.nodes = memory_get(nodes, sizeof *graph.nodes);
    graph.edges = memory_get(graph.edge_room, sizeof *graph.edges);
    assert_non_null(graph.nodes);
    assert_non_null(graph.edges);
    for (size_t i = 1; i < nodes; i++)
        for (size_t k = 0; k <= below(inputs + 1); k++) {
            size_t reach = below(5) == 0 ? i : (i < 12 ? i : 12);
            graph.edges[graph.edge_count++] = (struct lineage_edge){i - 1 - below(reach), i};
        }
    return graph;
}

static double *make_heights(size_t count)
{
    double *heights = memory_get(count, sizeof *heights);
    assert_non_null(heights);
    for (size_t i = 0; i < count; i++)
        heights[i] = 64.0 + 16.0 * (double)below(20);
    return heights;
}

static void lay_out(struct lineage_layout *ret, const struct lineage_graph *graph,
                    const double *heights)
{
    struct err err = {0};
    *ret = (struct lineage_layout){0};
    assert_int_equal(lineage_layout_make(ret, graph, heights, LINE, &err), STATUS_OK);
}

static void check_no_overlap(const struct lineage_layout *layout)
{
    for (int64_t rank = 0; rank < layout->rank_count; rank++)
        for (size_t i = layout->starts[rank]; i < layout->starts[rank + 1]; i++) {
            const struct lineage_point *point = &layout->points[layout->order[i]];
            assert_int_equal(point->rank, rank);
            assert_int_equal(point->place, i - layout->starts[rank]);
            assert_true(point->y - point->height / 2 > -1e-6);
            assert_true(point->y + point->height / 2 < layout->height + 1e-6);
            if (point->place == 0) continue;
            const struct lineage_point *above = &layout->points[layout->order[i - 1]];
            assert_true(point->y - above->y > (point->height + above->height) / 2 - 1e-6);
        }
}

/* An edge goes one rank further with each of its points, so that it passes no box. */
static void check_ranks(const struct lineage_layout *layout, const struct lineage_graph *graph)
{
    for (size_t e = 0; e < graph->edge_count; e++) {
        int64_t rank = layout->points[graph->edges[e].input].rank;
        for (size_t i = 0; i < layout->chain_count[e]; i++)
            assert_int_equal(layout->points[layout->chain_first[e] + i].rank, ++rank);
        assert_int_equal(layout->points[graph->edges[e].output].rank, rank + 1);
    }
}

static void random_graphs(void **state)
{
    static const size_t sizes[] = {1, 2, 5, 40, 200, 600};
    (void)state;
    seed = 8;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct lineage_graph graph = make_graph(sizes[i], i % 3);
        double *heights = make_heights(sizes[i]);
        struct lineage_layout first, second;
        lay_out(&first, &graph, heights);
        lay_out(&second, &graph, heights);
        check_no_overlap(&first);
        check_ranks(&first, &graph);
        assert_int_equal(first.point_count, second.point_count);
        for (size_t p = 0; p < first.point_count; p++) {
            assert_int_equal(first.points[p].place, second.points[p].place);
            assert_true(first.points[p].y == second.points[p].y);
        }
        lineage_layout_release(&first);
        lineage_layout_release(&second);
        lineage_graph_release(&graph);
        memory_free(heights);
    }
}

/* Forty chains of five nodes that end in one, met in an order that crosses everything. */
static void chains_do_not_cross(void **state)
{
    enum { CHAINS = 40, LONG = 5, NODES = CHAINS * LONG + 1 };
    struct lineage_graph graph = {.node_count = NODES};
    double heights[NODES];
    struct lineage_layout layout;
    struct err err = {0};
    int64_t crossings = -1;
    (void)state;
    graph.nodes = memory_get(NODES, sizeof *graph.nodes);
    graph.edges = memory_get(NODES, sizeof *graph.edges);
    for (size_t i = 0; i < NODES; i++)
        heights[i] = 64;
    for (size_t step = 0; step < LONG; step++)
        for (size_t i = 0; i < CHAINS; i++) {
            size_t from = 1 + step * CHAINS + (i * 7 + step * 11) % CHAINS;
            size_t to = 1 + (step + 1) * CHAINS + (i * 7 + (step + 1) * 11) % CHAINS;
            graph.edges[graph.edge_count++] =
                (struct lineage_edge){from, step + 1 == LONG ? 0 : to};
        }
    lay_out(&layout, &graph, heights);
    check_no_overlap(&layout);
    assert_int_equal(lineage_crossings(&layout, &crossings, &err), STATUS_OK);
    assert_int_equal(crossings, 0);
    assert_int_equal(layout.rank_count, LONG + 1);
    lineage_layout_release(&layout);
    lineage_graph_release(&graph);
}

/* K(2,2) has one crossing whatever the order; three links, of which two cross. */
static void crossings_are_counted(void **state)
{
    struct lineage_node nodes[4] = {0};
    struct lineage_edge edges[] = {{0, 2}, {0, 3}, {1, 2}, {1, 3}};
    struct lineage_graph graph = {.nodes = nodes, .node_count = 4, .edges = edges, .edge_count = 4};
    double heights[] = {10, 10, 10, 10};
    struct lineage_layout layout;
    struct err err = {0};
    int64_t crossings;
    (void)state;
    lay_out(&layout, &graph, heights);
    assert_int_equal(lineage_crossings(&layout, &crossings, &err), STATUS_OK);
    assert_int_equal(crossings, 1);
    lineage_layout_release(&layout);
}

/* A model that is trained further: the circle is cut, and one edge points back. */
static void circles_are_cut(void **state)
{
    struct lineage_node nodes[4] = {0};
    struct lineage_edge edges[] = {{0, 1}, {1, 2}, {2, 1}, {2, 3}, {3, 3}};
    struct lineage_graph graph = {.nodes = nodes, .node_count = 4, .edges = edges, .edge_count = 5};
    double heights[] = {10, 10, 10, 10};
    struct lineage_layout layout;
    (void)state;
    lay_out(&layout, &graph, heights);
    check_no_overlap(&layout);
    assert_true(layout.points[0].rank < layout.points[1].rank);
    assert_true(layout.points[1].rank < layout.points[2].rank);
    assert_true(layout.points[2].rank < layout.points[3].rank);
    lineage_layout_release(&layout);
}

/* An edge past many ranks is straight where it can be. */
static void long_edges_are_straight(void **state)
{
    struct lineage_node nodes[8] = {0};
    struct lineage_edge edges[] = {{0, 1}, {1, 2}, {2, 3}, {3, 4}, {4, 5}, {5, 6}, {6, 7}, {0, 7}};
    struct lineage_graph graph = {.nodes = nodes, .node_count = 8, .edges = edges, .edge_count = 8};
    double heights[] = {64, 64, 64, 64, 64, 64, 64, 64};
    struct lineage_layout layout;
    (void)state;
    lay_out(&layout, &graph, heights);
    assert_int_equal(layout.chain_count[7], 6);
    for (size_t i = 1; i < 6; i++)
        assert_true(fabs(layout.points[layout.chain_first[7] + i].y -
                         layout.points[layout.chain_first[7]].y) < 3);
    lineage_layout_release(&layout);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_graphs),           cmocka_unit_test(chains_do_not_cross),
        cmocka_unit_test(crossings_are_counted),   cmocka_unit_test(circles_are_cut),
        cmocka_unit_test(long_edges_are_straight),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
