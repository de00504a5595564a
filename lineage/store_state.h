/* lineage/store_state.h: what a store is made of, for the files of this room only. */
#ifndef LINEAGE_STORE_STATE_H
#define LINEAGE_STORE_STATE_H

#include "lineage/lock.h"
#include "lineage/store.h"

#include <pthread.h>

struct store {
    char *path; /* absolute; NULL = in memory */
    sqlite3 *catalog;
    bool writable;
    bool deaf;             /* a signal was heard; the end of the run is still to be written down */
    double wait;           /* seconds, for the catalog */
    double wait_given;     /* --wait, for datasets */
    struct lock writers;   /* held between catalog_begin and its end */
    pthread_mutex_t mutex; /* one transaction at a time in this process */
    bool mutex_made;
    char holder[320]; /* this process, for the lock files */
};

/* Opens catalog.db in `folder` with our settings; makes the tables when it is empty and writable,
 * migrates an older one when writable. A hot journal left by a crash is rolled back. */
MUST_CHECK enum status catalog_open(sqlite3 **ret, const char *folder, bool writable, double wait,
                                    struct err *err);
/* A catalog of its own that nobody else sees. */
MUST_CHECK enum status catalog_open_in_memory(sqlite3 **ret, struct err *err);
/* The notes of a run that records nothing: a store without folder, chunks and locks. */
MUST_CHECK enum status store_open_in_memory(struct store **ret, struct err *err);
/* The same sentences as fail_catalog, before there is a store. */
/* True where a call on a reading connection just failed for the hot journal of a writer that was
 * killed meanwhile, and the journal is rolled back now: call again. Only before a statement's first
 * row; behind it the reader's lock keeps journals away (https://sqlite.org/lockingv3.html). */
bool catalog_rolled_back(sqlite3 *catalog);
enum status fail_sqlite(sqlite3 *catalog, struct err *err, const char *doing);
/* Makes a TEMP view "runs" in front of the table, which shows a running row whose process is gone
 * as "lost". For readers; writers close such rows. */
MUST_CHECK enum status catalog_show_lost(sqlite3 *catalog, struct err *err);
/* Removes what a run that is gone left in tmp/. */
void leftovers_remove(const struct store *store, const char *run_id);
/* `folder`/`name` in the arena-free way: memory_free the result; NULL without memory. */
char *path_join(const char *folder, const char *name);

#endif
