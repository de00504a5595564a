/* clean/labels_knn.h: how probable each label is, by the labels of the nearest other rows.
 *
 * Euclidean distance between standardized features; a class has (votes + its share of all rows) /
 * (neighbors + 1). A row never votes for itself. The number of neighbors is the one whose
 * probabilities have the least cross-entropy with the given labels (Cover and Hart 1967). */
#ifndef CLEAN_LABELS_KNN_H
#define CLEAN_LABELS_KNN_H

#include "clean/labels_softmax.h"

#define KNN_MOST 80 /* neighbors */

struct knn_rows {
    const float *features; /* rows x columns */
    const uint32_t *labels;
    size_t rows, columns, classes;
};

/* neighbors          1 ... KNN_MOST, or 0 = choose
 * ret_probabilities  rows x classes */
MUST_CHECK enum status knn_fit(const struct knn_rows *rows, size_t neighbors, size_t threads,
                               size_t memory, double *ret_probabilities, size_t *ret_neighbors,
                               struct err *err);
/* One row that is not among them. */
void knn_predict(const struct knn_rows *rows, size_t neighbors, const float *row, double *ret);

#endif
