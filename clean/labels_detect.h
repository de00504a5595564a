/* clean/labels_detect.h: probabilities of labels for data that come without any.
 *
 * A detector is a space of features and a way to learn from them: softmax regression over
 * stratified folds (clean/labels_softmax.h) or nearest rows (clean/labels_knn.h). Rows are dealt to
 * folds class by class in the order of their hashes, so folds depend on the rows and the seed
 * alone. Several detectors are one by the mean of their probabilities; the score of a label is the
 * probability it gets, or with `ranks` the mean over detectors of the share of rows whose label
 * gets less. */
#ifndef CLEAN_LABELS_DETECT_H
#define CLEAN_LABELS_DETECT_H

#include "clean/labels_features.h"

enum detector_kind { DETECT_SOFTMAX, DETECT_KNN, DETECT_HOG, DETECT_PATCHES };
#define DETECTORS 4
extern const char *const detector_names[DETECTORS]; /* "softmax", "knn", "hog", "patches" */

struct detect_plan {
    bool chosen[DETECTORS]; /* softmax needs columns, hog and patches a picture, knn either */
    struct kept_layout layout;
    size_t folds;     /* 2 ... 50 */
    size_t neighbors; /* 0 = choose */
    double penalty;   /* 0 = choose */
    bool ranks;
    size_t threads, memory;
};

struct detection;
MUST_CHECK enum status detection_open(struct detection **ret, const struct detect_plan *plan,
                                      struct err *err);
/* labels             by row: class, each below `classes`
 * ret_probabilities  rows x classes, out of sample
 * ret_scores         by row, of its label */
MUST_CHECK enum status detection_fit(struct detection *detection, const struct kept_rows *rows,
                                     const uint32_t *labels, size_t classes,
                                     double *ret_probabilities, double *ret_scores,
                                     struct err *err);

/* False until it was fitted to two rows and more, or loaded. */
bool detection_is_fitted(const struct detection *detection);

/* Room for detection_predict, one for each thread. */
struct detect_work {
    float *work, *features;
    double *probabilities;
};
MUST_CHECK enum status detect_work_open(struct detect_work *ret, const struct detection *detection,
                                        struct err *err);
void detect_work_release(struct detect_work *work);
/* A row that was not learned from. `label` SIZE_MAX: no score. */
void detection_predict(const struct detection *detection, const uint8_t *row, size_t label,
                       struct detect_work *work, double *ret_probabilities, double *ret_score);

MUST_CHECK enum status detection_save(const struct detection *detection, struct bytes *json,
                                      struct err *err);
MUST_CHECK enum status detection_load(struct detection *detection, size_t classes,
                                      const struct yaml_node *map, struct err *err);
void detection_close(struct detection **detection);

#endif
