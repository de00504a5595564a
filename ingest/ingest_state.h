/* ingest/ingest_state.h: what a run of tamis-ingest holds, for ingest.c and ingest_end.c only. */
#ifndef INGEST_INGEST_STATE_H
#define INGEST_INGEST_STATE_H

#include "base/progress.h"
#include "ingest/contract_fit.h"
#include "ingest/held_rejects.h"
#include "ingest/increment.h"
#include "ingest/ingest.h"
#include "ingest/objects.h"
#include "ingest/provenance.h"
#include "ingest/retry.h"

#include <stdatomic.h>

struct ingest {
    const struct common *common;
    const struct ingest_args *args;
    struct run *run;
    const struct source_kind *kind;
    struct source_options options;
    struct reject_bound bound;
    struct stage_target target;
    struct arena *arena;
    const char **names; /* of each source, as in _source */
    struct objects objects;
    struct source **sources;
    size_t count;
    size_t current;            /* source that is being cut */
    uint64_t pieces;           /* cut so far */
    struct retry *retry;       /* NULL: the operands are sources */
    bool *refused;             /* of each source: it has rejects */
    struct contract *contract; /* NULL without one */
    struct contract_fit *fit;
    struct provenance *provenance;
    struct increment *increment;   /* --incremental; NULL otherwise */
    struct source_resume *resumes; /* of each source */
    struct stage_output *output;
    struct rejects *rejects;
    struct held_rejects held;  /* while the schema is a guess */
    atomic_bool guessed_wrong; /* and was found to be wrong */
    struct shard shard;
    struct progress *progress;
    int64_t rows, rejected, bytes;
    double started;
};

/* ---- ingest_end.c ---- */

/* What was asked for. `note` (may be empty) comes of the data and is not in the digest. */
MUST_CHECK enum status ingest_record_config(struct ingest *ingest, struct str note,
                                            struct err *err);
/* Sources, counts, verdict, rejects; then the output's last act. */
MUST_CHECK enum status ingest_finish(struct ingest *ingest, struct version *version,
                                     struct err *err);
/* The summary. */
MUST_CHECK enum status ingest_report(struct ingest *ingest, const struct version *version,
                                     struct err *err);

#endif
