/* ingest/source.h: one kind of source is one file behind this struct.
 *
 * To add a kind: write ingest/source_NAME.c with a `const struct source_kind source_NAME`, add one
 * line to the table in ingest/sources.c and one to ingest/meson.build, and a folder tests/cli/
 * ingest-NAME. The driver (ingest/ingest.c) owns output, provenance columns, rejects, balance,
 * limits and the run record; a kind owns one format. */
#ifndef INGEST_SOURCE_H
#define INGEST_SOURCE_H

#include "base/input.h"
#include "columnar/build.h"
#include "lineage/stage.h"

struct source; /* defined by each kind */

/* What recognition may look at: cheap, no side effects. */
struct source_probe {
    const char *path; /* NULL for stdin */
    bool directory;
    const uint8_t *head; /* the first bytes */
    size_t head_size;
};

/* Options a kind may use; the driver fills it from the command line. */
struct source_options {
    const char *name; /* value of _source: the operand as given, or --source-name */
    int delimiter;    /* 0 = found by ourselves */
    int quote;        /* -1 = found */
    int header;       /* enum source_header */
    bool label_from_directory;
    const struct text_list *text_columns;             /* never inferred: stay utf8 */
    uint64_t field_limit, picture_limit, pixel_limit; /* design section 9 */
    size_t threads;
};
enum source_header { HEADER_AUTO, HEADER_YES, HEADER_NO };

/* Where a kind reports records that cannot be rows. */
struct source_sink {
    void *context;
    enum status (*reject)(void *context, const struct reject *reject, struct err *err);
};

struct source_kind {
    const char *name; /* "csv": --format, and the kind in the catalog */
    const char *summary;
    const char *reference; /* the specification it follows */
    /* 0 = not mine ... 100 = certain. Required. */
    int (*recognise)(const struct source_probe *probe);
    /* Opens a path (NULL = stdin) and learns its schema (without provenance columns). Required. */
    enum status (*open)(struct source **ret, const char *path, const struct source_options *options,
                        struct err *err);
    /* Borrowed until close. Required. */
    const struct schema *(*schema)(const struct source *source);
    /* The next rows in record order, at most 65,536 rows and 64 MiB, with the 1-based record number
     * of each row in *ret_records (caller frees with memory_free); *ret_end at the end. Records
     * that cannot be rows go to the sink and use up a record number. Required. */
    enum status (*next)(struct source *source, const struct source_sink *sink, struct batch *ret,
                        int64_t **ret_records, bool *ret_end, struct err *err);
    /* After the end: bytes, digest, modified time, records. Required. */
    enum status (*describe)(struct source *source, struct source_record *ret, struct err *err);
    void (*close)(struct source **source);
};

extern const struct source_kind *const source_kinds[]; /* NULL-terminated */

#endif
