/* clean/outliers_rows.h: unusual rows: by isolation forest, by distance to similar rows, by density
 * among them, by rare values in single columns, by a robust ellipse, or by the larger of forest and
 * distance.
 *
 * Fitted on a sample of at most 4,000 rows; columns standardized, gaps at the mean. knn: the
 * distance to the `neighbors`-th nearest sampled row (Ramaswamy, Rastogi and Shim 2000). Each score
 * is put on the scale of the sample's own scores, (score - median) / (1.4826 MAD), so that they can
 * be compared and one threshold means the same everywhere. A row never counts as its own neighbor;
 * rows scored with a frozen state are not mixed in. */
#ifndef CLEAN_OUTLIERS_ROWS_H
#define CLEAN_OUTLIERS_ROWS_H

#include "clean/outliers_cut.h"
#include "clean/sample.h"

enum rows_method {
    ROWS_FOREST,
    ROWS_KNN,
    ROWS_LOF,   /* outliers_nearest.h */
    ROWS_ECOD,  /* outliers_tails.h */
    ROWS_COPOD, /* outliers_tails.h */
    ROWS_HBOS,  /* outliers_tails.h */
    ROWS_MCD,   /* outliers_robust.h */
    ROWS_ENSEMBLE
};

struct unusual_plan {
    enum rows_method method;
    size_t columns, neighbors;
    enum cut cut; /* of unusual_cut */
    double share; /* with CUT_SHARE */
};
struct unusual;
MUST_CHECK enum status unusual_open(struct unusual **ret, const struct unusual_plan *plan,
                                    const struct module_setup *setup, struct err *err);
/* About what one holds. */
size_t unusual_bytes(const struct unusual_plan *plan);
struct sample *unusual_sample(struct unusual *unusual);
MUST_CHECK enum status unusual_fit(struct unusual *unusual, struct err *err);

/* From which score on a row is unusual (outliers_cut.h), by the scores of the sample. */
double unusual_cut(const struct unusual *unusual);

struct verdict {
    double score;
    /* Which column drove it: the one farthest from the nearest rows, or that adds most to the
     * score. */
    size_t column;
};
/* `work` has room for unusual_work() doubles. Any thread. */
struct verdict unusual_judge(const struct unusual *unusual, const double *row, uint64_t hash,
                             double *work);
size_t unusual_work(const struct unusual *unusual);

MUST_CHECK enum status unusual_save(const struct unusual *unusual, struct bytes *json,
                                    struct err *err);
MUST_CHECK enum status unusual_load(struct unusual *unusual, const struct yaml_node *map,
                                    struct err *err);
void unusual_close(struct unusual **unusual);

#endif
