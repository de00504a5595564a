/* features/lineage_html.c: a lineage graph as one page: the picture, what is known of each node
 * beside it, and all of it as text when printed. Nothing outside is referred to; without its script
 * everything still works, by links. */
#include "features/lineage_picture.h"

#include "features/lineage_draw.h"
#include "features/xml_text.h"

static const char page_style[] =
    ":root{color-scheme:light dark;--paper:#fcfcfb;--ink:#1c2024;--soft:#565d66;--line:#dfe3e7;"
    "--mark:#1d6fb8}\n"
    "@media (prefers-color-scheme:dark){:root{--paper:#16181b;--ink:#e8eaed;--soft:#a9b0b9;"
    "--line:#363c43;--mark:#6cb0ee}}\n"
    "body{margin:0;background:var(--paper);color:var(--ink);"
    "font:14px/1.45 system-ui,-apple-system,'Segoe UI','DejaVu Sans',sans-serif;"
    "display:grid;grid-template:auto minmax(0,1fr)/minmax(0,1fr) 23rem;height:100vh}\n"
    "header{grid-column:1/3;padding:.7rem 1rem;border-bottom:1px solid var(--line)}\n"
    "h1{font-size:1.1rem;margin:0;overflow-wrap:anywhere}h2{font-size:1rem;margin:.2rem 0;"
    "overflow-wrap:anywhere}\n"
    "header p{margin:.2rem 0 0;color:var(--soft)}\n"
    "#graph{overflow:auto}svg{display:block}\n"
    "#facts{overflow:auto;border-left:1px solid var(--line);padding:.7rem 1rem}\n"
    "article{display:none}article:target,"
    "body:not(:has(article:target)) article.chosen{display:block}\n"
    "dl{display:grid;grid-template-columns:auto minmax(0,1fr);gap:.2rem .8rem;margin:.6rem 0}\n"
    "dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere;"
    "font-variant-numeric:tabular-nums}\n"
    ".kind{color:var(--soft);margin:0}.bad{font-weight:700}ul{margin:.2rem 0;padding-left:1.1rem;"
    "overflow-wrap:anywhere}\n"
    "a{color:var(--mark)}svg a{text-decoration:none}svg a:focus{outline:none}\n"
    "svg a:focus-visible .box,svg a:hover .box,svg a.open .box{stroke:var(--mark);"
    "stroke-width:3.2}\n"
    "@media (max-width:60rem){body{display:block;height:auto}#facts{border:0}}\n"
    "@media print{:root{--paper:#fff;--ink:#000;--soft:#444;--line:#bbb}\n"
    "body{display:block;height:auto}#graph{overflow:visible}"
    "svg{max-width:100%;height:auto;max-height:95vh}\n"
    "#facts{border:0;padding:0;overflow:visible}"
    "article,body:not(:has(article:target)) article.chosen{display:block;break-inside:avoid;"
    "border-top:1px solid var(--line);padding:.4rem 0}.back,.keys{display:none}}\n";

/* Arrow keys go along the edges and through a rank; the node whose facts are shown is marked. */
static const char page_script[] =
    "(()=>{'use strict';\n"
    "const nodes=[...document.querySelectorAll('svg a[id]')];\n"
    "const at=a=>Number(a.id.slice(1)),by=n=>document.getElementById('g'+n);\n"
    "const near=(n,from,to)=>{const e=edges.find(e=>e[from]===n);return e?by(e[to]):null};\n"
    "const beside=(a,step)=>{const x=a.getBBox().x,peers=nodes.filter(b=>"
    "Math.abs(b.getBBox().x-x)<9);return peers[peers.indexOf(a)+step]};\n"
    "const go={ArrowRight:a=>near(at(a),0,1),ArrowLeft:a=>near(at(a),1,0),"
    "ArrowDown:a=>beside(a,1),ArrowUp:a=>beside(a,-1)};\n"
    "const mark=()=>{const n=location.hash.slice(2)||'0';"
    "nodes.forEach(a=>a.classList.toggle('open',a.id==='g'+n))};\n"
    "document.getElementById('graph').addEventListener('keydown',e=>{"
    "const a=e.target.closest('a[id]'),next=a&&go[e.key]&&go[e.key](a);"
    "if(!next)return;e.preventDefault();next.focus();"
    "next.scrollIntoView({block:'nearest',inline:'nearest'})});\n"
    "addEventListener('hashchange',mark);mark();\n"
    "by(0).scrollIntoView({block:'center',inline:'center'})})();\n";

static enum status element(struct bytes *ret, const char *open, const char *text, const char *close,
                           struct err *err)
{
    TRY(bytes_append_text(ret, open, err));
    TRY(xml_text(ret, text, err));
    return bytes_append_text(ret, close, err);
}

static const char *word_of(const char *kind)
{
    return strcmp(kind, "stream") == 0     ? "run"
           : strcmp(kind, "external") == 0 ? "outside of the store"
                                           : kind;
}

/* ---- what is known of a node ---- */

static enum status neighbour_list(const struct lineage_graph *graph, size_t at, bool inputs,
                                  struct bytes *ret, struct err *err)
{
    bool any = false;
    for (size_t e = 0; e < graph->edge_count; e++) {
        const struct lineage_edge *edge = &graph->edges[e];
        if ((inputs ? edge->output : edge->input) != at) continue;
        size_t other = inputs ? edge->input : edge->output;
        if (!any)
            TRY(bytes_append_text(ret, inputs ? "<p>made from</p><ul>" : "<p>used by</p><ul>",
                                  err));
        any = true;
        TRY(bytes_format(ret, err, "<li><a href=\"#n%zu\">", other));
        TRY(xml_text(ret, graph->nodes[other].title, err));
        TRY(bytes_format(ret, err, "</a> (%s)</li>", word_of(graph->nodes[other].kind)));
    }
    return bytes_append_text(ret, any ? "</ul>\n" : "", err);
}

static enum status column_list(const struct lineage_graph *graph, size_t at, struct bytes *ret,
                               struct err *err)
{
    const struct lineage_node *node = &graph->nodes[at];
    if (node->column_count == 0) return STATUS_OK;
    TRY(bytes_append_text(ret, "<p>columns</p><ul>", err));
    for (size_t i = 0; i < node->column_count; i++) {
        bool masked = false;
        for (size_t e = 0; e < graph->column_edge_count; e++)
            masked |= graph->column_edges[e].masked &&
                      graph->edges[graph->column_edges[e].edge].output == at &&
                      graph->column_edges[e].output == (int32_t)i;
        TRY(element(ret, "<li>", node->columns[i], masked ? " (masked)</li>" : "</li>", err));
    }
    if (node->columns_more > 0)
        TRY(bytes_format(ret, err, "<li>and %zu more</li>", node->columns_more));
    return bytes_append_text(ret, "</ul>\n", err);
}

static enum status article(const struct lineage_graph *graph, size_t at, struct bytes *ret,
                           struct err *err)
{
    const struct lineage_node *node = &graph->nodes[at];
    TRY(bytes_format(ret, err, "<article id=\"n%zu\"%s>", at, at == 0 ? " class=\"chosen\"" : ""));
    TRY(element(ret, "<h2>", node->title, "</h2>\n", err));
    TRY(bytes_format(ret, err, "<p class=\"kind\">%s%s", word_of(node->kind),
                     at == 0 ? ", selected" : ""));
    if (node->state != LINEAGE_FINE)
        TRY(element(ret, ", <span class=\"bad\">", node->status, "</span>", err));
    TRY(bytes_append_text(ret, "</p>\n<dl>", err));
    for (size_t i = 0; i < node->fact_count; i++) {
        TRY(element(ret, "<dt>", node->facts[i].name, "</dt>", err));
        TRY(element(ret, "<dd>", node->facts[i].value, "</dd>\n", err));
    }
    TRY(bytes_append_text(ret, "</dl>\n", err));
    TRY(neighbour_list(graph, at, true, ret, err));
    TRY(neighbour_list(graph, at, false, ret, err));
    TRY(column_list(graph, at, ret, err));
    return bytes_format(
        ret, err, "<p class=\"back\"><a href=\"#g%zu\">back to the picture</a></p></article>\n",
        at);
}

/* ---- the whole ---- */

static enum status header(const struct lineage_graph *graph, struct bytes *ret, struct err *err)
{
    size_t bad = 0;
    for (size_t i = 0; i < graph->node_count; i++)
        bad += graph->nodes[i].state == LINEAGE_FAILED || graph->nodes[i].state == LINEAGE_LOST;
    TRY(element(ret, "<header><h1>Lineage of ", graph->nodes[0].name, "</h1>\n", err));
    TRY(bytes_format(ret, err, "<p>%zu nodes, %zu hops, ", graph->node_count, graph->edge_count));
    TRY(bytes_format(ret, err, "<span%s>%zu failed or lost</span>",
                     bad == 0 ? "" : " class=\"bad\"", bad));
    return bytes_append_text(ret,
                             "<span class=\"keys\">; Tab and arrow keys walk, Enter "
                             "shows</span></p></header>\n",
                             err);
}

static enum status script(const struct lineage_graph *graph, struct bytes *ret, struct err *err)
{
    TRY(bytes_append_text(ret, "<script>\nconst edges=[", err));
    for (size_t e = 0; e < graph->edge_count; e++)
        TRY(bytes_format(ret, err, "%s[%zu,%zu]", e == 0 ? "" : ",", graph->edges[e].input,
                         graph->edges[e].output));
    TRY(bytes_append_text(ret, "];\n", err));
    TRY(bytes_append_text(ret, page_script, err));
    return bytes_append_text(ret, "</script>\n", err);
}

enum status lineage_html(const struct lineage_graph *graph, struct bytes *ret, struct err *err)
{
    TRY(bytes_append_text(ret,
                          "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                          "<meta name=\"viewport\" content=\"width=device-width\">\n",
                          err));
    TRY(element(ret, "<title>Lineage of ", graph->nodes[0].name, "</title>\n", err));
    TRY(bytes_append_text(ret, "<style>\n", err));
    TRY(bytes_append_text(ret, lineage_style, err));
    TRY(bytes_append_text(ret, page_style, err));
    TRY(bytes_append_text(ret, "</style>\n</head>\n<body>\n", err));
    TRY(header(graph, ret, err));
    TRY(bytes_append_text(ret, "<main id=\"graph\">\n", err));
    TRY(lineage_draw(graph, true, ret, err));
    TRY(bytes_append_text(ret, "</main>\n<aside id=\"facts\" aria-label=\"the node\">\n", err));
    for (size_t i = 0; i < graph->node_count; i++)
        TRY(article(graph, i, ret, err));
    TRY(bytes_append_text(ret, "</aside>\n", err));
    TRY(script(graph, ret, err));
    return bytes_append_text(ret, "</body>\n</html>\n", err);
}
