/* ingest/ingest.h: reads sources into one stream of batches: the driver behind tamis-ingest. */
#ifndef INGEST_INGEST_H
#define INGEST_INGEST_H

#include "ingest/bundle.h"
#include "ingest/contract.h"
#include "ingest/http.h"
#include "ingest/source.h"

/* The words of --format: source_kinds in their order, behind auto. */
#define INGEST_FORMATS "auto|csv|tsv|jsonl|images|sqlite|postgresql|arrow|feed|parquet|text|lines"

/* The command line of tamis-ingest (the table is in options.c). */
struct ingest_args {
    const char *shard, *plan;
    int format; /* 0 = from content and name, else index + 1 in source_kinds */
    const char *into, *source_name, *rejects, *max_rejects, *delimiter, *quote, *escape, *comment,
        *header, *compression, *encoding, *pattern, *table, *query, *cursor, *lag, *contract;
    int on_drift;   /* 0 as the contract says, else 1 + enum drift_action */
    int label_from; /* enum label_from */
    int ragged;     /* 0 reject, 1 pad */
    struct text_list text, sidecar, columns;
    bool no_provenance, accept_failed, incremental, retry;
    int64_t chunk_rows, max_columns, max_depth, max_pixels, skip_rows, max_members, retries,
        timeout;
    uint64_t chunk_bytes, max_field, max_record, max_picture, max_bytes;
    double max_ratio;
    int changed;     /* enum changed_action */
    int last_record; /* 0 wait, 1 read */
};

/* How many rejects are borne: `share` of the records or `count`, -1 where not given. */
struct reject_bound {
    int64_t count;
    double share;
};

extern const struct setting ingest_options[];
/* The kind of --format, or of --pattern; NULL = by content. */
const struct source_kind *ingest_wanted_kind(const struct ingest_args *args);
/* STATUS_USAGE for an option that means nothing to sources of this kind. */
MUST_CHECK enum status ingest_options_fit(const struct ingest_args *args,
                                          const struct source_kind *kind, struct err *err);
/* Texts of the command line as what they mean. STATUS_USAGE names the option. */
MUST_CHECK enum status ingest_source_options(const struct ingest_args *args,
                                             const struct common *common,
                                             struct source_options *ret, struct err *err);
MUST_CHECK enum status ingest_reject_bound(const struct ingest_args *args, struct reject_bound *ret,
                                           struct err *err);
MUST_CHECK enum status ingest_target(const struct ingest_args *args, const struct common *common,
                                     struct stage_target *ret, struct err *err);

/* *ret NULL without --contract. STATUS_USAGE for --on-drift without one. */
MUST_CHECK enum status ingest_contract(const struct ingest_args *args, struct contract **ret,
                                       struct err *err);
/* What archives and packed files may hold; the usual where nothing is given. */
struct bundle_limits ingest_bundle_limits(const struct ingest_args *args);
/* How long a web server is waited for. */
struct http_limits ingest_http_limits(const struct ingest_args *args);

/* tamis-ingest infer SOURCE */
extern const struct command infer_command;
/* tamis-ingest plan SOURCE --shards N */
extern const struct command plan_command;
/* tamis-ingest record SOURCE N */
extern const struct command record_command;
/* record_stored.c: what the store knows of record `number` of a source. */
struct record_place {
    char run[64]; /* that read the source when it had this size and time; empty = none */
    struct source_resume resume;
};
MUST_CHECK enum status record_indexed(struct store *store, const char *name, const char *path,
                                      int64_t number, struct record_place *ret, struct err *err);
/* A row as a line of JSON: {"column":value,...}. */
MUST_CHECK enum status record_row_json(const struct batch *batch, int64_t row, struct bytes *ret,
                                       struct err *err);
/* Its values as a line of JSON in the newest version that a run made of the source, or why it was
 * rejected; *ret_where (arena) says which. *ret_found false when the store has neither. */
MUST_CHECK enum status record_stored(struct store *store, const char *name, int64_t number,
                                     struct arena *arena, struct bytes *ret, const char **ret_where,
                                     bool *ret_found, struct err *err);

/* Reads the operands (none = stdin) and writes the output; the run's rows, sources and verdict are
 * recorded. Says one line on stderr at the end. */
MUST_CHECK enum status ingest(const struct invocation *invocation, struct run *run,
                              struct err *err);

#endif
