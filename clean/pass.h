/* clean/pass.h: one reading of all rows: steps applied window by window on all threads, then the
 * rows observed by the steps that learn, put aside, or written. */
#ifndef CLEAN_PASS_H
#define CLEAN_PASS_H

#include "clean/chain.h"
#include "clean/cut.h"
#include "clean/exchange.h"
#include "clean/plan.h"
#include "clean/spool.h"

struct progress;

struct pass {
    struct chain *chain;
    struct pass_plan plan;
    int reading;          /* of a fit that reads more than once: 0, 1 ... */
    const bool *learning; /* by fit: takes part in this reading */

    /* Where rows come from: */
    struct stage_input *input; /* or, when that is NULL, */
    const struct spool *from;
    bool again;                /* the input was read before: its rows are counted */
    struct progress *progress; /* NULL = none */
    /* Where they go, both may be NULL: */
    struct spool *to; /* may be `from`: read after the turn */
    struct stage_output *output;
    /* What the steps behind see goes there instead of to them, and what the applied steps do is not
     * told: the rows of a shard in a round. NULL otherwise. */
    struct exchange *exchange;
};

/* Runs it. Absorbs every tally; settling is the caller's. */
MUST_CHECK enum status pass_run(struct pass *pass, struct err *err);

#endif
