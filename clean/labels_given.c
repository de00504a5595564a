/* clean/labels_given.c: probabilities that come with the data, one column a class. */
#include "clean/labels_step.h"
#include "clean/numbers.h"
#include "clean/sample.h"

#include <math.h>

enum status given_read(const struct labels_state *state, const struct batch *batch, double **ret,
                       struct err *err)
{
    size_t rows = (size_t)batch->rows;
    TRY(NEW(ret, state->learned.classes * rows, err));
    for (size_t k = 0; k < state->learned.classes; k++) {
        size_t at = state->columns[k];
        numbers_read(&state->schema->fields[at], batch->columns[at], *ret + k * rows);
    }
    return STATUS_OK;
}

bool given_example(const struct labels_state *state, const struct window *window,
                   const double *probabilities, int64_t row, struct example *example)
{
    double sum = 0;
    example->row = window->first_row + row;
    if (!labels_class_of(state, window->batch, row, &example->label)) return false;
    for (size_t k = 0; k < state->learned.classes; k++) {
        double p = probabilities[k * (size_t)window->batch->rows + (size_t)row];
        if (!(p >= 0) || isinf(p)) return false;
        example->probabilities[k] = p;
        sum += p;
    }
    if (sum <= 0) return false;
    for (size_t k = 0; k < state->learned.classes; k++)
        example->probabilities[k] /= sum;
    example->hash = sample_hash(window, row, state->seed);
    example->score = self_confidence(example);
    return true;
}

enum status given_observe(const struct labels_state *state, const struct window *window,
                          struct labels_tally *tally, struct err *err)
{
    size_t classes = state->learned.classes, size = example_bytes(classes);
    OWNED(memory_release) double *probabilities = NULL;
    OWNED(memory_release) struct example *example = NULL;
    TRY(given_read(state, window->batch, &probabilities, err));
    example = memory_get(1, size);
    if (example == NULL) return fail_memory(err, size);
    TRY(NEW(&tally->sums, classes, err));
    TRY(NEW(&tally->counts, classes, err));
    tally->examples = bytes_limited((size_t)window->batch->rows * size);
    for (int64_t row = 0; row < window->batch->rows; row++) {
        if (!given_example(state, window, probabilities, row, example)) continue;
        tally->sums[example->label] += self_confidence(example);
        tally->counts[example->label]++;
        TRY(bytes_append(&tally->examples, example, size, err));
    }
    return STATUS_OK;
}

enum status given_absorb(struct labels_state *state, struct labels_tally *tally, struct err *err)
{
    for (size_t k = 0; k < state->learned.classes; k++) {
        state->sums[k] += tally->sums[k];
        state->learned.counts[k] += tally->counts[k];
    }
    return spill_add(state->examples, tally->examples.data, tally->examples.size, err);
}
