/* base/document_html.c: the tree of a report as one page. */
#include "base/document_tree.h"

#include "base/command.h"
#include "base/html.h"

#include <math.h>
#include <stdio.h>

extern const char document_style[]; /* base/document.css */

static enum status put(struct bytes *ret, const char *text, struct err *err)
{
    return bytes_append_text(ret, text, err);
}

static enum status put_text(struct bytes *ret, const char *before, struct str text,
                            const char *after, struct err *err)
{
    TRY(put(ret, before, err));
    TRY(bytes_append_html(ret, text, err));
    return put(ret, after, err);
}

/* ---- values ---- */

static enum status count_html(int64_t count, struct bytes *ret, struct err *err)
{
    char digits[24], text[40];
    uint64_t magnitude = count < 0 ? 0 - (uint64_t)count : (uint64_t)count;
    int size = snprintf(digits, sizeof digits, "%llu", (unsigned long long)magnitude), to = 0;
    if (count < 0) text[to++] = '-';
    for (int i = 0; i < size; i++) {
        if (i > 0 && (size - i) % 3 == 0) text[to++] = ',';
        text[to++] = digits[i];
    }
    return bytes_append(ret, text, (size_t)to, err);
}

static enum status number_html(double number, struct bytes *ret, struct err *err)
{
    if (isnan(number)) return put(ret, "NaN", err);
    if (isinf(number)) return put(ret, number < 0 ? "-\xe2\x88\x9e" : "\xe2\x88\x9e", err);
    return bytes_format(ret, err, "%.6g", number);
}

static enum status share_html(double share, struct bytes *ret, struct err *err)
{
    if (share > 0 && share < 0.0005)
        return put(ret,
                   "&lt;\xe2\x80\xaf"
                   "0.1\xe2\x80\xaf%",
                   err);
    if (share < 1 && share > 0.9995)
        return put(ret,
                   "&gt;\xe2\x80\xaf"
                   "99.9\xe2\x80\xaf%",
                   err);
    return bytes_format(ret, err, "%.1f\xe2\x80\xaf%%", share * 100);
}

static const char *tone_class(enum tone tone)
{
    static const char *const names[] = {"plain", "good", "note", "warn", "bad"};
    return names[tone];
}

static enum status text_html(const struct cell *cell, struct bytes *ret, struct err *err)
{
    const char *tag = cell->kind == CELL_CODE ? "code" : NULL;
    if (cell->tone != TONE_PLAIN) {
        TRY(bytes_format(ret, err, "<span class=\"badge %s\">", tone_class(cell->tone)));
        return put_text(ret, "", cell->text, "</span>", err);
    }
    return put_text(ret, tag == NULL ? "" : "<code>", cell->text, tag == NULL ? "" : "</code>",
                    err);
}

static enum status cell_html(const struct cell *cell, struct bytes *ret, struct err *err)
{
    switch (cell->kind) {
    case CELL_EMPTY: return put(ret, "<span class=\"none\">\xe2\x80\x93</span>", err);
    case CELL_COUNT: return count_html(cell->count, ret, err);
    case CELL_NUMBER: return number_html(cell->number, ret, err);
    case CELL_SHARE: return share_html(cell->number, ret, err);
    default: return text_html(cell, ret, err);
    }
}

static bool is_text_cell(const struct cell *cell)
{
    return cell->kind == CELL_TEXT || cell->kind == CELL_CODE;
}

/* ---- tables ---- */

/* Numbers stand to the right, and with them the words of a column that is mostly numbers. */
static bool is_number_column(const struct node *table, size_t column)
{
    size_t numbers = 0, texts = 0;
    for (const struct row *row = table->rows; row != NULL; row = row->next) {
        texts += is_text_cell(&row->cells[column]);
        numbers += row->cells[column].kind != CELL_EMPTY && !is_text_cell(&row->cells[column]);
    }
    return column > 0 && (numbers > texts || (numbers == 0 && texts == 0));
}

struct shown_table {
    const struct node *node;
    bool *numeric; /* by column */
};

static enum status head_html(const struct shown_table *table, struct bytes *ret, struct err *err)
{
    TRY(put(ret, "<thead><tr>", err));
    for (size_t i = 0; i < table->node->column_count; i++)
        TRY(put_text(ret, table->numeric[i] ? "<th scope=col class=n>" : "<th scope=col>",
                     str_of(table->node->columns[i].label), "</th>", err));
    return put(ret, "</tr></thead>\n", err);
}

static enum status open_cell(const struct shown_table *table, const struct row *row, size_t column,
                             struct bytes *ret, struct err *err)
{
    const struct cell *cell = &row->cells[column];
    if (column == 0) return put(ret, "<th scope=row>", err);
    bool number = table->numeric[column];
    if (table->node->columns[column].bar && cell->kind == CELL_SHARE)
        return bytes_format(ret, err, "<td class=\"n bar\" style=\"--w:%.4g%%\">",
                            fmin(fmax(cell->number, 0), 1) * 100);
    return put(ret, number ? "<td class=n>" : "<td>", err);
}

static enum status row_html(const struct shown_table *table, const struct row *row,
                            struct bytes *ret, struct err *err)
{
    TRY(put(ret, "<tr>", err));
    for (size_t i = 0; i < table->node->column_count; i++) {
        TRY(open_cell(table, row, i, ret, err));
        TRY(cell_html(&row->cells[i], ret, err));
        TRY(put(ret, i == 0 ? "</th>" : "</td>", err));
    }
    return put(ret, "</tr>\n", err);
}

static enum status rows_html(const struct node *node, struct bytes *ret, struct err *err)
{
    OWNED(memory_release) bool *numeric = NULL;
    TRY(NEW(&numeric, node->column_count, err));
    for (size_t i = 0; i < node->column_count; i++)
        numeric[i] = is_number_column(node, i);
    struct shown_table table = {node, numeric};
    TRY(head_html(&table, ret, err));
    TRY(put(ret, "<tbody>\n", err));
    for (const struct row *row = node->rows; row != NULL; row = row->next)
        TRY(row_html(&table, row, ret, err));
    return put(ret, "</tbody></table></div>\n", err);
}

static enum status table_html(const struct node *node, struct bytes *ret, struct err *err)
{
    if (node->rows == NULL)
        return put_text(ret, "<p class=empty>", str_of(node->title), ": none.</p>\n", err);
    TRY(bytes_format(ret, err,
                     "<div class=scroll role=region tabindex=0 aria-labelledby=c%zu>"
                     "<table><caption id=c%zu>",
                     node->number, node->number));
    TRY(put_text(ret, "", str_of(node->title), "</caption>", err));
    return rows_html(node, ret, err);
}

/* ---- charts ---- */

static enum status histogram_html(const struct node *node, const char *id, struct bytes *ret,
                                  struct err *err)
{
    const struct chart_histogram *histogram = &node->histogram;
    TRY(put_text(ret, "<figure class=chart><figcaption>", str_of(histogram->title), "", err));
    for (int side = 0; side < 2; side++) {
        if (histogram->counts[0] == NULL || histogram->counts[1] == NULL) continue;
        TRY(bytes_format(ret, err, " <span class=\"key s%d\">", side));
        TRY(put_text(ret, "", str_of(histogram->names[side]), "</span>", err));
    }
    TRY(put(ret, "</figcaption>", err));
    TRY(chart_histogram_svg(histogram, id, ret, err));
    return put(ret, "</figure>\n", err);
}

static bool has_changes(const struct chart_flow *flow)
{
    bool any = false;
    for (size_t i = 0; i < flow->count; i++)
        any = any || flow->steps[i].changed > 0;
    return any;
}

static enum status chart_html(const struct node *node, struct bytes *ret, struct err *err)
{
    char id[24];
    snprintf(id, sizeof id, "g%zu", node->number);
    if (node->kind == NODE_HISTOGRAM) return histogram_html(node, id, ret, err);
    TRY(put(ret,
            node->kind == NODE_DRAWING
                ? "<figure class=\"chart scroll drawing\" tabindex=0><figcaption>"
                : "<figure class=\"chart scroll\" tabindex=0><figcaption>",
            err));
    TRY(put_text(ret, "", str_of(node->title), "", err));
    if (node->kind == NODE_FLOW)
        TRY(put(ret,
                " <span class=\"key kept\">rows that go on</span> <span class=\"key gone\">rows "
                "that leave</span>",
                err));
    if (node->kind == NODE_FLOW && has_changes(&node->flow))
        TRY(put(ret, " <span class=\"key touched\">rows changed</span>", err));
    if (node->kind == NODE_MATRIX)
        TRY(put(ret,
                " <span class=\"key n8\">\xe2\x88\x92"
                "1</span> <span class=\"key p8\">+1</span>",
                err));
    TRY(put(ret, "</figcaption>", err));
    if (node->kind == NODE_DRAWING)
        TRY(bytes_append(ret, node->text.data, node->text.size, err));
    else
        TRY(node->kind == NODE_FLOW ? chart_flow_svg(&node->flow, id, ret, err)
                                    : chart_matrix_svg(&node->matrix, id, ret, err));
    return put(ret, "</figure>\n", err);
}

static enum status picture_html(const struct node *node, struct bytes *ret, struct err *err)
{
    TRY(put(ret, "<li><figure>", err));
    if (node->size == 0) {
        TRY(put(ret, "<span class=blank>no picture</span>", err));
    } else {
        TRY(bytes_format(ret, err, "<img src=\"data:%s;base64,", node->media_type));
        TRY(bytes_append_base64(ret, node->data, node->size, err));
        TRY(put_text(ret, "\" alt=\"", node->text, ": ", err));
        TRY(put_text(ret, "", node->note, "\">", err));
    }
    TRY(put_text(ret, "<figcaption><code>", node->text, "</code>", err));
    return put_text(ret, "<span>", node->note, "</span></figcaption></figure></li>\n", err);
}

/* ---- nodes ---- */

static enum status alert_html(const struct node *node, struct bytes *ret, struct err *err)
{
    static const char *const words[] = {"", "good", "note", "warning", "failed"};
    enum tone tone = node->cell.tone;
    TRY(bytes_format(ret, err, "<li class=%s><span class=\"badge %s\">%s</span> ", tone_class(tone),
                     tone_class(tone), words[tone]));
    return put_text(ret, "<span>", node->text, "</span></li>\n", err);
}

static enum status fact_html(const struct node *node, struct bytes *ret, struct err *err)
{
    TRY(put_text(ret, "<div><dt>", str_of(node->title), "</dt><dd>", err));
    TRY(cell_html(&node->cell, ret, err));
    return put(ret, "</dd></div>\n", err);
}

static enum status leaf_html(const struct node *node, struct bytes *ret, struct err *err)
{
    switch (node->kind) {
    case NODE_PARAGRAPH: return put_text(ret, "<p>", node->text, "</p>\n", err);
    case NODE_FACT: return fact_html(node, ret, err);
    case NODE_ALERT: return alert_html(node, ret, err);
    case NODE_TABLE: return table_html(node, ret, err);
    case NODE_PICTURE: return picture_html(node, ret, err);
    default: return chart_html(node, ret, err);
    }
}

/* What neighbors of one kind stand in. */
static const char *list_of(enum node_kind kind, bool end)
{
    switch (kind) {
    case NODE_FACT: return end ? "</dl>\n" : "<dl>\n";
    case NODE_ALERT: return end ? "</ul>\n" : "<ul class=alerts>\n";
    case NODE_PICTURE: return end ? "</ul>\n" : "<ul class=sheet>\n";
    case NODE_ITEM: return end ? "</div>\n" : "<div class=items>\n";
    default: return "";
    }
}

static enum status children_html(const struct node *above, struct bytes *ret, struct err *err);

static enum status item_html(const struct node *item, struct bytes *ret, struct err *err)
{
    TRY(bytes_format(ret, err, "<details%s><summary>", item->folded ? "" : " open"));
    TRY(put_text(ret, "<h3>", item->text, "</h3>", err));
    TRY(put_text(ret, "<span>", item->note, "</span></summary>\n<div class=body>\n", err));
    TRY(children_html(item, ret, err));
    return put(ret, "</div></details>\n", err);
}

static enum status children_html(const struct node *above, struct bytes *ret, struct err *err)
{
    const struct node *before = NULL;
    for (const struct node *node = above->first; node != NULL; before = node, node = node->next) {
        if (before == NULL || before->kind != node->kind)
            TRY(put(ret, list_of(node->kind, false), err));
        TRY(node->kind == NODE_ITEM ? item_html(node, ret, err) : leaf_html(node, ret, err));
        if (node->next == NULL || node->next->kind != node->kind)
            TRY(put(ret, list_of(node->kind, true), err));
    }
    return STATUS_OK;
}

/* ---- the page ---- */

static enum status head(const struct document *document, struct bytes *ret, struct err *err)
{
    TRY(put(ret,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
            "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
            "<meta name=\"color-scheme\" content=\"light dark\">\n"
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
            "'unsafe-inline'; img-src data:\">\n<link rel=\"icon\" href=\"data:,\">\n"
            "<meta name=\"generator\" content=\"tamis ",
            err));
    TRY(put(ret, tamis_version(), err));
    TRY(put_text(ret, "\">\n<title>", document->title, "</title>\n<style>\n", err));
    TRY(put(ret, document_style, err));
    return put(ret,
               "</style>\n</head>\n<body>\n<a class=skip href=\"#main\">skip to the report</a>\n",
               err);
}

static enum status banner(const struct document *document, struct bytes *ret, struct err *err)
{
    TRY(put_text(ret, "<header><div><h1>", document->title, "</h1>\n", err));
    if (document->lead.size > 0) TRY(put_text(ret, "<p>", document->lead, "</p>", err));
    TRY(put(ret, "</div>\n", err));
    if (document->verdict.size > 0) {
        TRY(bytes_format(ret, err, "<p class=\"verdict %s\">", tone_class(document->tone)));
        TRY(put_text(ret, "", document->verdict, "</p>", err));
    }
    TRY(put(ret, "</header>\n<nav aria-label=\"sections\"><ul>\n", err));
    for (const struct node *node = document->root.first; node != NULL; node = node->next) {
        TRY(bytes_format(ret, err, "<li><a href=\"#%s\">", node->key));
        TRY(put_text(ret, "", str_of(node->title), "</a></li>\n", err));
    }
    return put(ret, "</ul></nav>\n<main id=\"main\">\n", err);
}

enum status document_html(const struct document *document, struct bytes *ret, struct err *err)
{
    TRY(head(document, ret, err));
    TRY(banner(document, ret, err));
    for (const struct node *node = document->root.first; node != NULL; node = node->next) {
        TRY(bytes_format(ret, err, "<section id=\"%s\" aria-labelledby=\"h-%s\"><h2 id=\"h-%s\">",
                         node->key, node->key, node->key));
        TRY(put_text(ret, "", str_of(node->title), "</h2>\n", err));
        TRY(children_html(node, ret, err));
        TRY(put(ret, "</section>\n", err));
    }
    TRY(put(ret, "</main>\n<footer><p>Made by tamis ", err));
    TRY(put(ret, tamis_version(), err));
    return put(ret, ". This page loads nothing from elsewhere.</p></footer>\n</body>\n</html>\n",
               err);
}
