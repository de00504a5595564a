/* lineage/version_state.h: a version on its way, for the files of this room only. */
#ifndef LINEAGE_VERSION_STATE_H
#define LINEAGE_VERSION_STATE_H

#include "lineage/chunk.h"
#include "lineage/run_state.h"
#include "lineage/store_state.h"
#include "lineage/version.h"

#include "columnar/content.h"

#include <stdatomic.h>

struct entry {          /* one chunk of the version */
    struct chunk chunk; /* without statistics */
    int64_t first_row;
    bool known;          /* reused: its row is in the catalog */
    uint64_t spooled_at; /* its statistics */
};

struct version_writer {
    struct run *run;
    struct store *store;
    char dataset[256];
    struct lock lock;      /* of the dataset; -1 = optimistic */
    struct schema *schema; /* of the version: no run in its metadata */
    struct schema *bare;   /* of the chunks: no metadata of ours */
    struct content_digester *digester;
    struct entry *entries;
    size_t count, room;
    int64_t rows;
    atomic_uint_fast64_t serial; /* of temporary files */
    int spool;                   /* statistics of the chunks, until the commit; -1 = none */
    uint64_t spooled;
    struct column_statistics *statistics; /* of one chunk, schema->count */
};

/* Declared personal data by the field's metadata. */
bool field_is_personal(const struct field *field);
/* Chunks that exist already or lie under temporary names, behind those before. Takes them. */
MUST_CHECK enum status version_append_prepared(struct version_writer *writer,
                                               struct prepared *prepared, struct err *err);

#endif
