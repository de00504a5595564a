/* clean/deduplicate_marks.c: which row merges into which. */
#include "clean/deduplicate_marks.h"

enum status marks_open(struct marks *ret, int64_t rows, size_t memory, struct err *err)
{
    TRY(scratch_open(&ret->scratch, ((size_t)rows + 1) * sizeof *ret->into, memory, err));
    ret->into = ret->scratch.data;
    ret->rows = rows;
    return STATUS_OK;
}

enum status marks_score(struct marks *marks, size_t memory, struct err *err)
{
    size_t size = ((size_t)marks->rows + 1) * sizeof *marks->scores;
    TRY(scratch_open(&marks->score_scratch, size, memory, err));
    marks->scores = marks->score_scratch.data;
    return STATUS_OK;
}

void marks_release(struct marks *marks)
{
    scratch_release(&marks->scratch);
    scratch_release(&marks->score_scratch);
    *marks = (struct marks){0};
}

enum status marks_elect(struct marks *marks, const int64_t *ranks, size_t memory, struct err *err)
{
    OWNED(scratch_release) struct scratch scratch = {0};
    TRY(scratch_open(&scratch, ((size_t)marks->rows + 1) * sizeof(int64_t), memory, err));
    int64_t *best = scratch.data; /* of the group whose present survivor is `row`, plus 1 */
    int64_t *into = marks->into;
    for (int64_t row = 0; row < marks->rows; row++) {
        if (into[row] == 0) continue;
        int64_t stays = into[row] - 1;
        int64_t so_far = best[stays] == 0 ? stays : best[stays] - 1;
        best[stays] = (ranks[row] > ranks[so_far] ? row : so_far) + 1;
    }
    for (int64_t row = 0; row < marks->rows; row++) {
        int64_t stays = into[row] == 0 ? row : into[row] - 1;
        if (best[stays] == 0) continue;
        int64_t elected = best[stays] - 1;
        into[row] = row == elected ? 0 : elected + 1;
        if (marks->scores != NULL && row == stays && row != elected)
            marks->scores[row] = marks->scores[elected];
    }
    return STATUS_OK;
}
