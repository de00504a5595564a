/* features/lineage_columns.c: the columns of a graph's nodes, and which depends on which. */
#include "features/lineage_graph.h"

#include "lineage/sql.h"

/* ---- columns of nodes ---- */

/* Names by kind. What a run writes is in the order of the version it wrote, where it wrote one; of
 * sources only what runs say they read is known. */
static const struct {
    const char *kind, *sql;
} lists[] = {
    {"version", "SELECT k.name FROM versions AS v JOIN version_columns AS k "
                "ON k.dataset = v.dataset AND k.number = v.number "
                "WHERE v.node = ?1 ORDER BY k.position"},
    {"stream", "SELECT c.output_column FROM column_edges AS c LEFT JOIN "
               "(SELECT k.name AS name, min(k.position) AS position FROM versions AS v "
               "JOIN version_columns AS k ON k.dataset = v.dataset AND k.number = v.number "
               "WHERE v.run_id = substr(?1, 8) GROUP BY k.name) AS o ON o.name = c.output_column "
               "WHERE c.run_id = substr(?1, 8) AND c.output_column <> '*' "
               "GROUP BY c.output_column "
               "ORDER BY o.position IS NULL, o.position, c.output_column GLOB '[_]*', 1"},
    {"", "SELECT DISTINCT c.input_column FROM edges AS e "
         "JOIN column_edges AS c ON c.run_id = substr(e.output, 8) AND c.input IN ('', e.input) "
         "WHERE e.input = ?1 AND e.output GLOB 'stream:*' ORDER BY 1"},
};

static const char *list_of(const char *kind)
{
    size_t i = 0;
    while (*lists[i].kind != '\0' && strcmp(lists[i].kind, kind) != 0)
        i++;
    return lists[i].sql;
}

static enum status add_column(struct lineage_graph *graph, struct lineage_node *node,
                              const char *name, struct err *err)
{
    if (node->column_count == COLUMNS_SHOWN) {
        node->columns_more++;
        return STATUS_OK;
    }
    char *kept = arena_text(graph->arena, name, strlen(name));
    if (kept == NULL) return fail_memory(err, strlen(name));
    node->columns[node->column_count++] = kept;
    return STATUS_OK;
}

static enum status read_list(struct lineage_graph *graph, struct lineage_node *node,
                             const char *sql, struct err *err)
{
    OWNED(sql_close) sqlite3_stmt *statement = NULL;
    TRY(sql_open(graph->store, &statement, err, sql, "t", node->name));
    for (bool row = true; row;) {
        TRY(sql_next(graph->store, statement, &row, err));
        if (row) TRY(add_column(graph, node, sql_text(statement, 0), err));
    }
    return STATUS_OK;
}

/* A run that was recorded elsewhere has what others read of it. */
static enum status read_columns(struct lineage_graph *graph, struct lineage_node *node,
                                struct err *err)
{
    node->columns = arena_get(graph->arena, COLUMNS_SHOWN, sizeof *node->columns);
    if (node->columns == NULL) return fail_memory(err, COLUMNS_SHOWN * sizeof *node->columns);
    TRY(read_list(graph, node, list_of(node->kind), err));
    return node->column_count > 0 ? STATUS_OK : read_list(graph, node, list_of(""), err);
}

static int32_t place_of(const struct lineage_node *node, const char *name)
{
    for (size_t i = 0; i < node->column_count; i++)
        if (strcmp(node->columns[i], name) == 0) return (int32_t)i;
    return node->columns_more > 0 ? COLUMN_MORE : COLUMN_ALL;
}

/* ---- their edges ---- */

static bool same(const struct lineage_column_edge *a, const struct lineage_column_edge *b)
{
    return a->edge == b->edge && a->input == b->input && a->output == b->output &&
           a->direct == b->direct && strcmp(a->subtype, b->subtype) == 0;
}

/* Columns that are not shown share a place, so an edge may come again: only of those it is looked
 * for. */
static enum status add(struct lineage_graph *graph, const struct lineage_column_edge *edge,
                       struct err *err)
{
    bool shared = edge->input == COLUMN_MORE || edge->output == COLUMN_MORE ||
                  edge->input == COLUMN_ALL || edge->output == COLUMN_ALL;
    for (size_t i = graph->column_edge_count; shared && i > 0; i--) {
        const struct lineage_column_edge *known = &graph->column_edges[i - 1];
        if (known->edge != edge->edge) break;
        if (same(known, edge)) return STATUS_OK;
    }
    if (graph->column_edge_count == graph->column_edge_room) {
        size_t room = graph->column_edge_room * 2 + 64;
        void *edges = memory_resize(graph->column_edges, room, sizeof *graph->column_edges);
        if (edges == NULL) return fail_memory(err, room * sizeof *graph->column_edges);
        graph->column_edges = edges;
        graph->column_edge_room = room;
    }
    graph->column_edges[graph->column_edge_count++] = *edge;
    return STATUS_OK;
}

/* A column that decides about every column of the run by one subtype is told once. */
static const char run_edges[] =
    "WITH c AS (SELECT * FROM column_edges WHERE run_id = substr(?2, 8) AND input IN ('', ?1)), "
    "n(n) AS (SELECT count(DISTINCT output_column) FROM column_edges "
    "         WHERE run_id = substr(?2, 8) AND output_column <> '*'), "
    "everywhere AS (SELECT input_column, subtype FROM c, n WHERE kind = 'INDIRECT' "
    "               GROUP BY 1, 2 HAVING count(DISTINCT output_column) = n.n AND n.n > 1) "
    "SELECT output_column, input_column, kind, subtype, masked FROM c "
    "WHERE kind = 'DIRECT' OR (input_column, subtype) NOT IN everywhere "
    "UNION ALL SELECT '*', input_column, 'INDIRECT', subtype, 0 FROM everywhere "
    "ORDER BY 3, 2, 1, 4";

static enum status read_run_edges(struct lineage_graph *graph, size_t at, struct err *err)
{
    const struct lineage_edge *edge = &graph->edges[at];
    const struct lineage_node *input = &graph->nodes[edge->input];
    const struct lineage_node *output = &graph->nodes[edge->output];
    OWNED(sql_close) sqlite3_stmt *statement = NULL;
    TRY(sql_open(graph->store, &statement, err, run_edges, "tt", input->name, output->name));
    for (bool row = true; row;) {
        TRY(sql_next(graph->store, statement, &row, err));
        if (!row) break;
        const char *to = sql_text(statement, 0), *subtype = sql_text(statement, 3);
        struct lineage_column_edge found = {
            .edge = at,
            .input = place_of(input, sql_text(statement, 1)),
            .output = strcmp(to, "*") == 0 ? COLUMN_ALL : place_of(output, to),
            .direct = strcmp(sql_text(statement, 2), "DIRECT") == 0,
            .masked = sqlite3_column_int(statement, 4) != 0,
            .subtype = arena_text(graph->arena, subtype, strlen(subtype)),
        };
        if (found.subtype == NULL) return fail_memory(err, strlen(subtype));
        TRY(add(graph, &found, err));
    }
    return STATUS_OK;
}

/* What a run wrote is in the version as it is. */
static enum status same_columns(struct lineage_graph *graph, size_t at, struct err *err)
{
    const struct lineage_node *input = &graph->nodes[graph->edges[at].input];
    const struct lineage_node *output = &graph->nodes[graph->edges[at].output];
    for (size_t i = 0; i < input->column_count; i++) {
        struct lineage_column_edge edge = {.edge = at,
                                           .input = (int32_t)i,
                                           .output = place_of(output, input->columns[i]),
                                           .direct = true,
                                           .subtype = "IDENTITY"};
        if (edge.output != COLUMN_ALL) TRY(add(graph, &edge, err));
    }
    return STATUS_OK;
}

enum status lineage_columns_read(struct lineage_graph *graph, struct err *err)
{
    for (size_t i = 0; i < graph->node_count; i++)
        TRY(read_columns(graph, &graph->nodes[i], err));
    for (size_t i = 0; i < graph->edge_count; i++) {
        const struct lineage_node *output = &graph->nodes[graph->edges[i].output];
        TRY(strcmp(output->kind, "stream") == 0 ? read_run_edges(graph, i, err)
                                                : same_columns(graph, i, err));
    }
    return STATUS_OK;
}
