/* clean/outliers_fences.h: two fences a column; what lies outside is unusual.
 *
 * mad: median +- threshold x 1.4826 x MAD (Iglewicz and Hoaglin 1993, 3.5); iqr: quartiles -+
 * threshold x IQR (Tukey 1977, 1.5); z: mean +- threshold x standard deviation (3). Median and
 * quartiles are exact for any size. A column without spread (more than half of its values equal)
 * has no fences. */
#ifndef CLEAN_OUTLIERS_FENCES_H
#define CLEAN_OUTLIERS_FENCES_H

#include "clean/summary.h"

enum fence_method { FENCE_MAD, FENCE_IQR, FENCE_Z };

struct fence {
    double low, high; /* infinite where there is no spread */
    double center, spread;
    const char *text; /* "[low, high]" for row events */
};

struct fences_plan {
    enum fence_method method;
    double threshold;
    const size_t *columns; /* of the schema; borrowed */
    size_t count;
    size_t memory, threads;
    struct arena *arena; /* of the texts */
};
struct fences;
MUST_CHECK enum status fences_open(struct fences **ret, const struct fences_plan *plan,
                                   struct err *err);
/* The fit behind them: clean/summary.h says how it goes. */
struct summary *fences_summary(const struct fences *fences);
MUST_CHECK enum status fences_settle(struct fences *fences, bool *ret_more, struct err *err);
const struct fence *fences_at(const struct fences *fences, size_t index);
/* {"name": {"low": ...}, ...} */
MUST_CHECK enum status fences_save(const struct fences *fences, const struct schema *schema,
                                   struct bytes *json, struct err *err);
MUST_CHECK enum status fences_load(struct fences *fences, const struct schema *schema,
                                   const struct yaml_node *map, struct err *err);
void fences_close(struct fences **fences);

#endif
