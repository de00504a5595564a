/* features/keyed_rows.h: the rows of a version one by one in key order: entity, event time, created
 * time, each with its key as bytes that compare like the values. */
#ifndef FEATURES_KEYED_ROWS_H
#define FEATURES_KEYED_ROWS_H

#include "features/reference.h"
#include "features/sorter.h"

struct keyed_rows {
    /* The current row; `end` after the last. */
    struct batch batch;
    int64_t row;
    struct str key;
    bool end;
    /* private: */
    struct timeline_columns columns;
    const char *names[KEY_COLUMNS];
    struct text_list key_names;
    struct key_layout layout;
    struct schema *schema;
    struct version_reader *reader;
    struct sorter *sorter;
    struct bytes scratch;
};

/* Stands on the first row. Several appends are sorted first. Do not move it afterwards. */
MUST_CHECK enum status keyed_rows_open(struct keyed_rows *ret, struct store *store,
                                       const struct view *view, const struct version *version,
                                       size_t threads, struct err *err);
MUST_CHECK enum status keyed_rows_next(struct keyed_rows *rows, struct err *err);
void keyed_rows_close(struct keyed_rows *rows);

#endif
