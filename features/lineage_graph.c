/* features/lineage_graph.c: the part of the catalog's graph around one node, in memory. */
#include "features/lineage_graph.h"

#include "lineage/sql.h"

#include <xxhash.h>

#define NODES_MOST 2000

/* ---- nodes by name ---- */

static size_t slot_of(const struct lineage_graph *graph, const char *name)
{
    size_t at = (size_t)XXH3_64bits(name, strlen(name)) & (graph->slot_count - 1);
    while (graph->slots[at] != 0 && strcmp(graph->nodes[graph->slots[at] - 1].name, name) != 0)
        at = (at + 1) & (graph->slot_count - 1);
    return at;
}

static enum status keep_text(struct lineage_graph *graph, const char *text, const char **ret,
                             struct err *err)
{
    *ret = arena_text(graph->arena, text, strlen(text));
    return *ret == NULL ? fail_memory(err, strlen(text)) : STATUS_OK;
}

static enum status grow_nodes(struct lineage_graph *graph, struct err *err)
{
    if (graph->node_count < graph->node_room) return STATUS_OK;
    if (graph->node_count == NODES_MOST) {
        fail(err, STATUS_USAGE, "more than %d nodes are connected with this one", NODES_MOST);
        err_hint(err, "give --depth N, --up or --down; for a list use upstream.sql");
        return STATUS_USAGE;
    }
    size_t room = graph->node_room == 0 ? 64 : graph->node_room * 2;
    if (room > NODES_MOST) room = NODES_MOST;
    void *nodes = memory_resize(graph->nodes, room, sizeof *graph->nodes);
    if (nodes == NULL) return fail_memory(err, room * sizeof *graph->nodes);
    graph->nodes = nodes;
    graph->node_room = room;
    return STATUS_OK;
}

static enum status add_node(struct lineage_graph *graph, const char *name, int64_t distance,
                            struct err *err)
{
    size_t slot = slot_of(graph, name);
    if (graph->slots[slot] != 0) return STATUS_OK;
    TRY(grow_nodes(graph, err));
    struct lineage_node *node = &graph->nodes[graph->node_count];
    *node = (struct lineage_node){.distance = distance, .detail = "", .status = ""};
    TRY(keep_text(graph, name, &node->name, err));
    graph->node_count++;
    graph->slots[slot] = (uint32_t)graph->node_count;
    return STATUS_OK;
}

/* ---- the walk ---- */

static enum status add_neighbours(struct lineage_graph *graph, struct store *store, size_t at,
                                  bool up, struct err *err)
{
    OWNED(sql_close) sqlite3_stmt *statement = NULL;
    int64_t distance = graph->nodes[at].distance + 1;
    TRY(sql_open(store, &statement, err,
                 up ? "SELECT DISTINCT input FROM edges WHERE output = ? ORDER BY input"
                    : "SELECT DISTINCT output FROM edges WHERE input = ? ORDER BY output",
                 "t", graph->nodes[at].name));
    for (bool row = true; row;) {
        TRY(sql_next(store, statement, &row, err));
        if (row) TRY(add_node(graph, sql_text(statement, 0), distance, err));
    }
    return STATUS_OK;
}

/* Breadth first, one direction: the node itself, then everything added from `first` on. */
static enum status walk_one_way(struct lineage_graph *graph, struct store *store, bool up,
                                int64_t depth, struct err *err)
{
    size_t first = graph->node_count;
    TRY(add_neighbours(graph, store, 0, up, err));
    for (size_t at = first; at < graph->node_count; at++) {
        if (depth != 0 && graph->nodes[at].distance >= depth) continue;
        TRY(add_neighbours(graph, store, at, up, err));
    }
    return STATUS_OK;
}

static enum status add_edge(struct lineage_graph *graph, size_t input, size_t output,
                            struct err *err)
{
    if (graph->edge_count == graph->edge_room) {
        size_t room = graph->edge_room == 0 ? 64 : graph->edge_room * 2;
        void *edges = memory_resize(graph->edges, room, sizeof *graph->edges);
        if (edges == NULL) return fail_memory(err, room * sizeof *graph->edges);
        graph->edges = edges;
        graph->edge_room = room;
    }
    graph->edges[graph->edge_count++] = (struct lineage_edge){input, output};
    return STATUS_OK;
}

static enum status read_edges_of(struct lineage_graph *graph, struct store *store, size_t at,
                                 struct err *err)
{
    OWNED(sql_close) sqlite3_stmt *statement = NULL;
    TRY(sql_open(store, &statement, err,
                 "SELECT DISTINCT output FROM edges WHERE input = ? ORDER BY output", "t",
                 graph->nodes[at].name));
    for (bool row = true; row;) {
        TRY(sql_next(store, statement, &row, err));
        if (!row) break;
        uint32_t output = graph->slots[slot_of(graph, sql_text(statement, 0))];
        if (output != 0) TRY(add_edge(graph, at, output - 1, err));
    }
    return STATUS_OK;
}

/* ---- what is known about a node ---- */

static enum lineage_state state_of(const char *status)
{
    static const struct {
        const char *status;
        enum lineage_state state;
    } states[] = {{"failed", LINEAGE_FAILED},
                  {"aborted", LINEAGE_FAILED},
                  {"lost", LINEAGE_LOST},
                  {"unknown", LINEAGE_LOST},
                  {"running", LINEAGE_RUNNING}};
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        if (strcmp(status, states[i].status) == 0) return states[i].state;
    return LINEAGE_FINE;
}

/* Title, detail and status by kind, then what else is known, under the names of these columns; no
 * row leaves the bare name. */
static const struct {
    const char *kind, *sql;
} facts[] = {
    {"stream",
     "SELECT iif(stage = '', 'run ' || run_id, stage), "
     "trim(CASE WHEN stage GLOB 'job *' THEN coalesce((SELECT group_concat(name || '=' || "
     "format('%.4g', value), ', ') FROM run_metrics WHERE run_id = ?1 AND unit = ''), '') "
     "WHEN status = 'done' THEN format('%,lld rows', rows_out) ELSE '' END || "
     "coalesce(' ' || replace(substr(started_at, 1, 16), 'T', ' '), '')), "
     "iif(status = 'done' AND verdict = 'failed', 'failed', status), "
     "run_id AS run, status AS \"run status\", exit_code AS \"exit code\", verdict, error, "
     "started_at AS started, ended_at AS ended, "
     "round((julianday(ended_at) - julianday(started_at)) * 86400, 1) AS seconds, "
     "rows_in AS \"rows in\", nullif(rows_created, 0) AS \"rows created\", "
     "rows_out AS \"rows out\", nullif(rows_rejected, 0) AS \"rows rejected\", "
     "nullif(rows_dropped, 0) AS \"rows dropped\", nullif(rows_merged, 0) AS \"rows merged\", "
     "config_digest AS \"recipe digest\", argv AS command, tool_version AS version, "
     "user || '@' || host AS \"by\" "
     "FROM runs WHERE run_id = ?1"},
    {"version",
     "SELECT ?1, format('%,lld rows ', rows) || "
     "replace(substr(created_at, 1, 16), 'T', ' '), verdict, "
     "dataset, number, rows, created_at AS created, verdict AS checks, digest, run_id AS \"written "
     "by run\", (SELECT group_concat(tag, ', ') FROM tags AS t WHERE t.dataset = v.dataset AND "
     "t.number = v.number) AS tags, (SELECT count(*) FROM version_columns AS k WHERE k.dataset = "
     "v.dataset AND k.number = v.number) AS columns "
     "FROM versions AS v WHERE node = 'version:' || ?1"},
    {"source",
     "SELECT ?1, iif(records IS NULL, '', format('%,lld records, ', records)) || kind, '', "
     "name, kind, records, bytes, digest, modified_at AS modified, run_id AS \"read last by run\" "
     "FROM sources WHERE name = ?1 ORDER BY run_id DESC LIMIT 1"},
    {"model", NULL},
    {"external", NULL},
};

/* The columns of the row behind the third; nulls are nothing to tell. */
static enum status keep_facts(struct lineage_graph *graph, sqlite3_stmt *statement,
                              struct lineage_node *node, struct err *err)
{
    int count = sqlite3_column_count(statement);
    node->facts = arena_get(graph->arena, (size_t)count, sizeof *node->facts);
    if (node->facts == NULL) return fail_memory(err, (size_t)count * sizeof *node->facts);
    for (int i = 3; i < count; i++) {
        struct lineage_fact *fact = &node->facts[node->fact_count];
        if (sqlite3_column_type(statement, i) == SQLITE_NULL) continue;
        TRY(keep_text(graph, sqlite3_column_name(statement, i), &fact->name, err));
        TRY(keep_text(graph, sql_text(statement, i), &fact->value, err));
        node->fact_count++;
    }
    return STATUS_OK;
}

static enum status describe(struct lineage_graph *graph, struct store *store,
                            struct lineage_node *node, struct err *err)
{
    OWNED(sql_close) sqlite3_stmt *statement = NULL;
    const char *colon = strchr(node->name, ':');
    bool row = false;
    node->kind = "external";
    node->title = colon == NULL ? node->name : colon + 1;
    for (size_t i = 0; colon != NULL && i < sizeof facts / sizeof *facts; i++) {
        if (!str_is((struct str){node->name, (size_t)(colon - node->name)}, facts[i].kind))
            continue;
        node->kind = facts[i].kind;
        if (facts[i].sql == NULL) return STATUS_OK;
        TRY(sql_open(store, &statement, err, facts[i].sql, "t", colon + 1));
        TRY(sql_next(store, statement, &row, err));
        if (!row) return STATUS_OK;
        TRY(keep_text(graph, sql_text(statement, 0), &node->title, err));
        TRY(keep_text(graph, sql_text(statement, 1), &node->detail, err));
        TRY(keep_text(graph, sql_text(statement, 2), &node->status, err));
        node->state = state_of(node->status);
        return keep_facts(graph, statement, node, err);
    }
    return STATUS_OK;
}

enum status lineage_graph_read(struct lineage_graph *ret, struct store *store, const char *node,
                               const struct lineage_walk *walk, struct arena *arena,
                               struct err *err)
{
    ret->arena = arena;
    ret->store = store;
    ret->slot_count = 4096; /* a power of two, twice NODES_MOST */
    TRY(NEW(&ret->slots, ret->slot_count, err));
    TRY(add_node(ret, node, 0, err));
    if (walk->up) TRY(walk_one_way(ret, store, true, walk->depth, err));
    if (walk->down) TRY(walk_one_way(ret, store, false, walk->depth, err));
    for (size_t i = 0; i < ret->node_count; i++) {
        TRY(describe(ret, store, &ret->nodes[i], err));
        TRY(read_edges_of(ret, store, i, err));
    }
    return STATUS_OK;
}

void lineage_graph_release(struct lineage_graph *graph)
{
    memory_free(graph->nodes);
    memory_free(graph->edges);
    memory_free(graph->column_edges);
    memory_free(graph->slots);
    *graph = (struct lineage_graph){0};
}
