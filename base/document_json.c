/* base/document_json.c: the tree of a report as one JSON document (RFC 8259).
 *
 * {"tamis": "0.1.0", "report": KIND, "title", "lead", "verdict", SECTION: {KEY: value, "alerts":
 * [{"level", "text"}], TABLE: [{COLUMN: value}], CHART: {...}, SHEET: [pictures], "items":
 * [{"title", ...}]}}. */
#include "base/document_tree.h"

#include "base/command.h"
#include "base/html.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- values ---- */

/* The shortest text that reads back as the same number. */
static enum status number_json(double number, struct bytes *ret, struct err *err)
{
    char text[40];
    if (!isfinite(number)) return bytes_append_text(ret, "null", err);
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, number);
        if (strtod(text, NULL) == number) break;
    }
    return bytes_append_text(ret, text, err);
}

static enum status cell_json(const struct cell *cell, struct bytes *ret, struct err *err)
{
    switch (cell->kind) {
    case CELL_EMPTY: return bytes_append_text(ret, "null", err);
    case CELL_COUNT: return bytes_format(ret, err, "%lld", (long long)cell->count);
    case CELL_NUMBER:
    case CELL_SHARE: return number_json(cell->number, ret, err);
    default: return bytes_append_json(ret, cell->text, err);
    }
}

static enum status member(const char *key, bool *first, struct bytes *ret, struct err *err)
{
    TRY(bytes_append_text(ret, *first ? "\n" : ",\n", err));
    *first = false;
    TRY(bytes_append_json(ret, str_of(key), err));
    return bytes_append_text(ret, ":", err);
}

static enum status text_member(const char *key, struct str text, bool *first, struct bytes *ret,
                               struct err *err)
{
    TRY(member(key, first, ret, err));
    if (text.data == NULL) return bytes_append_text(ret, "null", err);
    return bytes_append_json(ret, text, err);
}

static const char *tone_name(enum tone tone)
{
    static const char *const names[] = {"", "good", "note", "warning", "failed"};
    return names[tone];
}

/* ---- tables and charts ---- */

static enum status table_json(const struct node *node, struct bytes *ret, struct err *err)
{
    TRY(bytes_append_text(ret, "[", err));
    for (const struct row *row = node->rows; row != NULL; row = row->next) {
        TRY(bytes_append_text(ret, row == node->rows ? "\n{" : ",\n{", err));
        for (size_t i = 0; i < node->column_count; i++) {
            TRY(bytes_append_text(ret, i == 0 ? "" : ",", err));
            TRY(bytes_append_json(ret, str_of(node->columns[i].key), err));
            TRY(bytes_append_text(ret, ":", err));
            TRY(cell_json(&row->cells[i], ret, err));
        }
        TRY(bytes_append_text(ret, "}", err));
    }
    return bytes_append_text(ret, "]", err);
}

static enum status histogram_json(const struct chart_histogram *histogram, struct bytes *ret,
                                  struct err *err)
{
    TRY(bytes_append_text(ret, "{\"low\":", err));
    TRY(number_json(histogram->edges[0], ret, err));
    TRY(bytes_append_text(ret, ",\"high\":", err));
    TRY(number_json(histogram->edges[1], ret, err));
    for (int side = 0; side < 2; side++) {
        if (histogram->counts[side] == NULL) continue;
        TRY(bytes_append_text(ret, ",", err));
        TRY(bytes_append_json(ret, str_of(histogram->names[side]), err));
        TRY(bytes_append_text(ret, ":[", err));
        for (size_t i = 0; i < histogram->bins; i++)
            TRY(bytes_format(ret, err, "%s%lld", i == 0 ? "" : ",",
                             (long long)histogram->counts[side][i]));
        TRY(bytes_append_text(ret, "]", err));
    }
    return bytes_append_text(ret, "}", err);
}

static enum status matrix_json(const struct chart_matrix *matrix, struct bytes *ret,
                               struct err *err)
{
    TRY(bytes_append_text(ret, "{\"columns\":[", err));
    for (size_t i = 0; i < matrix->count; i++) {
        TRY(bytes_append_text(ret, i == 0 ? "" : ",", err));
        TRY(bytes_append_json(ret, str_of(matrix->names[i]), err));
    }
    TRY(bytes_append_text(ret, "],\"values\":[", err));
    for (size_t i = 0; i < matrix->count * matrix->count; i++) {
        TRY(bytes_append_text(ret, i % matrix->count != 0 ? "," : i == 0 ? "[" : "],\n[", err));
        TRY(number_json(matrix->values[i], ret, err));
    }
    return bytes_append_text(ret, matrix->count == 0 ? "]}" : "]]}", err);
}

static enum status picture_json(const struct node *node, struct bytes *ret, struct err *err)
{
    bool first = true;
    TRY(bytes_append_text(ret, "{", err));
    TRY(text_member("title", node->text, &first, ret, err));
    TRY(text_member("note", node->note, &first, ret, err));
    TRY(member("picture", &first, ret, err));
    if (node->size == 0) return bytes_append_text(ret, "null}", err);
    TRY(bytes_format(ret, err, "\"data:%s;base64,", node->media_type));
    TRY(bytes_append_base64(ret, node->data, node->size, err));
    return bytes_append_text(ret, "\"}", err);
}

/* ---- nodes ---- */

static enum status alert_json(const struct node *node, struct bytes *ret, struct err *err)
{
    TRY(bytes_format(ret, err, "{\"level\":\"%s\",\"text\":", tone_name(node->cell.tone)));
    TRY(bytes_append_json(ret, node->text, err));
    return bytes_append_text(ret, "}", err);
}

static bool is_one_of_many(const struct node *node)
{
    return node->kind == NODE_ALERT || node->kind == NODE_PICTURE;
}

/* Alerts, and the pictures of one sheet: an array at the place of the first. */
static enum status many_json(const struct node *first, struct bytes *ret, struct err *err)
{
    TRY(bytes_append_text(ret, "[", err));
    for (const struct node *node = first; node != NULL; node = node->next) {
        if (node->kind != first->kind || strcmp(node->key, first->key) != 0) continue;
        TRY(bytes_append_text(ret, node == first ? "\n" : ",\n", err));
        TRY(node->kind == NODE_ALERT ? alert_json(node, ret, err) : picture_json(node, ret, err));
    }
    return bytes_append_text(ret, "]", err);
}

static enum status value_json(const struct node *node, struct bytes *ret, struct err *err)
{
    switch (node->kind) {
    case NODE_PARAGRAPH: return bytes_append_json(ret, node->text, err);
    case NODE_FACT: return cell_json(&node->cell, ret, err);
    case NODE_TABLE: return table_json(node, ret, err);
    case NODE_HISTOGRAM: return histogram_json(&node->histogram, ret, err);
    case NODE_MATRIX: return matrix_json(&node->matrix, ret, err);
    default: return many_json(node, ret, err);
    }
}

static bool came_before(const struct node *above, const struct node *node)
{
    for (const struct node *other = above->first; other != node; other = other->next)
        if (other->kind == node->kind && strcmp(other->key, node->key) == 0) return true;
    return false;
}

static enum status members_json(const struct node *above, bool *first, struct bytes *ret,
                                struct err *err)
{
    for (const struct node *node = above->first; node != NULL; node = node->next) {
        if (node->key == NULL || (is_one_of_many(node) && came_before(above, node))) continue;
        TRY(member(node->key, first, ret, err));
        TRY(value_json(node, ret, err));
    }
    return STATUS_OK;
}

static enum status item_json(const struct node *item, struct bytes *ret, struct err *err)
{
    bool first = true;
    TRY(bytes_append_text(ret, "{", err));
    TRY(text_member("title", item->text, &first, ret, err));
    TRY(text_member("note", item->note, &first, ret, err));
    TRY(members_json(item, &first, ret, err));
    return bytes_append_text(ret, "}", err);
}

static enum status section_json(const struct node *section, struct bytes *ret, struct err *err)
{
    bool first = true, items = false;
    TRY(bytes_append_text(ret, "{", err));
    TRY(members_json(section, &first, ret, err));
    for (const struct node *node = section->first; node != NULL; node = node->next) {
        if (node->kind != NODE_ITEM) continue;
        if (!items) TRY(member("items", &first, ret, err));
        TRY(bytes_append_text(ret, items ? ",\n" : "[\n", err));
        TRY(item_json(node, ret, err));
        items = true;
    }
    return bytes_append_text(ret, items ? "]}" : "}", err);
}

enum status document_json(const struct document *document, struct bytes *ret, struct err *err)
{
    bool first = true;
    TRY(bytes_append_text(ret, "{", err));
    TRY(text_member("tamis", str_of(tamis_version()), &first, ret, err));
    TRY(text_member("report", str_of(document->kind), &first, ret, err));
    TRY(text_member("title", document->title, &first, ret, err));
    TRY(text_member("lead", document->lead, &first, ret, err));
    TRY(text_member("verdict", document->verdict, &first, ret, err));
    for (const struct node *node = document->root.first; node != NULL; node = node->next) {
        TRY(member(node->key, &first, ret, err));
        TRY(section_json(node, ret, err));
    }
    return bytes_append_text(ret, "}\n", err);
}
