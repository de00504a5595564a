/* clean/shard_run.h: a run of tamis-clean over one shard: which one, where it lies in the whole,
 * and what its states say about it. */
#ifndef CLEAN_SHARD_RUN_H
#define CLEAN_SHARD_RUN_H

#include "clean/merged.h"

/* What the command line says. */
struct shard_args {
    const char *shard;    /* "2/3" */
    const char *run;      /* NULL = as the input or the merged state say */
    int64_t first_row;    /* -1 = as they say */
    int64_t first_window; /* -1 = first_row / 65,536 */
};

/* Zero-initialize; release with shard_run_release. */
struct shard_run {
    struct shard_head head;
    struct shard_extent extent;
    bool window_given;      /* --first-window */
    uint8_t secret[16];     /* of the run and its recipe: the same in all shards */
    struct merged *learned; /* NULL = no merged state; owned */
};
/* Opens --state (may be NULL) and checks it against --shard. */
MUST_CHECK enum status shard_run_open(struct shard_run *ret, const struct shard_args *args,
                                      const char *state, struct err *err);
/* The recipe given, or that of the state where none is. STATUS_USAGE when they differ. */
MUST_CHECK enum status shard_run_recipe(struct shard_run *run, struct recipe *ret, const char *path,
                                        const struct text_list *lines, struct err *err);
/* The seed and time of the state where there is one. */
void shard_run_options(const struct shard_run *run, struct step_options *options);
/* Where the shard lies, and what its own state will say about it, from the input's schema. */
MUST_CHECK enum status shard_run_input(struct shard_run *run, const struct shard_args *args,
                                       const struct recipe *recipe,
                                       const struct step_options *options,
                                       const struct stage_input *input, const char *operand,
                                       struct err *err);
/* The chain knows where its windows lie and what was learned. */
MUST_CHECK enum status shard_run_chain(struct shard_run *run, struct chain *chain, struct err *err);
/* After the rows were read: how many there were. STATUS_FAILED when they are not those of an
 * earlier round. */
MUST_CHECK enum status shard_run_rows(struct shard_run *run, const struct chain *chain,
                                      struct err *err);
/* Whether `path` is a state that this very run would write again. */
bool shard_run_is_done(const struct shard_run *run, const char *path);
void shard_run_release(struct shard_run *run);

#endif
