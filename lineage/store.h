/* lineage/store.h: the store directory: catalog.db, chunks/, audit/, index/.
 *
 * Found as --store, else $TAMIS_STORE, else the nearest .tamis/ upwards, else (for writing) a new
 * ./.tamis/. Reading commands never create one. Creation is atomic: three processes that start at
 * once create one store. */
#ifndef LINEAGE_STORE_H
#define LINEAGE_STORE_H

#include "base/command.h"
#include "base/err.h"

#include <sqlite3.h>

struct store;

enum store_use {
    STORE_READ,   /* must exist */
    STORE_WRITE,  /* made when absent */
    STORE_CHANGE, /* must exist; written */
};

/* *ret NULL with STATUS_OK under --no-store. */
MUST_CHECK enum status store_open(struct store **ret, const struct common *common,
                                  enum store_use use, struct err *err);
const char *store_path(const struct store *store);
/* The catalog connection: for lineage/ and for queries of features/. One thread at a time. */
sqlite3 *store_catalog(const struct store *store);
void store_close(struct store **store);

/* SQLite's last error as a status: busy, locked, full, corrupt, I/O each with its own sentence. */
enum status fail_catalog(const struct store *store, struct err *err, const char *doing);

/* BEGIN IMMEDIATE behind the writers' lock file; waits up to --wait seconds, then STATUS_BUSY
 * naming the holder. Commit or roll back ends it. Short transactions only. */
MUST_CHECK enum status catalog_begin(struct store *store, struct err *err);
MUST_CHECK enum status catalog_commit(struct store *store, struct err *err);
void catalog_rollback(struct store *store);

#endif
