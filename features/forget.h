/* features/forget.h: the state of one `forget`, between its steps:
 *
 *   forget_scan.c      which rows of which versions
 *   forget_traces.c    row events, audit files, exposures, texts of the catalog
 *   forget_training.c  training sets in files
 *   forget_versions.c  versions without the rows
 *
 * in this order: traces are found by the rows, which go last, so that a killed run does it all
 * again. Versions without the key's columns, whose rows are told by those of other versions, go
 * before those. */
#ifndef FEATURES_FORGET_H
#define FEATURES_FORGET_H

#include "base/progress.h"
#include "features/forget_keys.h"
#include "lineage/run.h"
#include "lineage/version.h"

/* A row of a source. */
struct forget_pair {
    uint32_t source; /* place in forget->sources */
    int32_t key;
    int64_t record;
};
struct forget_pairs {
    struct forget_pair *items; /* sorted by source and record where they are looked up */
    size_t count, room;
};
struct forget_version {
    struct version version;
    bool keyed;                     /* has the columns of the key */
    int64_t rows;                   /* that have to go */
    int64_t *rows_of_key;           /* keys->count */
    struct forget_pairs rows_found; /* where the version has provenance */
    struct forget_pairs related;    /* not keyed: rows of the versions around it */
};

struct forget {
    struct run *run;
    const struct invocation *invocation;
    struct store *store;
    struct arena *arena;
    struct forget_keys keys;
    struct forget_version *versions;
    size_t version_count, version_room;
    const char **sources;
    size_t source_count, source_room;
    /* what was removed */
    int64_t rows, versions_changed, row_events, audit_files, audit_rows, exposures, texts;
    int64_t training_files, files;
    struct progress *progress; /* of the scan */
    struct bytes not_reached;  /* JSON list items: training sets in files that are gone */
};

/* Fills versions: those with rows to go have rows > 0. */
MUST_CHECK enum status forget_scan(struct forget *forget, struct err *err);
/* ret[row] = the key of a row of this version, -1 = none. */
MUST_CHECK enum status forget_rows(const struct forget *forget,
                                   const struct forget_version *version, const struct batch *batch,
                                   int32_t *ret, struct err *err);
/* The key of a row of a source, -1 = none. `pairs` are sorted. */
int32_t forget_pair_find(const struct forget *forget, const struct forget_pairs *pairs,
                         struct str source, int64_t record);
void forget_pairs_sort(struct forget_pairs *pairs);

MUST_CHECK enum status forget_traces(struct forget *forget, struct err *err);
MUST_CHECK enum status forget_training(struct forget *forget, struct err *err);
MUST_CHECK enum status forget_versions(struct forget *forget, struct err *err);
/* The rows of a batch that stay. */
MUST_CHECK enum status forget_keep(const struct batch *batch, const int32_t *keys,
                                   struct batch *ret, struct err *err);

#endif
