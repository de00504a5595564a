/* clean/standardize_preview.h: what clustering would change, in a file that a person edits and
 * gives back as map_file. */
#ifndef CLEAN_STANDARDIZE_PREVIEW_H
#define CLEAN_STANDARDIZE_PREVIEW_H

#include "clean/standardize_map.h"

/* Zero-initialize with a limit on `text`. */
struct preview {
    struct bytes text; /* CSV: from,to,column,rows */
};
/* Adds what becomes of the values of one column; `counts` says in how many rows each stands. */
MUST_CHECK enum status clusters_preview(struct preview *preview, const char *column,
                                        const struct spelling_map *clusters,
                                        const struct counts *counts, struct err *err);
/* Writes the file, whole or not at all. */
MUST_CHECK enum status clusters_preview_write(const struct preview *preview, const char *path,
                                              struct err *err);

#endif
