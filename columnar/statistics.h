/* columnar/statistics.h: what a chunk says about its columns: count, nulls, minimum, maximum,
 * distinct estimate. Written once, used for pruning and reports. */
#ifndef COLUMNAR_STATISTICS_H
#define COLUMNAR_STATISTICS_H

#include "columnar/array.h"

struct column_statistics {
    int64_t rows, nulls;
    int64_t distinct; /* HyperLogLog estimate (Flajolet et al. 2007), exact to 1024 */
    bool has_range;   /* minimum and maximum mean something */
    char minimum[128],
        maximum[128]; /* as array_value_text; texts cut at 120 bytes, maximum upward */
};
MUST_CHECK enum status array_statistics(const struct field *field, const struct array *array,
                                        struct column_statistics *ret, struct err *err);
/* `ret` has schema->count places. */
MUST_CHECK enum status batch_statistics(const struct batch *batch, struct column_statistics *ret,
                                        struct err *err);

#endif
