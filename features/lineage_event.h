/* features/lineage_event.h: one event of a run of somebody else, put into the catalog; the kinds of
 * events stand in lineage_import.h. */
#ifndef FEATURES_LINEAGE_EVENT_H
#define FEATURES_LINEAGE_EVENT_H

#include "base/clock.h"
#include "base/memory.h"
#include "lineage/sql.h"
#include "lineage/store.h"

struct lineage_told {
    char current[UUID_TEXT]; /* the run that began last, empty = none */
    int64_t begun, ended;
};

/* Once a connection, before the first event. */
MUST_CHECK enum status lineage_event_open(struct store *store, struct err *err);
/* Inside the caller's transaction. STATUS_USAGE: it is no event we know, or says what cannot be;
 * what was written of it is to be rolled back. */
MUST_CHECK enum status lineage_event_apply(struct store *store, struct str line,
                                           struct lineage_told *told, struct arena *arena,
                                           struct err *err);
/* Runs of our own kind of events that began on this connection and did not end are lost. */
MUST_CHECK enum status lineage_event_close(struct store *store, const struct lineage_told *told,
                                           struct err *err);
/* lineage_event_openlineage.c: the other kind. */
MUST_CHECK enum status lineage_event_openlineage(struct store *store, struct str line,
                                                 struct lineage_told *told, struct err *err);

/* The first row's first column in the arena; NULL where there is no row or a null. */
MUST_CHECK enum status lineage_event_ask(struct store *store, struct arena *arena, const char **ret,
                                         struct err *err, const char *sql, struct str line);
/* STATUS_USAGE with what the first of the queries says that gives a text. */
MUST_CHECK enum status lineage_event_check(struct store *store, const char *const *checks,
                                           size_t count, struct str line, struct arena *arena,
                                           struct err *err);

#endif
