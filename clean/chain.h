/* clean/chain.h: a recipe at work: its steps, opened one on the schema of the other, run over the
 * rows in as few passes as their fits allow. */
#ifndef CLEAN_CHAIN_H
#define CLEAN_CHAIN_H

#include "clean/audit.h"
#include "clean/observation.h"
#include "clean/record.h"
#include "clean/shard_file.h"
#include "clean/step.h"

/* Sees every batch that leaves a step, in order, one at a time. */
struct watcher {
    size_t step; /* place in the chain */
    void *context;
    enum status (*see)(void *context, const struct batch *batch, struct err *err);
};

/* How the input was cut, and, where it is a shard, which windows of the whole these are. */
struct cutting {
    int64_t first_row, first_window; /* given */
    int64_t windows;
    int64_t last_rows;
    uint64_t last_bytes, first_bytes; /* counted for the last window, and for the first row */
};

struct chain {
    struct step *steps;
    size_t count;
    struct schema *input;
    struct step_options options;
    size_t step_memory; /* what one step may hold while it learns alone */
    uint64_t growth;    /* bytes the steps add to a row, as far as they could be opened at first:
                           the same for every reading of the input */
    struct run *run;    /* borrowed */
    const struct common *common;     /* borrowed; NULL = progress is not shown */
    struct rejects *rejects;         /* borrowed; counts also without a file */
    bool with_raw;                   /* rejects are written out */
    struct audit *audit;             /* borrowed; NULL unless cells are audited */
    struct observation *observation; /* borrowed; NULL unless a report is written */
    bool with_reasons;               /* notes of changed cells are added up in the steps */
    struct watcher watcher;          /* see NULL = none */
    struct redactor redactor;

    struct cutting cutting;
    const struct shard_head *shard; /* the rows are one of these; NULL; borrowed */
    int64_t rows_in, rows_out;
    int64_t passes;         /* readings of all rows, further ones of a fit included */
    uint64_t spooled_bytes; /* put aside between passes, compressed */
    int64_t *nulls_before;  /* by column of `input` */
    int64_t *nulls_after;   /* by column of the schema that leaves */
};

/* Opens every step whose schema is known by now; those behind a step that learns types are opened
 * as soon as they can be. The recipe outlives the chain. */
MUST_CHECK enum status chain_open(struct chain *ret, const struct recipe *recipe,
                                  const struct schema *input, const struct step_options *options,
                                  struct err *err);
/* The steps from `first` on once more, after steps[first - 1] came to know its schema. */
MUST_CHECK enum status chain_reopen(struct chain *chain, size_t first, struct err *err);
/* The schema that leaves; a guess while a step that learns it has not. */
const struct schema *chain_schema(const struct chain *chain);
/* What --explain prints. */
MUST_CHECK enum status chain_explain(const struct chain *chain, const struct stage_input *input,
                                     struct bytes *ret, struct err *err);
/* Every pass. *ret_output is opened on the schema that leaves, once that is known, and has all rows
 * when this returns STATUS_OK; it is not finished. `target` NULL: rows go nowhere, *ret_output is
 * not touched. */
MUST_CHECK enum status chain_run(struct chain *chain, struct stage_input *input,
                                 const struct stage_target *target, const struct common *common,
                                 struct stage_output **ret_output, struct err *err);
void chain_close(struct chain *chain);

#endif
