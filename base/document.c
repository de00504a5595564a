/* base/document.c: the tree of a report. */
#include "base/document_tree.h"

enum status document_open(struct document **ret, const char *kind, struct str title,
                          struct err *err)
{
    OWNED(document_close) struct document *document = NULL;
    TRY(NEW(&document, 1, err));
    TRY(arena_open(&document->arena, err));
    document->kind = arena_text(document->arena, kind, strlen(kind));
    document->title.data = arena_text(document->arena, title.data, title.size);
    document->title.size = title.size;
    if (document->kind == NULL || document->title.data == NULL) return fail_memory(err, title.size);
    *ret = document;
    document = NULL;
    return STATUS_OK;
}

void document_close(struct document **document)
{
    if (*document == NULL) return;
    arena_close(&(*document)->arena);
    memory_free(*document);
    *document = NULL;
}

/* ---- copies ---- */

static enum status copy_str(struct document *document, struct str *text, struct err *err)
{
    if (text->data == NULL) return STATUS_OK;
    const char *copy = arena_text(document->arena, text->data, text->size);
    if (copy == NULL) return fail_memory(err, text->size);
    text->data = copy;
    return STATUS_OK;
}

static enum status copy_text(struct document *document, const char **text, struct err *err)
{
    struct str copy = str_of(*text);
    TRY(copy_str(document, &copy, err));
    *text = copy.data;
    return STATUS_OK;
}

/* Every copy has its own place; of zero bytes too. */
static enum status copy_array(struct document *document, const void *from, size_t count,
                              size_t size, void *ret, struct err *err)
{
    void *copy = arena_get(document->arena, count + 1, size);
    if (copy == NULL) return fail_memory(err, (count + 1) * size);
    if (count > 0) memcpy(copy, from, count * size);
    memcpy(ret, &copy, sizeof copy);
    return STATUS_OK;
}

enum status document_lead(struct document *document, struct str lead, struct str verdict,
                          enum tone tone, struct err *err)
{
    document->lead = lead;
    document->verdict = verdict;
    document->tone = tone;
    TRY(copy_str(document, &document->lead, err));
    return copy_str(document, &document->verdict, err);
}

/* ---- nodes ---- */

static enum status add(struct document *document, enum node_kind kind, const char *key,
                       const char *title, struct node **ret, struct err *err)
{
    struct node *above = document->item != NULL      ? document->item
                         : document->section != NULL ? document->section
                                                     : &document->root;
    struct node *node = arena_get(document->arena, 1, sizeof *node);
    if (node == NULL) return fail_memory(err, sizeof *node);
    *node = (struct node){.kind = kind, .key = key, .title = title, .number = ++document->nodes};
    TRY(copy_text(document, &node->key, err));
    TRY(copy_text(document, &node->title, err));
    if (above->last == NULL)
        above->first = node;
    else
        above->last->next = node;
    above->last = node;
    *ret = node;
    return STATUS_OK;
}

enum status document_section(struct document *document, const char *key, const char *title,
                             struct err *err)
{
    document->section = document->item = document->table = NULL;
    return add(document, NODE_SECTION, key, title, &document->section, err);
}

enum status document_item(struct document *document, struct str title, struct str note, bool folded,
                          struct err *err)
{
    struct node *node = NULL;
    document->item = document->table = NULL;
    TRY(add(document, NODE_ITEM, NULL, NULL, &node, err));
    node->text = title;
    node->note = note;
    node->folded = folded;
    document->item = node;
    TRY(copy_str(document, &node->text, err));
    return copy_str(document, &node->note, err);
}

enum status document_paragraph(struct document *document, const char *key, const char *text,
                               struct err *err)
{
    struct node *node = NULL;
    TRY(add(document, NODE_PARAGRAPH, key, NULL, &node, err));
    node->text = str_of(text);
    return copy_str(document, &node->text, err);
}

enum status document_fact(struct document *document, const char *key, const char *label,
                          struct cell cell, struct err *err)
{
    struct node *node = NULL;
    TRY(add(document, NODE_FACT, key, label, &node, err));
    node->cell = cell;
    return copy_str(document, &node->cell.text, err);
}

enum status document_alert(struct document *document, enum tone tone, struct str text,
                           struct err *err)
{
    struct node *node = NULL;
    TRY(add(document, NODE_ALERT, "alerts", NULL, &node, err));
    node->text = text;
    node->cell.tone = tone;
    return copy_str(document, &node->text, err);
}

/* ---- tables ---- */

enum status document_table(struct document *document, const char *key, const char *caption,
                           const struct document_column *columns, size_t count, struct err *err)
{
    struct node *node = NULL;
    TRY(add(document, NODE_TABLE, key, caption, &node, err));
    TRY(copy_array(document, columns, count, sizeof *columns, &node->columns, err));
    for (size_t i = 0; i < count; i++) {
        TRY(copy_text(document, &node->columns[i].key, err));
        TRY(copy_text(document, &node->columns[i].label, err));
    }
    node->column_count = count;
    document->table = node;
    return STATUS_OK;
}

enum status document_row(struct document *document, const struct cell *cells, struct err *err)
{
    struct node *table = document->table;
    struct row *row =
        arena_get(document->arena, 1, sizeof *row + table->column_count * sizeof *cells);
    if (row == NULL) return fail_memory(err, sizeof *row + table->column_count * sizeof *cells);
    memcpy(row->cells, cells, table->column_count * sizeof *cells);
    for (size_t i = 0; i < table->column_count; i++)
        TRY(copy_str(document, &row->cells[i].text, err));
    if (table->last_row == NULL)
        table->rows = row;
    else
        table->last_row->next = row;
    table->last_row = row;
    table->row_count++;
    return STATUS_OK;
}

/* ---- drawings ---- */

enum status document_histogram(struct document *document, const char *key,
                               const struct chart_histogram *histogram, struct err *err)
{
    struct node *node = NULL;
    TRY(add(document, NODE_HISTOGRAM, key, histogram->title, &node, err));
    node->histogram = *histogram;
    node->histogram.title = node->title;
    TRY(copy_text(document, &node->histogram.low, err));
    TRY(copy_text(document, &node->histogram.high, err));
    for (int side = 0; side < 2; side++) {
        TRY(copy_text(document, &node->histogram.names[side], err));
        if (histogram->counts[side] != NULL)
            TRY(copy_array(document, histogram->counts[side], histogram->bins, sizeof(int64_t),
                           &node->histogram.counts[side], err));
    }
    return STATUS_OK;
}

enum status document_matrix(struct document *document, const char *key,
                            const struct chart_matrix *matrix, struct err *err)
{
    struct node *node = NULL;
    const char **names = NULL;
    TRY(add(document, NODE_MATRIX, key, matrix->title, &node, err));
    node->matrix = *matrix;
    node->matrix.title = node->title;
    TRY(copy_array(document, matrix->names, matrix->count, sizeof *names, &names, err));
    for (size_t i = 0; i < matrix->count; i++)
        TRY(copy_text(document, &names[i], err));
    node->matrix.names = names;
    return copy_array(document, matrix->values, matrix->count * matrix->count, sizeof(double),
                      &node->matrix.values, err);
}

enum status document_flow(struct document *document, const struct chart_flow *flow, struct err *err)
{
    struct node *node = NULL;
    struct chart_step *steps = NULL;
    TRY(add(document, NODE_FLOW, NULL, flow->title, &node, err));
    TRY(copy_array(document, flow->steps, flow->count, sizeof *steps, &steps, err));
    for (size_t i = 0; i < flow->count; i++)
        TRY(copy_text(document, &steps[i].name, err));
    node->flow = (struct chart_flow){node->title, steps, flow->count};
    return STATUS_OK;
}

enum status document_drawing(struct document *document, const char *caption,
                             const struct bytes *svg, struct err *err)
{
    struct node *node = NULL;
    TRY(add(document, NODE_DRAWING, NULL, caption, &node, err));
    node->text = (struct str){(const char *)svg->data, svg->size};
    return copy_str(document, &node->text, err);
}

enum status document_picture(struct document *document, const char *key, const char *media_type,
                             const void *data, size_t size, struct str title, struct str note,
                             struct err *err)
{
    struct node *node = NULL;
    TRY(add(document, NODE_PICTURE, key, NULL, &node, err));
    node->text = title;
    node->note = note;
    node->media_type = media_type;
    node->size = size;
    TRY(copy_text(document, &node->media_type, err));
    TRY(copy_str(document, &node->text, err));
    TRY(copy_str(document, &node->note, err));
    return copy_array(document, data, size, 1, &node->data, err);
}
