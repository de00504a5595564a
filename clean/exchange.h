/* clean/exchange.h: what the steps that learn see of the windows of a shard, on its way to where
 * they learn from all shards: a tally as bytes where a module can carry one, and the columns that
 * the other modules look at. */
#ifndef CLEAN_EXCHANGE_H
#define CLEAN_EXCHANGE_H

#include "clean/plan.h"
#include "clean/shard_file.h"

/* Kinds of blocks in a state. */
enum shard_block_kind {
    BLOCK_ROWS = 1,   /* of a window: what learn_window reads */
    BLOCK_TALLY,      /* of a step and window, in one round */
    BLOCK_SCHEMA,     /* that leaves a step */
    BLOCK_CHANGE,     /* of a step and window (clean/recorded.h) */
    BLOCK_WORDS,      /* of the changes of a step */
    BLOCK_CONCLUSION, /* of a step whose changes are recorded */
    BLOCK_PARAMETERS, /* of a step, as JSON; its last block */
    BLOCK_EFFECT,     /* of a step over the rows of a shard */
    BLOCK_OUTCOME,    /* of a shard */
};

/* Whether what this step learns from is exchanged as its tallies. */
bool step_carries(const struct step *step);

/* One window, packed. Zero-initialize. */
struct parcel {
    struct bytes *tallies; /* by fit; empty = none */
    struct bytes rows;
    size_t count;
};
void parcel_release(struct parcel *parcel);

struct exchange;
/* Borrows the steps and the writer. */
MUST_CHECK enum status exchange_open(struct exchange **ret, const struct step *steps,
                                     const struct pass_plan *plan, struct shard_writer *writer,
                                     struct err *err);
/* Any thread. */
MUST_CHECK enum status exchange_see(const struct exchange *exchange, const struct window *window,
                                    struct parcel *ret, struct err *err);
/* One thread, in order. */
MUST_CHECK enum status exchange_put(struct exchange *exchange, int64_t window,
                                    const struct parcel *parcel, struct err *err);
void exchange_close(struct exchange **exchange);

/* A window as its BLOCK_ROWS tells it, in `schema`: columns that were not exchanged are null.
 * *ret_ordinals is freed with memory_free. */
MUST_CHECK enum status exchange_window(const struct shard_block *block, const struct schema *schema,
                                       struct batch *ret, int64_t **ret_ordinals, struct err *err);
/* Gives a step the tally of a BLOCK_TALLY, as its module packed it. */
MUST_CHECK enum status exchange_absorb(const struct shard_block *block, const struct step *step,
                                       int pass, struct err *err);

#endif
