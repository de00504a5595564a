/* clean/labels_detect.c: detectors, one after the other, and what they say together. */
#include "clean/labels_detect.h"

#include "base/memory.h"
#include "clean/labels_knn.h"
#include "clean/labels_softmax.h"
#include "clean/parameters.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define GRID      257  /* quantiles that stand for the ranks of a detector */
#define REFERENCE 5000 /* rows that new ones are held against by knn */

const char *const detector_names[DETECTORS] = {"softmax", "knn", "hog", "patches"};

struct detector {
    struct space *space; /* NULL = not chosen */
    double *weights;     /* softmax regression: columns x classes */
    double penalty;
    float *reference; /* knn: rows x columns */
    uint32_t *reference_labels;
    size_t reference_rows, neighbors;
    double quantiles[GRID]; /* of the probability of the given label */
};

struct detection {
    struct detect_plan plan;
    size_t classes;
    bool fitted;
    struct detector detectors[DETECTORS];
};

/* ---- life ---- */

static enum space_kind space_of(const struct detect_plan *plan, size_t kind)
{
    switch ((enum detector_kind)kind) {
    case DETECT_HOG: return SPACE_HOG;
    case DETECT_PATCHES: return SPACE_PATCHES;
    default: return plan->layout.columns > 0 ? SPACE_NUMBERS : SPACE_PATCHES;
    }
}

enum status detection_open(struct detection **ret, const struct detect_plan *plan, struct err *err)
{
    struct detection *detection;
    TRY(NEW(&detection, 1, err));
    *ret = detection;
    detection->plan = *plan;
    for (size_t d = 0; d < DETECTORS; d++)
        if (plan->chosen[d])
            TRY(space_open(&detection->detectors[d].space, space_of(plan, d), &plan->layout, err));
    return STATUS_OK;
}

void detection_close(struct detection **ret)
{
    struct detection *detection = *ret;
    if (detection == NULL) return;
    for (size_t d = 0; d < DETECTORS; d++) {
        space_close(&detection->detectors[d].space);
        memory_free(detection->detectors[d].weights);
        memory_free(detection->detectors[d].reference);
        memory_free(detection->detectors[d].reference_labels);
    }
    memory_free(detection);
    *ret = NULL;
}

bool detection_is_fitted(const struct detection *detection)
{
    return detection->fitted;
}

static double detector_count(const struct detection *detection)
{
    double count = 0;
    for (size_t d = 0; d < DETECTORS; d++)
        count += detection->plan.chosen[d];
    return count;
}

/* ---- folds ---- */

struct dealt {
    uint64_t hash;
    uint32_t label, row;
};

static int by_label_and_hash(const void *a, const void *b)
{
    const struct dealt *x = a, *y = b;
    if (x->label != y->label) return x->label < y->label ? -1 : 1;
    if (x->hash != y->hash) return x->hash < y->hash ? -1 : 1;
    return x->row < y->row ? -1 : x->row > y->row;
}

/* Class by class like cards, going on where the last class ended: folds differ by one row at most,
 * in all and in each class. */
static enum status deal(const uint64_t *hashes, const uint32_t *labels, size_t count, size_t folds,
                        uint8_t *ret, struct err *err)
{
    OWNED(memory_release) struct dealt *cards = NULL;
    TRY(NEW(&cards, count, err));
    for (size_t i = 0; i < count; i++)
        cards[i] = (struct dealt){hashes[i], labels[i], (uint32_t)i};
    if (count > 0) qsort(cards, count, sizeof *cards, by_label_and_hash);
    for (size_t i = 0; i < count; i++)
        ret[cards[i].row] = (uint8_t)(i % folds);
    return STATUS_OK;
}

/* ---- learning ---- */

struct fitting {
    struct detection *detection;
    const struct kept_rows *rows;
    const uint32_t *labels;
    uint8_t *folds;
    size_t fold_count;
    struct scratch probabilities; /* of one detector */
    double *own;                  /* of one detector: of the given label, sorted */
};

static void fitting_release(struct fitting *fitting)
{
    memory_free(fitting->folds);
    memory_free(fitting->own);
    scratch_release(&fitting->probabilities);
}

static enum status fit_softmax(const struct fitting *fitting, struct detector *detector,
                               const float *features, struct err *err)
{
    const struct detect_plan *plan = &fitting->detection->plan;
    struct examples_view view = {
        .features = features,
        .rows = fitting->rows->count,
        .columns = space_columns(detector->space),
        .labels = fitting->labels,
        .folds = fitting->folds,
        .classes = fitting->detection->classes,
        .fold_count = fitting->fold_count,
    };
    struct softmax_plan softmax_plan = {plan->penalty, plan->threads, plan->memory / 2};
    TRY(NEW(&detector->weights, view.columns * view.classes, err));
    return softmax_fit(&view, &softmax_plan, fitting->probabilities.data, detector->weights,
                       &detector->penalty, err);
}

/* An even choice of the rows stays behind for new ones. */
static enum status fit_knn(const struct fitting *fitting, struct detector *detector,
                           const float *features, struct err *err)
{
    const struct detect_plan *plan = &fitting->detection->plan;
    size_t count = fitting->rows->count, columns = space_columns(detector->space);
    struct knn_rows rows = {features, fitting->labels, count, columns, fitting->detection->classes};
    TRY(knn_fit(&rows, plan->neighbors, plan->threads, plan->memory / 2,
                fitting->probabilities.data, &detector->neighbors, err));
    detector->reference_rows = count < REFERENCE ? count : REFERENCE;
    TRY(NEW(&detector->reference, detector->reference_rows * columns, err));
    TRY(NEW(&detector->reference_labels, detector->reference_rows, err));
    for (size_t i = 0; i < detector->reference_rows; i++) {
        size_t at = i * count / detector->reference_rows;
        memcpy(detector->reference + i * columns, features + at * columns,
               columns * sizeof *features);
        detector->reference_labels[i] = fitting->labels[at];
    }
    return STATUS_OK;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void take_quantiles(const struct fitting *fitting, struct detector *detector)
{
    size_t count = fitting->rows->count, classes = fitting->detection->classes;
    const double *probabilities = fitting->probabilities.data;
    for (size_t i = 0; i < count; i++)
        fitting->own[i] = probabilities[i * classes + fitting->labels[i]];
    qsort(fitting->own, count, sizeof *fitting->own, by_value);
    for (size_t q = 0; q < GRID; q++)
        detector->quantiles[q] = fitting->own[q * (count - 1) / (GRID - 1)];
}

/* The share of rows whose label gets less, between quantiles linear. */
static double rank_of(const struct detector *detector, double probability)
{
    size_t low = 0, high = GRID - 1;
    const double *q = detector->quantiles;
    if (!(probability > q[low])) return 0;
    if (probability >= q[high]) return 1;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (q[middle] < probability)
            low = middle;
        else
            high = middle;
    }
    return ((double)low + (probability - q[low]) / (q[high] - q[low])) / (GRID - 1);
}

static double score_of(const struct detection *detection, const struct detector *detector,
                       double probability)
{
    return detection->plan.ranks ? rank_of(detector, probability) : probability;
}

static enum status run_detector(struct fitting *fitting, size_t kind, double *ret_probabilities,
                                double *ret_scores, struct err *err)
{
    struct detection *detection = fitting->detection;
    struct detector *detector = &detection->detectors[kind];
    size_t count = fitting->rows->count, classes = detection->classes;
    double share = 1 / detector_count(detection);
    OWNED(scratch_release) struct scratch features = {0};
    TRY(scratch_open(&features, count * space_columns(detector->space) * sizeof(float),
                     detection->plan.memory / 4, err));
    TRY(space_learn(detector->space, fitting->rows, detection->plan.threads, features.data, err));
    if (kind == DETECT_KNN)
        TRY(fit_knn(fitting, detector, features.data, err));
    else
        TRY(fit_softmax(fitting, detector, features.data, err));
    take_quantiles(fitting, detector);
    const double *probabilities = fitting->probabilities.data;
    for (size_t i = 0; i < count; i++) {
        double own = probabilities[i * classes + fitting->labels[i]];
        ret_scores[i] += share * score_of(detection, detector, own);
        for (size_t k = 0; k < classes; k++)
            ret_probabilities[i * classes + k] += share * probabilities[i * classes + k];
    }
    return STATUS_OK;
}

enum status detection_fit(struct detection *detection, const struct kept_rows *rows,
                          const uint32_t *labels, size_t classes, double *ret_probabilities,
                          double *ret_scores, struct err *err)
{
    OWNED(fitting_release)
    struct fitting fitting = {.detection = detection, .rows = rows, .labels = labels};
    size_t folds = detection->plan.folds;
    detection->classes = classes;
    memset(ret_probabilities, 0, rows->count * classes * sizeof *ret_probabilities);
    memset(ret_scores, 0, rows->count * sizeof *ret_scores);
    if (rows->count < 2) return STATUS_OK;
    fitting.fold_count = rows->count < folds ? rows->count : folds;
    TRY(NEW(&fitting.folds, rows->count, err));
    TRY(NEW(&fitting.own, rows->count, err));
    TRY(deal(rows->hashes, labels, rows->count, fitting.fold_count, fitting.folds, err));
    TRY(scratch_open(&fitting.probabilities, rows->count * classes * sizeof(double),
                     detection->plan.memory / 8, err));
    for (size_t d = 0; d < DETECTORS; d++)
        if (detection->plan.chosen[d])
            TRY(run_detector(&fitting, d, ret_probabilities, ret_scores, err));
    detection->fitted = true;
    return STATUS_OK;
}

/* ---- new rows ---- */

enum status detect_work_open(struct detect_work *ret, const struct detection *detection,
                             struct err *err)
{
    size_t work = 1, columns = 1;
    for (size_t d = 0; d < DETECTORS; d++) {
        const struct space *space = detection->detectors[d].space;
        if (space == NULL) continue;
        if (space_work(space) > work) work = space_work(space);
        if (space_columns(space) > columns) columns = space_columns(space);
    }
    TRY(NEW(&ret->work, work, err));
    TRY(NEW(&ret->features, columns, err));
    return NEW(&ret->probabilities, detection->classes + 1, err);
}

void detect_work_release(struct detect_work *work)
{
    memory_free(work->work);
    memory_free(work->features);
    memory_free(work->probabilities);
    *work = (struct detect_work){0};
}

static void predict(const struct detection *detection, const struct detector *detector,
                    const struct detect_work *work)
{
    size_t columns = space_columns(detector->space);
    if (detector->weights != NULL) {
        softmax_predict(detector->weights, columns, detection->classes, work->features,
                        work->probabilities);
        return;
    }
    struct knn_rows rows = {detector->reference, detector->reference_labels,
                            detector->reference_rows, columns, detection->classes};
    knn_predict(&rows, detector->neighbors, work->features, work->probabilities);
}

void detection_predict(const struct detection *detection, const uint8_t *row, size_t label,
                       struct detect_work *work, double *ret_probabilities, double *ret_score)
{
    double share = 1 / detector_count(detection);
    memset(ret_probabilities, 0, detection->classes * sizeof *ret_probabilities);
    *ret_score = 0;
    for (size_t d = 0; d < DETECTORS; d++) {
        const struct detector *detector = &detection->detectors[d];
        if (detector->space == NULL) continue;
        space_features(detector->space, row, work->work, work->features);
        predict(detection, detector, work);
        for (size_t k = 0; k < detection->classes; k++)
            ret_probabilities[k] += share * work->probabilities[k];
        if (label < detection->classes)
            *ret_score += share * score_of(detection, detector, work->probabilities[label]);
    }
}

/* ---- state ---- */

static enum status save_model(const struct detection *detection, const struct detector *detector,
                              struct bytes *json, struct err *err)
{
    size_t columns = space_columns(detector->space);
    if (detector->weights != NULL) {
        TRY(put_real(json, "penalty", detector->penalty, err));
        TRY(bytes_append_text(json, ", ", err));
        return put_reals(json, "weights", detector->weights, columns * detection->classes, err);
    }
    TRY(put_integer(json, "neighbors", (int64_t)detector->neighbors, err));
    TRY(bytes_append_text(json, ", ", err));
    TRY(put_integer(json, "rows", (int64_t)detector->reference_rows, err));
    TRY(bytes_append_text(json, ", ", err));
    TRY(put_floats(json, "features", detector->reference, detector->reference_rows * columns, err));
    TRY(bytes_append_text(json, ", \"labels\": [", err));
    for (size_t i = 0; i < detector->reference_rows; i++)
        TRY(bytes_format(json, err, "%s%u", i > 0 ? ", " : "", detector->reference_labels[i]));
    return bytes_append_text(json, "]", err);
}

enum status detection_save(const struct detection *detection, struct bytes *json, struct err *err)
{
    const char *before = "{";
    if (!detection->fitted) return bytes_append_text(json, "{}", err);
    for (size_t d = 0; d < DETECTORS; d++) {
        const struct detector *detector = &detection->detectors[d];
        if (detector->space == NULL) continue;
        TRY(bytes_format(json, err, "%s\"%s\": {\"space\": ", before, detector_names[d]));
        TRY(space_save(detector->space, json, err));
        TRY(bytes_append_text(json, ", ", err));
        TRY(put_reals(json, "quantiles", detector->quantiles, GRID, err));
        TRY(bytes_append_text(json, ", ", err));
        TRY(save_model(detection, detector, json, err));
        TRY(bytes_append_text(json, "}", err));
        before = ", ";
    }
    return bytes_append_text(json, "}", err);
}

static enum status load_knn(const struct detection *detection, struct detector *detector,
                            const struct yaml_node *map, struct err *err)
{
    int64_t neighbors, rows;
    size_t columns = space_columns(detector->space);
    TRY(get_integer(map, "neighbors", &neighbors, err));
    TRY(get_integer(map, "rows", &rows, err));
    if (neighbors < 1 || neighbors > KNN_MOST || rows < 1 || rows > REFERENCE)
        return fail_at(map, err, "%lld neighbors of %lld rows, at most %d of %d are possible",
                       (long long)neighbors, (long long)rows, KNN_MOST, REFERENCE);
    detector->neighbors = (size_t)neighbors;
    detector->reference_rows = (size_t)rows;
    OWNED(memory_release) double *labels = NULL;
    TRY(NEW(&labels, detector->reference_rows, err));
    TRY(NEW(&detector->reference, detector->reference_rows * columns, err));
    TRY(NEW(&detector->reference_labels, detector->reference_rows, err));
    TRY(get_floats(map, "features", detector->reference, detector->reference_rows * columns, err));
    TRY(get_reals(map, "labels", labels, detector->reference_rows, err));
    for (size_t i = 0; i < detector->reference_rows; i++) {
        if (!(labels[i] >= 0 && labels[i] < (double)detection->classes))
            return fail_at(map, err, "label %g is none of %zu classes", labels[i],
                           detection->classes);
        detector->reference_labels[i] = (uint32_t)labels[i];
    }
    return STATUS_OK;
}

static enum status load_detector(const struct detection *detection, size_t kind,
                                 struct detector *detector, const struct yaml_node *map,
                                 struct err *err)
{
    const struct yaml_node *space;
    TRY(get_map(map, "space", &space, err));
    TRY(space_load(detector->space, space, err));
    TRY(get_reals(map, "quantiles", detector->quantiles, GRID, err));
    if (kind == DETECT_KNN) return load_knn(detection, detector, map, err);
    size_t count = space_columns(detector->space) * detection->classes;
    TRY(NEW(&detector->weights, count, err));
    TRY(get_real(map, "penalty", &detector->penalty, err));
    return get_reals(map, "weights", detector->weights, count, err);
}

enum status detection_load(struct detection *detection, size_t classes, const struct yaml_node *map,
                           struct err *err)
{
    detection->classes = classes;
    if (map->count == 0) return STATUS_OK;
    for (size_t d = 0; d < DETECTORS; d++) {
        const struct yaml_node *own;
        if (!detection->plan.chosen[d]) continue;
        TRY(get_map(map, detector_names[d], &own, err));
        TRY(load_detector(detection, d, &detection->detectors[d], own, err));
    }
    detection->fitted = true;
    return STATUS_OK;
}
