/* features/put.h: the state of one `put`, between reading (put.c) and writing (put_write.c). */
#ifndef FEATURES_PUT_H
#define FEATURES_PUT_H

#include "features/key_set.h"
#include "features/sorter.h"
#include "lineage/version.h"

enum put_mode {
    PUT_REPLACE, /* the version holds the rows read */
    PUT_APPEND,  /* the latest version's chunks, then the rows read */
    PUT_UPSERT,  /* the latest version's rows, those with the same entity and times replaced */
    PUT_DELETE,  /* the latest version's rows without those whose keys were read */
};

struct put {
    struct run *run;
    const struct invocation *invocation;
    enum put_mode mode;
    struct view view;
    struct timeline_columns columns;
    struct schema *first;  /* of the first input */
    struct schema *schema; /* of the version */
    size_t *chosen;        /* in the arena: columns of the input */
    struct sorter *rows;   /* read; NULL for PUT_DELETE */
    struct key_set *keys;  /* of the rows read; PUT_UPSERT and PUT_DELETE */
    struct sorter *merged; /* with those of the latest version; PUT_UPSERT and PUT_DELETE */
    struct version_writer *writer;
    struct version version;
    int64_t attempts; /* at a commit, and how many it may take */
    int64_t attempts_maximum;
    int64_t rows_in, bytes_in;
    int64_t rows_written, rows_kept; /* in the version, of the latest version */
    int64_t rows_gone;               /* of the latest version: replaced or deleted */
    int64_t chunks_shared;           /* with the version before */
};

/* Writes and commits the version, records counts and edges. Where the latest version counts and
 * another one came meanwhile, once more from that one, the rows read being kept; STATUS_BUSY when
 * that happened attempts_maximum times. */
MUST_CHECK enum status put_write(struct put *put, struct err *err);
/* Runs that went to disk. */
size_t put_spills(const struct put *put);

#endif
