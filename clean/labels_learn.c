/* clean/labels_learn.c: confident learning. */
#include "clean/labels_learn.h"

#include "base/memory.h"

#include <math.h>
#include <string.h>

#define TOLERANCE       1e-6 /* of comparing probabilities */
#define THRESHOLD_LEAST 2e-6
#define LEAST_PER_CLASS 1 /* examples that stay in each class */

/* ---- life ---- */

enum status learned_open(struct learned *ret, size_t classes, struct err *err)
{
    ret->classes = classes;
    TRY(NEW(&ret->thresholds, classes, err));
    TRY(NEW(&ret->counts, classes, err));
    TRY(NEW(&ret->joint, classes * classes, err));
    TRY(NEW(&ret->margins, classes * classes, err));
    TRY(NEW(&ret->selves, classes, err));
    for (size_t i = 0; i < classes * classes; i++)
        ret->margins[i].value = NAN;
    for (size_t i = 0; i < classes; i++)
        ret->selves[i].value = NAN;
    ret->score.value = NAN;
    return STATUS_OK;
}

void learned_release(struct learned *learned)
{
    memory_free(learned->thresholds);
    memory_free(learned->counts);
    memory_free(learned->joint);
    memory_free(learned->margins);
    memory_free(learned->selves);
    *learned = (struct learned){0};
}

/* ---- one example ---- */

size_t most_probable(const double *probabilities, size_t classes)
{
    size_t best = 0;
    for (size_t k = 1; k < classes; k++)
        if (probabilities[k] > probabilities[best]) best = k;
    return best;
}

double self_confidence(const struct example *example)
{
    return example->probabilities[example->label];
}

double normalized_margin(const struct example *example, size_t classes)
{
    double other = -INFINITY;
    for (size_t k = 0; k < classes; k++)
        if ((int64_t)k != example->label && example->probabilities[k] > other)
            other = example->probabilities[k];
    return (self_confidence(example) - other + 1) / 2;
}

/* The class the example confidently belongs to; `classes` where it is none. */
static size_t confident_class(const struct learned *learned, const struct example *example)
{
    size_t found = 0, last = learned->classes;
    for (size_t k = 0; k < learned->classes; k++)
        if (example->probabilities[k] >= learned->thresholds[k] - TOLERANCE) {
            found++;
            last = k;
        }
    return found > 1 ? most_probable(example->probabilities, learned->classes) : last;
}

/* The given label is (nearly) the most probable: never an issue. */
static bool agrees(const struct learned *learned, const struct example *example)
{
    const double *p = example->probabilities;
    double own = p[example->label] + TOLERANCE;
    for (size_t k = 0; k < learned->classes; k++) {
        if ((int64_t)k == example->label) continue;
        if ((int64_t)k < example->label ? p[k] >= own : p[k] > own) return false;
    }
    return true;
}

static bool within_least(const struct cut *cut, double value, int64_t row)
{
    return value < cut->value || (value == cut->value && row <= cut->row);
}

static bool within_largest(const struct cut *cut, double value, int64_t row)
{
    return value > cut->value || (value == cut->value && row <= cut->row);
}

static bool pruned_by_rate(const struct learned *learned, const struct example *example)
{
    const double *p = example->probabilities;
    const struct cut *cuts = learned->margins + (size_t)example->label * learned->classes;
    for (size_t k = 0; k < learned->classes; k++)
        if ((int64_t)k != example->label &&
            within_largest(&cuts[k], p[k] - p[example->label], example->row))
            return true;
    return false;
}

static bool pruned_by_class(const struct learned *learned, const struct example *example)
{
    return within_least(&learned->selves[example->label], example->score, example->row);
}

static double score_of(const struct learned *learned, enum label_filter filter,
                       const struct example *example)
{
    return filter == FILTER_LOW_MARGIN ? normalized_margin(example, learned->classes)
                                       : example->score;
}

static bool off_diagonal(const struct learned *learned, const struct example *example)
{
    size_t confident = confident_class(learned, example);
    return confident < learned->classes && (int64_t)confident != example->label;
}

bool label_is_issue(const struct learned *learned, enum label_filter filter,
                    const struct example *example)
{
    switch (filter) {
    case FILTER_LOW_MARGIN:
    case FILTER_LOW_SELF_CONFIDENCE:
        return within_least(&learned->score, score_of(learned, filter, example), example->row);
    default: break;
    }
    if (agrees(learned, example)) return false;
    switch (filter) {
    case FILTER_NOISE_RATE: return pruned_by_rate(learned, example);
    case FILTER_CLASS: return pruned_by_class(learned, example);
    case FILTER_BOTH: return pruned_by_rate(learned, example) && pruned_by_class(learned, example);
    case FILTER_CONFIDENT_LEARNING: return off_diagonal(learned, example);
    default: return true; /* FILTER_PREDICTED */
    }
}

/* ---- all examples ---- */

struct examples {
    const uint8_t *bytes;
    size_t count, size;
    size_t *order;  /* by given label, then by row */
    size_t *starts; /* in order, by label, one more at the end */
};

static const struct example *example_at(const struct examples *examples, size_t index)
{
    return (const struct example *)(const void *)(examples->bytes + index * examples->size);
}

/* Sorts by given label (counting sort). */
static void sort_by_label(struct examples *examples, const struct learned *learned)
{
    for (size_t k = 0; k < learned->classes; k++)
        examples->starts[k + 1] = examples->starts[k] + (size_t)learned->counts[k];
    for (size_t i = 0; i < examples->count; i++)
        examples->order[examples->starts[example_at(examples, i)->label]++] = i;
    for (size_t k = learned->classes; k > 0; k--)
        examples->starts[k] = examples->starts[k - 1];
    examples->starts[0] = 0;
}

/* Rounds a row of the matrix so that its sum stays: the places whose fraction was cut most get one
 * more (one less where the sum was too large). */
static void round_row(const double *reals, int64_t *ret, size_t count)
{
    double sum = 0;
    int64_t total = 0;
    for (size_t k = 0; k < count; k++) {
        sum += reals[k];
        ret[k] = (int64_t)rint(reals[k]);
        total += ret[k];
    }
    int64_t missing = (int64_t)rint(sum) - total;
    int64_t step = missing < 0 ? -1 : 1;
    for (; missing != 0; missing -= step) {
        size_t chosen = 0;
        double most = -INFINITY;
        for (size_t k = 0; k < count; k++) {
            double cut = (reals[k] - (double)ret[k]) * (double)step;
            /* Of equal ones cleanlab takes the last to add to, the first to take from. */
            if (cut > most || (cut == most && step > 0)) {
                most = cut;
                chosen = k;
            }
        }
        ret[chosen] += step;
    }
}

static enum status count_joint(struct learned *learned, const struct examples *examples,
                               struct err *err)
{
    size_t classes = learned->classes;
    OWNED(memory_release) double *scaled = NULL;
    TRY(NEW(&scaled, classes, err));
    for (size_t i = 0; i < examples->count; i++) {
        const struct example *example = example_at(examples, i);
        size_t confident = confident_class(learned, example);
        if (confident < classes) learned->joint[(size_t)example->label * classes + confident]++;
    }
    for (size_t k = 0; k < classes; k++) {
        int64_t *row = learned->joint + k * classes;
        if (row[k] < 1) row[k] = 1;
        double sum = 0;
        for (size_t j = 0; j < classes; j++)
            sum += (double)row[j];
        for (size_t j = 0; j < classes; j++)
            scaled[j] = (double)row[j] / sum * (double)learned->counts[k];
        round_row(scaled, row, classes);
    }
    return STATUS_OK;
}

/* Keeps LEAST_PER_CLASS examples of a given class: what its diagonal lacks is taken evenly from its
 * other counts. */
static void keep_some(const struct learned *learned, size_t given, double *ret)
{
    size_t classes = learned->classes, others = 0;
    const int64_t *row = learned->joint + given * classes;
    int64_t lacking = row[given] < LEAST_PER_CLASS ? LEAST_PER_CLASS - row[given] : 0;
    for (size_t k = 0; k < classes; k++)
        others += row[k] != 0;
    double each = (double)lacking / (others > 2 ? (double)others - 1 : 1);
    for (size_t k = 0; k < classes; k++) {
        ret[k] = (double)row[k] - each;
        if (ret[k] < 0) ret[k] = 0;
        ret[k] = trunc(ret[k]);
    }
    ret[given] = (double)(row[given] + lacking);
}

/* ---- ranking ---- */

struct ranked {
    double value;
    int64_t row;
};

static bool before(const struct ranked *a, const struct ranked *b)
{
    return a->value < b->value || (a->value == b->value && a->row < b->row);
}

/* The element of rank `rank` in that order (quickselect). */
static struct ranked select_ranked(struct ranked *items, size_t count, size_t rank)
{
    size_t low = 0, high = count - 1;
    while (low < high) {
        struct ranked pivot = items[low + (high - low) / 2];
        size_t left = low, right = high;
        for (;;) {
            while (before(&items[left], &pivot))
                left++;
            while (before(&pivot, &items[right]))
                right--;
            if (left >= right) break;
            struct ranked swap = items[left];
            items[left++] = items[right];
            items[right--] = swap;
        }
        if (rank <= right)
            high = right;
        else
            low = right + 1;
    }
    return items[rank];
}

/* The cut behind the `wanted` first of a ranking. */
static struct cut cut_at(struct ranked *items, size_t count, int64_t wanted, double sign)
{
    if (wanted <= 0 || count == 0) return (struct cut){.value = NAN};
    size_t rank = (size_t)wanted > count ? count - 1 : (size_t)wanted - 1;
    struct ranked last = select_ranked(items, count, rank);
    return (struct cut){sign * last.value, last.row};
}

/* The examples of a given label: by how much another class is more probable, largest first; or,
 * with `other` the label itself, by self-confidence. */
static size_t rank_examples(const struct examples *examples, size_t given, size_t other,
                            struct ranked *ret)
{
    size_t count = 0;
    for (size_t i = examples->starts[given]; i < examples->starts[given + 1]; i++) {
        const struct example *e = example_at(examples, examples->order[i]);
        double value =
            other == given ? e->score : -(e->probabilities[other] - e->probabilities[given]);
        ret[count++] = (struct ranked){value, e->row};
    }
    return count;
}

static enum status cut_classes(struct learned *learned, const struct examples *examples,
                               struct ranked *ranked, struct err *err)
{
    size_t classes = learned->classes;
    OWNED(memory_release) double *reals = NULL;
    OWNED(memory_release) int64_t *prune = NULL;
    TRY(NEW(&reals, classes, err));
    TRY(NEW(&prune, classes * classes, err)); /* given x other */
    for (size_t given = 0; given < classes; given++) {
        keep_some(learned, given, reals);
        for (size_t k = 0; k < classes; k++)
            prune[given * classes + k] = (int64_t)reals[k];
    }
    for (size_t given = 0; given < classes; given++) {
        if (learned->counts[given] <= LEAST_PER_CLASS) continue;
        size_t count = rank_examples(examples, given, given, ranked);
        learned->selves[given] =
            cut_at(ranked, count, (int64_t)count - prune[given * classes + given], 1);
        for (size_t other = 0; other < classes; other++) {
            if (other == given || prune[given * classes + other] <= 0) continue;
            count = rank_examples(examples, given, other, ranked);
            learned->margins[given * classes + other] =
                cut_at(ranked, count, prune[given * classes + other], -1);
        }
    }
    return STATUS_OK;
}

static void cut_scores(struct learned *learned, enum label_filter filter,
                       const struct examples *examples, struct ranked *ranked)
{
    int64_t wanted = 0;
    for (size_t i = 0; i < examples->count; i++) {
        const struct example *e = example_at(examples, i);
        wanted += off_diagonal(learned, e) && !agrees(learned, e);
        ranked[i] = (struct ranked){score_of(learned, filter, e), e->row};
    }
    learned->score = cut_at(ranked, examples->count, wanted, 1);
}

static bool is_score(enum label_filter filter)
{
    return filter == FILTER_LOW_MARGIN || filter == FILTER_LOW_SELF_CONFIDENCE;
}

enum status learn(struct learned *learned, enum label_filter filter, const uint8_t *bytes,
                  size_t count, const double *sums, size_t memory, struct err *err)
{
    struct examples examples = {bytes, count, example_bytes(learned->classes), NULL, NULL};
    for (size_t k = 0; k < learned->classes; k++) {
        int64_t n = learned->counts[k];
        /* A class nobody was given is never reached. */
        learned->thresholds[k] = n == 0 ? 2 : sums[k] / (double)n;
        if (learned->thresholds[k] < THRESHOLD_LEAST) learned->thresholds[k] = THRESHOLD_LEAST;
    }
    TRY(count_joint(learned, &examples, err));
    if (filter == FILTER_CONFIDENT_LEARNING || filter == FILTER_PREDICTED) return STATUS_OK;
    OWNED(scratch_release) struct scratch ranked = {0};
    OWNED(scratch_release) struct scratch order = {0};
    OWNED(memory_release) size_t *starts = NULL;
    TRY(scratch_open(&ranked, (count + 1) * sizeof(struct ranked), memory / 2, err));
    if (is_score(filter)) {
        cut_scores(learned, filter, &examples, ranked.data);
        return STATUS_OK;
    }
    TRY(scratch_open(&order, (count + 1) * sizeof(size_t), memory / 2, err));
    TRY(NEW(&starts, learned->classes + 1, err));
    examples.order = order.data;
    examples.starts = starts;
    sort_by_label(&examples, learned);
    return cut_classes(learned, &examples, ranked.data, err);
}
