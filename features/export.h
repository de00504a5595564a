/* features/export.h: the formats `tamis-features export` writes, one file each. */
#ifndef FEATURES_EXPORT_H
#define FEATURES_EXPORT_H

#include "columnar/array.h"

/* Nothing is at its place before commit; close without one leaves nothing behind. */
struct export_format {
    /* Checks that every column can be written (STATUS_USAGE names the one that cannot) and begins.
     * `path` NULL or "-" is stdout. *ret also after a failure. */
    enum status (*open)(void **ret, const char *path, const struct schema *schema, struct err *err);
    enum status (*add)(void *context, const struct batch *batch, struct err *err);
    /* Makes what was written appear. *ret_bytes: its size. */
    enum status (*commit)(void *context, int64_t *ret_bytes, struct err *err);
    void (*close)(void *context); /* NULL is allowed */
};

extern const struct export_format export_csv, export_csv_inert, export_jsonl;
/* zstd; personal columns ("tamis:personal") without minimum and maximum. */
extern const struct export_format export_parquet;
/* A folder with a NumPy file (NEP 1, format 1.0) a column. */
extern const struct export_format export_npy;

#endif
