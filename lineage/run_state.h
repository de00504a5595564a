/* lineage/run_state.h: what a run holds in memory, for the files of this room only. */
#ifndef LINEAGE_RUN_STATE_H
#define LINEAGE_RUN_STATE_H

#include "base/clock.h"
#include "lineage/lock.h"
#include "lineage/run.h"

#include <pthread.h>

#define EVENT_KINDS 4

struct pending; /* a statement with its values, waiting for run_flush */
struct events;  /* row events, waiting for their slice */

struct run {
    struct store *store; /* NULL without one */
    struct store *notes; /* where run_record writes: the store, or where that records nothing and
                            there is --emit a catalog of its own; NULL = nowhere */
    const struct common *common; /* borrowed */
    const char *emit;            /* --emit, NULL = nowhere */
    bool told;                   /* the event of the beginning was made */
    char id[UUID_TEXT];
    int64_t key;            /* runs.run_key */
    struct lock store_lock; /* shared by all runs that record; -1 = none */
    double began;           /* clock_seconds */
    char stage[64];
    struct digest config;          /* all zero = none */
    char into[256];                /* --into, empty = none */
    int64_t builds_on;             /* version of `into` whose chunks come first, 0 = none,
                                      -1 = the newest */
    struct watermarks *watermarks; /* of an incremental run; borrowed */
    struct row_counts counts;
    int64_t drifts, checks; /* recorded so far */
    size_t threads;
    struct measures *measures; /* for --metrics-file; borrowed, NULL = not wanted */
    bool verdict_failed, finished;
    bool only_counts;    /* row events are counted and not kept */
    char reason[512];    /* of the failed verdict */
    bool refused;        /* a failed verdict kept a version from being committed */
    struct arena *arena; /* pending statements */
    struct pending *first, *last;
    pthread_mutex_t mutex; /* events */
    bool mutex_made;
    struct events *events;
    int64_t event_counts[EVENT_KINDS];
};

/* Whether anything is written down: there is a store, and it was not opened to be read only. */
bool run_records(const struct run *run);

/* Queues one statement; values are copied; letters as in sql.h (without b). Nothing without
 * notes. Executed in order by run_flush. */
MUST_CHECK enum status run_record(struct run *run, struct err *err, const char *sql,
                                  const char *types, ...);
/* One transaction with everything queued, after all row events. */
MUST_CHECK enum status run_flush(struct run *run, struct err *err);
/* The same inside the caller's transaction. */
MUST_CHECK enum status run_flush_pending(struct run *run, struct err *err);

MUST_CHECK enum status events_open(struct run *run, struct err *err);
/* Writes what is buffered, in a transaction of its own. */
MUST_CHECK enum status events_flush(struct run *run, struct err *err);
void events_close(struct run *run);

/* emit_run.c: sends the event of the beginning or the end to --emit; what goes wrong is a warning.
 */
void run_emit(struct run *run, bool end);
/* The same of a run whose row was just closed as lost, for nobody else will. */
void run_emit_lost(struct run *run, const char *run_id);
/* Notes in memory in the place of a store that cannot be written; from here on the run has no
 * store. Not where it has such notes already. */
MUST_CHECK enum status run_open_own_notes(struct run *run, struct err *err);

/* Queues the metrics every run has: time, memory, throughput, rows. */
MUST_CHECK enum status run_record_resources(struct run *run, struct err *err);

#endif
