/* base/document_tree.h: what a document is made of. Private to base/document*.c. */
#ifndef BASE_DOCUMENT_TREE_H
#define BASE_DOCUMENT_TREE_H

#include "base/document.h"
#include "base/memory.h"

enum node_kind {
    NODE_SECTION,
    NODE_ITEM,
    NODE_PARAGRAPH,
    NODE_FACT,
    NODE_ALERT,
    NODE_TABLE,
    NODE_HISTOGRAM,
    NODE_MATRIX,
    NODE_FLOW,
    NODE_DRAWING,
    NODE_PICTURE,
};

struct row {
    struct row *next;
    struct cell cells[];
};

struct node {
    enum node_kind kind;
    size_t number;   /* in the document, from 1 */
    const char *key; /* NULL = not in JSON */
    struct node *next, *first, *last;
    const char *title; /* of a section; label; caption */
    struct str text, note;
    struct cell cell;
    bool folded;
    struct document_column *columns;
    size_t column_count;
    struct row *rows, *last_row;
    size_t row_count;
    struct chart_histogram histogram;
    struct chart_matrix matrix;
    struct chart_flow flow;
    const char *media_type;
    const uint8_t *data;
    size_t size;
};

struct document {
    struct arena *arena;
    const char *kind;
    struct str title, lead, verdict;
    enum tone tone;
    struct node root;
    struct node *section, *item, *table;
    size_t nodes;
};

#endif
