/* clean/labels_learn.h: confident learning (Northcutt, Jiang and Chuang, JAIR 70, 2021): which
 * given labels are probably wrong, from out-of-sample predicted probabilities.
 *
 * A class's threshold is the mean probability it gets where it is the given label. An example
 * counts as class j when its probability of j reaches j's threshold (of several, the most
 * probable); the counts by given label and such a class, scaled to the number of examples of each
 * label, estimate how many labels are wrong in which way. The filters then choose that many
 * examples, the way cleanlab 2 defines them. */
#ifndef CLEAN_LABELS_LEARN_H
#define CLEAN_LABELS_LEARN_H

#include "clean/spill.h"

enum label_filter {
    FILTER_NOISE_RATE,          /* per pair of classes, the largest margins */
    FILTER_CLASS,               /* per class, the least self-confident */
    FILTER_BOTH,                /* in both */
    FILTER_CONFIDENT_LEARNING,  /* off the diagonal of the counts */
    FILTER_PREDICTED,           /* the most probable class is another */
    FILTER_LOW_MARGIN,          /* as many as confident learning finds, by normalized margin */
    FILTER_LOW_SELF_CONFIDENCE, /* the same, by self-confidence */
};

/* Row `row` and everything behind it in the order of a ranking: value first, then row number. */
struct cut {
    double value;
    int64_t row; /* the last row taken at exactly this value */
};

struct learned {
    size_t classes;
    double *thresholds;  /* by class */
    int64_t *counts;     /* given labels, by class */
    int64_t *joint;      /* the scaled counts, given x confident */
    struct cut *margins; /* given x other: taken when the margin is at least this */
    struct cut *selves;  /* by given class: taken when the self-confidence is at most this */
    struct cut score;    /* FILTER_LOW_...: taken when the score is at most this */
};
/* Everything NaN or empty: nothing is flagged. Released with learned_release. */
MUST_CHECK enum status learned_open(struct learned *ret, size_t classes, struct err *err);
void learned_release(struct learned *learned);

/* One example as it is kept: `classes` probabilities follow. */
struct example {
    int64_t row;
    int64_t label;
    uint64_t hash; /* of the row, for choices among equals */
    double score;  /* how believable the given label is, 0 ... 1: its probability, or what several
                      detectors say together */
    double probabilities[];
};
static inline size_t example_bytes(size_t classes)
{
    return sizeof(struct example) + classes * sizeof(double);
}

/* examples   `count` of them, example_bytes(classes) apart, in row order
 * sums       by class: sum of the probability of the given label, folded in window order
 * memory     bytes for the ranking before it goes to a temporary file */
MUST_CHECK enum status learn(struct learned *learned, enum label_filter filter,
                             const uint8_t *examples, size_t count, const double *sums,
                             size_t memory, struct err *err);

/* Whether the example is flagged. */
bool label_is_issue(const struct learned *learned, enum label_filter filter,
                    const struct example *example);
/* The most probable class, the first of equals. */
size_t most_probable(const double *probabilities, size_t classes);
/* The probability of the given label. */
double self_confidence(const struct example *example);
/* The same above the best other one, 0 ... 1. */
double normalized_margin(const struct example *example, size_t classes);

#endif
