/* features/report_lineage.c: where a version came from, drawn, and how to make it again. */
#include "features/report.h"

#include "base/shell.h"
#include "base/yaml.h"
#include "features/lineage_picture.h"
#include "features/reference.h"
#include "lineage/sql.h"

#include <stdio.h>

#define UPSTREAM_HOPS 24
#define DRAWING_MOST  ((size_t)192 << 10)
#define COMMAND_MOST  ((size_t)1 << 20)

static enum status read_graph(struct report *report, const struct lineage_walk *walk,
                              struct lineage_graph *ret, struct err *err)
{
    char node[VERSION_NODE];
    const char *name =
        arena_format(report->arena, "%s", version_node(report_version(report), node));
    if (name == NULL) return fail_memory(err, sizeof node);
    return lineage_graph_read(ret, report->store, name, walk, report->arena, err);
}

/* A graph of more nodes than one can draw is read with fewer hops. */
static enum status read_some(struct report *report, bool down, int64_t depth,
                             struct lineage_graph *ret, struct err *err)
{
    for (;; depth /= 2) {
        struct lineage_walk walk = {.up = true, .down = down, .depth = depth};
        enum status status = read_graph(report, &walk, ret, err);
        if (status != STATUS_USAGE || depth <= 1) return status;
        lineage_graph_release(ret);
        *ret = (struct lineage_graph){0};
    }
}

/* Nodes come by distance: the first run with modules is the nearest. */
static enum status find_cleaning(struct report *report, struct err *err)
{
    for (size_t i = 0; i < report->upstream.node_count; i++) {
        const struct lineage_node *node = &report->upstream.nodes[i];
        const char *run = node->name + strlen("stream:");
        int64_t modules = 0;
        if (strcmp(node->kind, "stream") != 0) continue;
        TRY(sql_number(report->store, &modules, 0, err,
                       "SELECT count(*) FROM module_effects WHERE run_id = ?", "t", run));
        if (modules == 0) continue;
        report->cleaned_by = run;
        return STATUS_OK;
    }
    return STATUS_OK;
}

enum status report_upstream(struct report *report, struct err *err)
{
    TRY(read_some(report, false, UPSTREAM_HOPS, &report->upstream, err));
    return find_cleaning(report, err);
}

/* ---- the picture ---- */

static enum status node_table(struct report *report, const struct lineage_graph *graph,
                              struct err *err)
{
    static const struct document_column nodes[] = {{"node", "Node", false},
                                                   {"kind", "Kind", false},
                                                   {"detail", "Detail", false},
                                                   {"status", "Status", false},
                                                   {"distance", "Hops away", false}};
    static const struct document_column edges[] = {{"input", "From", false},
                                                   {"output", "to", false}};
    TRY(document_table(report->document, "nodes", "Nodes of the picture", nodes, 5, err));
    for (size_t i = 0; i < graph->node_count; i++) {
        const struct lineage_node *node = &graph->nodes[i];
        struct cell row[] = {cell_text(node->name), cell_text(node->kind),
                             cell_text(node->detail == NULL ? "" : node->detail),
                             cell_text(node->status == NULL ? "" : node->status),
                             cell_count(node->distance)};
        TRY(document_row(report->document, row, err));
    }
    TRY(document_table(report->document, "edges", "Hops of the picture", edges, 2, err));
    for (size_t i = 0; i < graph->edge_count; i++) {
        struct cell row[] = {cell_text(graph->nodes[graph->edges[i].input].name),
                             cell_text(graph->nodes[graph->edges[i].output].name)};
        TRY(document_row(report->document, row, err));
    }
    return STATUS_OK;
}

/* Fewer hops where the picture would make the page heavy. */
static enum status draw(struct report *report, struct lineage_graph *graph, struct bytes *svg,
                        struct err *err)
{
    for (int64_t depth = 6;; depth /= 2) {
        TRY(read_some(report, true, depth, graph, err));
        svg->size = 0;
        TRY(lineage_svg(graph, svg, err));
        if (svg->size <= DRAWING_MOST || depth <= 1) return STATUS_OK;
        lineage_graph_release(graph);
        *graph = (struct lineage_graph){0};
    }
}

enum status report_lineage(struct report *report, struct err *err)
{
    OWNED(lineage_graph_release) struct lineage_graph graph = {0};
    OWNED(bytes_release) struct bytes svg = bytes_limited((size_t)64 << 20);
    TRY(document_section(report->document, "lineage", "Lineage", err));
    TRY(draw(report, &graph, &svg, err));
    if (svg.size <= DRAWING_MOST)
        TRY(document_drawing(report->document, "What it was made from, and what from it", &svg,
                             err));
    else
        TRY(document_paragraph(
            report->document, "none",
            "Too many neighbors for a picture: tamis-features lineage draws them.", err));
    char title[120];
    snprintf(title, sizeof title, "%zu nodes, %zu hops as tables", graph.node_count,
             graph.edge_count);
    TRY(document_item(report->document, str_of("The same in words"), str_of(title), true, err));
    return node_table(report, &graph, err);
}

/* ---- making it again ---- */

static enum status command_of(const char *argv, struct bytes *ret, struct err *err)
{
    OWNED(yaml_close) struct yaml *yaml = NULL;
    ret->size = 0;
    if (*argv == '\0') return STATUS_OK;
    TRY(yaml_parse_within(&yaml, NULL, str_of(argv), (size_t)16 << 20, 100000, err));
    const struct yaml_node *list = yaml_root(yaml);
    for (size_t i = 0; list != NULL && i < list->count; i++) {
        struct str argument = list->items[i]->text;
        const char *slash = i > 0 ? NULL : memrchr(argument.data, '/', argument.size);
        if (slash != NULL) /* a program is known by its name */
            argument = (struct str){slash + 1, argument.size - (size_t)(slash + 1 - argument.data)};
        if (i > 0) TRY(bytes_append_text(ret, " ", err));
        TRY(bytes_append_shell(ret, argument, err));
    }
    return STATUS_OK;
}

static enum status run_row(struct report *report, const char *run, struct err *err)
{
    OWNED(sql_close) sqlite3_stmt *rows = NULL;
    OWNED(bytes_release) struct bytes command = bytes_limited(COMMAND_MOST);
    bool row = false;
    TRY(sql_open(report->store, &rows, err,
                 "SELECT run_id, stage, argv, config_digest, tool_version, seed FROM runs "
                 "WHERE run_id = ?",
                 "t", run));
    TRY(sql_next(report->store, rows, &row, err));
    if (!row) return STATUS_OK;
    TRY(command_of(sql_text(rows, 2), &command, err));
    const char *digest = sql_text(rows, 3);
    struct cell cells[] = {
        cell_code(str_of(sql_text(rows, 0))), cell_text(sql_text(rows, 1)),
        cell_code(
            (struct str){command.size == 0 ? NULL : (const char *)command.data, command.size}),
        cell_code((struct str){*digest == '\0' ? NULL : digest, strlen(digest)}),
        cell_text(sql_text(rows, 4))};
    return document_row(report->document, cells, err);
}

static enum status source_rows(struct report *report, struct err *err)
{
    static const struct document_column columns[] = {{"source", "Source", false},
                                                     {"kind", "Kind", false},
                                                     {"records", "Records", false},
                                                     {"bytes", "Bytes", false},
                                                     {"digest", "Digest (BLAKE2b-256)", false}};
    TRY(document_table(report->document, "sources", "Sources", columns, 5, err));
    for (size_t i = 0; i < report->upstream.node_count; i++) {
        const struct lineage_node *node = &report->upstream.nodes[i];
        OWNED(sql_close) sqlite3_stmt *rows = NULL;
        bool row = false;
        if (strcmp(node->kind, "source") != 0) continue;
        TRY(sql_open(report->store, &rows, err,
                     "SELECT name, kind, records, bytes, digest FROM sources WHERE name = ? "
                     "ORDER BY run_id DESC LIMIT 1",
                     "t", node->name + strlen("source:")));
        TRY(sql_next(report->store, rows, &row, err));
        if (!row) continue;
        const char *digest = sql_text(rows, 4);
        struct cell cells[] = {
            cell_code(str_of(sql_text(rows, 0))), cell_text(sql_text(rows, 1)),
            cell_count(sqlite3_column_int64(rows, 2)), cell_count(sqlite3_column_int64(rows, 3)),
            cell_code((struct str){*digest == '\0' ? NULL : digest, strlen(digest)})};
        TRY(document_row(report->document, cells, err));
    }
    return STATUS_OK;
}

static enum status recipe_of(struct report *report, struct err *err)
{
    OWNED(sql_close) sqlite3_stmt *rows = NULL;
    bool row = false;
    if (report->cleaned_by == NULL) return STATUS_OK;
    TRY(sql_open(report->store, &rows, err, "SELECT config FROM runs WHERE run_id = ?", "t",
                 report->cleaned_by));
    TRY(sql_next(report->store, rows, &row, err));
    const char *config = row ? sql_text(rows, 0) : "";
    if (*config == '\0') return STATUS_OK;
    return document_fact(report->document, "recipe", "Recipe of the cleaning run",
                         cell_code(str_of(config)), err);
}

enum status report_reproduce(struct report *report, struct err *err)
{
    static const struct document_column columns[] = {
        {"run", "Run", false},
        {"stage", "Stage", false},
        {"command", "Command", false},
        {"recipe", "Digest of its configuration", false},
        {"tool", "Version of tamis", false}};
    char command[400];
    TRY(document_section(report->document, "reproduce", "How to make it again", err));
    snprintf(command, sizeof command, "tamis-features rebuild %s@%lld",
             report_version(report)->dataset, (long long)report_version(report)->number);
    TRY(document_fact(report->document, "command", "In one command", cell_code(str_of(command)),
                      err));
    TRY(recipe_of(report, err));
    TRY(document_table(report->document, "runs", "Its runs, the first one first", columns, 5, err));
    for (size_t i = report->upstream.node_count; i-- > 0;)
        if (strcmp(report->upstream.nodes[i].kind, "stream") == 0)
            TRY(run_row(report, report->upstream.nodes[i].name + strlen("stream:"), err));
    return source_rows(report, err);
}
