/* lineage/collect.h: taking versions away, and the files nothing counts on any more.
 *
 * Only for a run that has the store alone (run_alone): a writer that links or reuses a chunk counts
 * on it before the catalog says so. Rows of the catalog go first, in one transaction, files after:
 * whatever ends in between leaves files without rows, which the next sweep finds. */
#ifndef LINEAGE_COLLECT_H
#define LINEAGE_COLLECT_H

#include "lineage/version.h"

/* Takes versions out of the catalog, with the chunks only they had; each leaves a row in
 * removed_versions. No tag may name them. */
MUST_CHECK enum status versions_remove(struct store *store, struct run *run,
                                       const struct version *versions, size_t count,
                                       struct err *err);
/* Takes rows of chunks that no version has out of the catalog. Inside the caller's transaction. */
MUST_CHECK enum status chunks_forget_unused(struct store *store, struct err *err);

struct sweep {
    int64_t files, bytes;
    int64_t temporary; /* of them not chunks */
};
/* Removes chunk files without a row, what ended runs left in tmp/ and audit/, and files of index/
 * whose version is not there (any more) with that digest; with `dry` only
 * counts. */
MUST_CHECK enum status store_sweep(struct store *store, bool dry, struct sweep *ret,
                                   struct err *err);

#endif
