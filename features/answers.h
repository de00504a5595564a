/* features/answers.h: a view too large for memory answers a spine: range of entities after range,
 * each about the whole spine, and the answers wait in a temporary file until the rows of the spine
 * are put together in their order. */
#ifndef FEATURES_ANSWERS_H
#define FEATURES_ANSWERS_H

#include "features/feature_table.h"
#include "features/sorted_run.h"

struct question {
    const struct key_layout *layout; /* of the view's entity in the spine */
    int64_t time_column;             /* of the spine, -1 = none */
    const struct sorted_run *spine;  /* its batches */
    uint64_t budget;                 /* bytes of the view in memory */
    size_t threads;
};

struct answers;
/* `table` has its first range loaded and there are more; it is at its last one afterwards. The
 * file is borrowed. */
MUST_CHECK enum status answers_make(struct answers **ret, struct feature_table *table,
                                    const struct question *question, struct spill_file *file,
                                    struct err *err);
/* The table's answers for batch number `at` of the spine, which has `rows` rows, as new references
 * in `ret`. Any thread. */
MUST_CHECK enum status answers_read(const struct answers *answers, size_t at, int64_t rows,
                                    struct array **ret, struct err *err);
/* Rows of the spine that have a row of features. */
int64_t answers_found(const struct answers *answers);
void answers_close(struct answers **answers);

#endif
