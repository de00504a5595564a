/* clean/labels_step.h: what the parts of module labels share: its settings and its state. */
#ifndef CLEAN_LABELS_STEP_H
#define CLEAN_LABELS_STEP_H

#include "clean/counts.h"
#include "clean/labels_balance.h"
#include "clean/labels_detect.h"
#include "clean/labels_learn.h"
#include "clean/module.h"
#include "clean/picture_tensor.h"

enum label_action { ACTION_FLAG, ACTION_DROP, ACTION_RELABEL };

struct labels_config {
    const char *label, *pictures;
    struct text_list probabilities, classes, columns, detectors;
    int filter, quality, action, combine, balance;
    int64_t folds, neighbors, sample, side;
    double penalty, relabel_above;
};

/* The rows with the smallest hashes (bottom-k sampling): halved when there are too many. */
struct hash_sample {
    uint64_t *hashes;
    size_t count, most;
    uint64_t below; /* only smaller hashes are taken */
};

struct labels_state {
    const struct labels_config *config;
    const struct schema *schema;
    struct arena *arena;
    int64_t seed;
    size_t memory;
    size_t label;
    /* Given probabilities. */
    size_t *columns; /* one a class */
    /* Built-in detectors; NULL with given probabilities. */
    struct detection *detection;
    struct kept_layout layout;
    size_t *numbers; /* numeric columns, layout.columns of them */
    size_t picture;
    struct picture_tensor tensor;
    struct counts found; /* labels as they are */
    struct hash_sample sample;
    struct spill *kept; /* rows to learn from: struct kept_row and what follows */

    const char **names;    /* of the classes */
    struct counts by_name; /* place = class */
    struct learned learned;
    struct balance balance;
    double *sums;           /* by class: of the probability of the given label */
    struct spill *examples; /* in row order */
    const uint8_t *judged;  /* the same, frozen: those of this run; NULL with a loaded state */
    size_t judged_count;
};

/* A row to learn from; kept_bytes follow. */
struct kept_row {
    int64_t row;
    uint64_t hash, label;
};

static inline bool labels_built_in(const struct labels_state *state)
{
    return state->config->probabilities.count == 0;
}
/* Sets names and everything that has one value a class. The names live as long as the state. */
MUST_CHECK enum status labels_name_classes(struct labels_state *state, const char **names,
                                           size_t count, struct err *err);
/* The class of a row's label; false for null and for a label of no class. */
bool labels_class_of(const struct labels_state *state, const struct batch *batch, int64_t row,
                     int64_t *ret);
/* The label as text: in the array, or written to `room`. */
struct str labels_text(const struct labels_state *state, const struct batch *batch, int64_t row,
                       char *room, size_t size);

/* ---- clean/labels_given.c: examples from columns of probabilities ---- */

struct labels_tally {
    struct bytes examples; /* given: side by side */
    double *sums;
    int64_t *counts;
    struct counts labels; /* built in, first pass */
    uint64_t *hashes;
    size_t hash_count;
    struct spill *kept; /* built in, second pass */
};
MUST_CHECK enum status given_observe(const struct labels_state *state, const struct window *window,
                                     struct labels_tally *tally, struct err *err);
MUST_CHECK enum status given_absorb(struct labels_state *state, struct labels_tally *tally,
                                    struct err *err);
/* Columns of a window as doubles, class by class; the caller frees *ret. */
MUST_CHECK enum status given_read(const struct labels_state *state, const struct batch *batch,
                                  double **ret, struct err *err);
/* Fills `example`; false when the row takes no part. */
bool given_example(const struct labels_state *state, const struct window *window,
                   const double *probabilities, int64_t row, struct example *example);

/* ---- clean/labels_built_in.c: examples from detectors of our own ---- */

MUST_CHECK enum status built_in_observe(const struct labels_state *state, int pass,
                                        const struct window *window, struct labels_tally *tally,
                                        struct err *err);
MUST_CHECK enum status built_in_absorb(struct labels_state *state, int pass,
                                       struct labels_tally *tally, struct err *err);
/* Pass 0: the classes and the sample. Pass 1: probabilities of all rows of the sample. */
MUST_CHECK enum status built_in_settle(struct labels_state *state, int pass, struct err *err);
/* What a thread needs to judge the rows of a window. */
struct judge {
    double **columns; /* numeric ones, as doubles */
    uint8_t *row;     /* one kept row */
    struct detect_work work;
};
MUST_CHECK enum status judge_open(struct judge *ret, const struct labels_state *state,
                                  const struct window *window, struct err *err);
void judge_release(struct judge *judge);
/* Looks the row up, or judges it anew; *ret_part false when it takes no part. */
MUST_CHECK enum status built_in_example(const struct labels_state *state,
                                        const struct window *window, int64_t row,
                                        struct judge *judge, struct example *example,
                                        bool *ret_part, struct err *err);

/* ---- clean/labels_act.c: what becomes of a row ---- */

/* The class a row ends with: its own, another, or -1 = dropped. */
int64_t labels_outcome(const struct labels_state *state, const struct example *example, bool issue);
MUST_CHECK enum status labels_apply(const struct labels_state *state, const struct window *window,
                                    struct change *change, struct err *err);
/* Columns that are added, in this order; NULL-terminated. */
const char *const *labels_added(const struct labels_config *config);

/* ---- clean/labels_state.c ---- */

MUST_CHECK enum status labels_save(const struct labels_state *state, struct bytes *json,
                                   struct err *err);
MUST_CHECK enum status labels_load(struct labels_state *state, const struct yaml_node *map,
                                   struct err *err);

#endif
