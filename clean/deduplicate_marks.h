/* clean/deduplicate_marks.h: which row merges into which, how sure that is, and which row of a
 * group stays. */
#ifndef CLEAN_DEDUPLICATE_MARKS_H
#define CLEAN_DEDUPLICATE_MARKS_H

#include "clean/spill.h"

/* into[row] is the number of the row that `row` merges into, plus 1; 0 = it stays. The row merged
 * into always stays itself. */
struct marks {
    struct scratch scratch;
    int64_t *into;
    int64_t rows;
    struct scratch score_scratch;
    float *scores; /* of the merged row; NULL without marks_score */
};
MUST_CHECK enum status marks_open(struct marks *ret, int64_t rows, size_t memory, struct err *err);
/* Adds a score a row. */
MUST_CHECK enum status marks_score(struct marks *marks, size_t memory, struct err *err);
void marks_release(struct marks *marks);

/* Lets the row of each group with the greatest rank stay, the one that stayed so far and then the
 * first on a tie. ranks: one a row, marks->rows of them. */
MUST_CHECK enum status marks_elect(struct marks *marks, const int64_t *ranks, size_t memory,
                                   struct err *err);

#endif
