/* lineage/run.h: one execution of a command, as the catalog remembers it.
 *
 * The run row is committed with status "running" before work starts, and closed by run_finish() as
 * done, failed or aborted. A killed process records nothing more: the next writer closes its row as
 * "lost". With no store (NULL) every call here works and records nothing, and the balance is still
 * checked. All functions may be called from one thread at a time; run_event from any thread. */
#ifndef LINEAGE_RUN_H
#define LINEAGE_RUN_H

#include "base/command.h"
#include "base/digest.h"
#include "base/str.h"
#include "lineage/store.h"

#include <stdint.h>

struct run;

MUST_CHECK enum status run_begin(struct run **ret, struct store *store, const char *stage,
                                 const struct invocation *invocation, struct err *err);
const char *run_id(const struct run *run);      /* UUIDv7 text, also without a store */
struct store *run_store(const struct run *run); /* NULL without a store */

/* Waits up to --wait until no other run records anything in the store, and keeps new ones waiting
 * until the run is closed: for what takes chunks or rows away. STATUS_BUSY names a run that is
 * there. */
MUST_CHECK enum status run_alone(struct run *run, struct err *err);

/* The whole configuration (recipe, contract) as JSON, and its digest. */
MUST_CHECK enum status run_config(struct run *run, struct str json, const struct digest *digest,
                                  struct err *err);

/* The dataset this run will commit into, told before its input is opened: DATASET@new reads what no
 * run of this configuration into this dataset has read. NULL = none. */
void run_into(struct run *run, const char *dataset);

/* The version that this run commits into `dataset` begins with the rows of the newest one,
 * whichever that is when the dataset is locked. */
void run_continues(struct run *run, const char *dataset);

struct source_record {
    const char *name; /* as given, without credentials; the value of _source */
    const char *kind; /* csv, images, ... */
    int64_t bytes;
    struct digest digest;
    int64_t modified; /* microseconds UTC, 0 = unknown */
    int64_t records;
    const char *etag; /* what a web server called its state; NULL = none */
};
/* One source of this run, with the edge source:NAME -> stream:RUN. */
MUST_CHECK enum status run_source(struct run *run, const struct source_record *source,
                                  struct err *err);
/* One hop. Nodes: "source:NAME", "stream:RUN", "version:DATASET@N", "model:NAME", "external:NAME".
 * An unknown upstream run gets a stub row. */
MUST_CHECK enum status run_edge(struct run *run, const char *input, const char *output,
                                struct err *err);
/* Output column <- input column. Texts are copied. */
struct column_edge {
    const char *output_column;
    const char *input; /* the node it was in, as in run_edge; NULL = in every input of the run */
    const char *input_column;
    const char *kind;    /* "DIRECT", "INDIRECT" */
    const char *subtype; /* OpenLineage's words: IDENTITY, TRANSFORMATION, AGGREGATION, JOIN,
                          * GROUP_BY, FILTER, SORT, CONDITIONAL, WINDOW */
    bool masked;
};
MUST_CHECK enum status run_column_edge(struct run *run, const struct column_edge *edge,
                                       struct err *err);
/* The commonest: the value as it is, under the same name. */
MUST_CHECK enum status run_column_same(struct run *run, const char *input, const char *column,
                                       struct err *err);
struct schema;
/* The columns of a node that is no version: a stream, a file, a source. */
MUST_CHECK enum status run_columns(struct run *run, const char *node, const struct schema *schema,
                                   struct err *err);
/* An expectation and what became of it. Texts are copied. */
struct run_check {
    int step;             /* in the recipe, 1-based; 0 = ingest */
    const char *rule;     /* "between" */
    const char *column;   /* NULL = the table */
    const char *outcome;  /* words of run_checks */
    const char *expected; /* may be NULL, as may the next */
    const char *found;
};
MUST_CHECK enum status run_check(struct run *run, const struct run_check *check, struct err *err);
MUST_CHECK enum status run_metric(struct run *run, const char *name, double value, const char *unit,
                                  struct err *err);
/* The value it had at an epoch or step; the last one is for run_metric. */
MUST_CHECK enum status run_metric_step(struct run *run, const char *name, int64_t step,
                                       double value, struct err *err);

/* What computed, where that was not the processor: "cuda:0 (NVIDIA A100)". */
MUST_CHECK enum status run_device(struct run *run, const char *device, struct err *err);

/* How a source differed from the contract it was read by. Texts are copied. */
struct drift_event {
    const char *source; /* NULL: all of them together */
    const char *column;
    const char *drift, *action;   /* words of drift_events */
    const char *expected, *found; /* types; may be NULL */
    int64_t records;              /* that were concerned; -1: all */
};
MUST_CHECK enum status run_drift(struct run *run, const struct drift_event *event, struct err *err);

/* A place from which a record of a source can be found again without reading what is before it. */
MUST_CHECK enum status run_record_place(struct run *run, const char *source, int64_t record,
                                        int64_t byte_offset, int64_t line, struct err *err);

/* What became of one row. Any thread; kept in memory up to a few MiB, then in the catalog, in
 * slices. Texts are copied. */
enum row_event_kind { EVENT_REJECT, EVENT_DROP, EVENT_MERGE, EVENT_CREATE };
struct row_event {
    enum row_event_kind kind;
    struct str source; /* _source and _record of the row; data NULL and ordinal otherwise */
    int64_t record;
    struct str into_source; /* merge: the survivor */
    int64_t into_record;
    const char *module;    /* "csv", "validate", ... */
    int position;          /* step in the recipe, 1-based; 0 = ingest */
    const char *rule;      /* "ragged", "between", "exact duplicate" */
    const char *column;    /* may be NULL */
    struct str value;      /* what was found, cut at 1 KiB; may be empty */
    const char *threshold; /* what it was held against; may be NULL */
};
MUST_CHECK enum status run_event(struct run *run, const struct row_event *event, struct err *err);
/* From here on row events are counted for the balance and not kept (--audit none). */
void run_only_count_events(struct run *run);

struct module_effect {
    int position; /* step in the recipe, 1-based */
    const char *module;
    int64_t rows_in, rows_out, rows_created, rows_dropped, rows_rejected, rows_merged;
    int64_t cells_changed;
    double seconds;
    struct str parameters; /* fitted parameters as JSON, may be empty */
};
MUST_CHECK enum status run_effect(struct run *run, const struct module_effect *effect,
                                  struct err *err);

struct row_counts {
    int64_t in, created, out, rejected, dropped, merged;
    int64_t bytes_in, bytes_out;
};
/* The totals of the run; call before run_check_balance. */
void run_count(struct run *run, const struct row_counts *counts);
/* Writes them with what is queued: a run that is killed behind its commit has them in the catalog.
 */
MUST_CHECK enum status run_record_counts(struct run *run, struct err *err);
/* STATUS_FAILED unless in + created = out + rejected + dropped + merged, and unless the number of
 * events of each kind equals its total. */
MUST_CHECK enum status run_check_balance(struct run *run, struct err *err);
/* Marks the run as "its data failed its checks" (exit 3) without failing it. */
void run_verdict_failed(struct run *run, const char *reason);
bool run_verdict_is_failed(const struct run *run);
const char *run_verdict_reason(const struct run *run); /* "" while it is not failed */

/* Closes the row (done, failed, aborted) with totals, metrics, exit code and error text. Gives back
 * `status`, or STATUS_VERDICT when it was OK and the verdict is failed, or the failure of recording
 * itself. Call on every way out. */
MUST_CHECK enum status run_finish(struct run *run, enum status status, struct err *err);
void run_close(struct run **run);

#endif
