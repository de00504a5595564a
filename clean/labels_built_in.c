/* clean/labels_built_in.c: probabilities by detectors of our own.
 *
 * Two passes: the first one counts labels and chooses a sample of the rows by their hashes, the
 * second one keeps what the detectors learn from. Rows of the sample are judged by models that did
 * not see them; all others, and those of a later run with a loaded state, by the model that new
 * rows get. A label that only one row has can not be judged: it takes no part. */
#include "clean/labels_step.h"
#include "clean/numbers.h"
#include "clean/sample.h"

#include <stdlib.h>

#define CLASSES_MOST 1000
#define TALLY_MEMORY ((size_t)8 << 20) /* of rows kept by one window, before they go to a file */

/* ---- first pass ---- */

static enum status observe_labels(const struct labels_state *state, const struct window *window,
                                  struct labels_tally *tally, struct err *err)
{
    char room[64];
    const struct array *labels = window->batch->columns[state->label];
    TRY(NEW(&tally->hashes, (size_t)window->batch->rows, err));
    for (int64_t row = 0; row < window->batch->rows; row++) {
        if (array_is_null(labels, row)) continue;
        struct str text = labels_text(state, window->batch, row, room, sizeof room);
        TRY(counts_add(&tally->labels, text.data, text.size, count_hash(text.data, text.size), 1,
                       err));
        tally->hashes[tally->hash_count++] = sample_hash(window, row, state->seed);
    }
    return STATUS_OK;
}

static void shed(struct hash_sample *sample)
{
    size_t kept = 0;
    sample->below /= 2;
    for (size_t i = 0; i < sample->count; i++)
        if (sample->hashes[i] < sample->below) sample->hashes[kept++] = sample->hashes[i];
    sample->count = kept;
}

static enum status absorb_labels(struct labels_state *state, const struct labels_tally *tally,
                                 struct err *err)
{
    struct hash_sample *sample = &state->sample;
    for (size_t i = 0; i < tally->labels.count; i++) {
        const struct counted *item = &tally->labels.items[i];
        TRY(counts_add(&state->found, item->data, item->size, item->hash, item->count, err));
    }
    if (state->found.count > CLASSES_MOST)
        return fail(err, STATUS_FAILED,
                    "column \"%s\" has more than %d different labels: they are no classes",
                    state->schema->fields[state->label].name, CLASSES_MOST);
    if (sample->hashes == NULL) TRY(NEW(&sample->hashes, sample->most, err));
    for (size_t i = 0; i < tally->hash_count; i++) {
        while (tally->hashes[i] < sample->below && sample->count == sample->most)
            shed(sample);
        if (tally->hashes[i] < sample->below) sample->hashes[sample->count++] = tally->hashes[i];
    }
    return STATUS_OK;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int by_number(const void *a, const void *b)
{
    long long x = strtoll(*(const char *const *)a, NULL, 10);
    long long y = strtoll(*(const char *const *)b, NULL, 10);
    return x < y ? -1 : x > y;
}

/* Classes in the order of their names, whatever the order of the rows. */
static enum status settle_labels(struct labels_state *state, struct err *err)
{
    size_t count = 0;
    const char **names = arena_get(state->arena, state->found.count + 1, sizeof *names);
    if (names == NULL) return fail_memory(err, state->found.count * sizeof *names);
    for (size_t i = 0; i < state->found.count; i++) {
        const struct counted *item = &state->found.items[i];
        if (item->count < 2) continue;
        names[count] = arena_text(state->arena, (const char *)item->data, item->size);
        if (names[count++] == NULL) return fail_memory(err, item->size);
    }
    bool numbers = type_is_integer(state->schema->fields[state->label].type.id) &&
                   !state->schema->fields[state->label].dictionary;
    if (count > 0) qsort(names, count, sizeof *names, numbers ? by_number : by_text);
    memory_free(state->sample.hashes);
    state->sample.hashes = NULL;
    return labels_name_classes(state, names, count, err);
}

/* ---- rows to learn from ---- */

enum status judge_open(struct judge *ret, const struct labels_state *state,
                       const struct window *window, struct err *err)
{
    size_t rows = (size_t)window->batch->rows, columns = state->layout.columns;
    TRY(NEW(&ret->row, kept_bytes(&state->layout) + 8, err));
    TRY(NEW(&ret->columns, columns + 1, err));
    for (size_t j = 0; j < columns; j++) {
        size_t at = state->numbers[j];
        TRY(NEW(&ret->columns[j], rows, err));
        numbers_read(&state->schema->fields[at], window->batch->columns[at], ret->columns[j]);
    }
    return STATUS_OK;
}

void judge_release(struct judge *judge)
{
    for (size_t j = 0; judge->columns != NULL && judge->columns[j] != NULL; j++)
        memory_free(judge->columns[j]);
    memory_free(judge->columns);
    memory_free(judge->row);
    detect_work_release(&judge->work);
}

/* *ret false for a picture that is not there or does not decode. */
static enum status keep_row(const struct labels_state *state, const struct window *window,
                            int64_t row, struct judge *judge, bool *ret, struct err *err)
{
    double *numbers = (double *)(void *)judge->row;
    *ret = true;
    for (size_t j = 0; j < state->layout.columns; j++)
        numbers[j] = judge->columns[j][row];
    if (state->layout.side == 0) return STATUS_OK;
    const struct array *pictures = window->batch->columns[state->picture];
    *ret = !array_is_null(pictures, row);
    if (!*ret) return STATUS_OK;
    struct picture_fault fault;
    TRY(picture_tensor_make(&state->tensor, array_text(pictures, row),
                            judge->row + state->layout.columns * sizeof(double), &fault, err));
    *ret = fault.reason[0] == '\0';
    return STATUS_OK;
}

static enum status observe_rows(const struct labels_state *state, const struct window *window,
                                struct labels_tally *tally, struct err *err)
{
    OWNED(judge_release) struct judge judge = {0};
    TRY(judge_open(&judge, state, window, err));
    TRY(spill_open(&tally->kept, TALLY_MEMORY, err));
    for (int64_t row = 0; row < window->batch->rows; row++) {
        int64_t label;
        bool usable;
        struct kept_row head = {window->first_row + row, sample_hash(window, row, state->seed), 0};
        if (head.hash >= state->sample.below) continue;
        if (!labels_class_of(state, window->batch, row, &label)) continue;
        TRY(keep_row(state, window, row, &judge, &usable, err));
        if (!usable) continue;
        head.label = (uint64_t)label;
        TRY(spill_add(tally->kept, &head, sizeof head, err));
        TRY(spill_add(tally->kept, judge.row, kept_bytes(&state->layout), err));
    }
    return STATUS_OK;
}

enum status built_in_observe(const struct labels_state *state, int pass,
                             const struct window *window, struct labels_tally *tally,
                             struct err *err)
{
    return pass == 0 ? observe_labels(state, window, tally, err)
                     : observe_rows(state, window, tally, err);
}

enum status built_in_absorb(struct labels_state *state, int pass, struct labels_tally *tally,
                            struct err *err)
{
    const void *rows;
    if (pass == 0) return absorb_labels(state, tally, err);
    uint64_t size = spill_size(tally->kept);
    if (size == 0) return STATUS_OK;
    TRY(spill_freeze(tally->kept, &rows, err));
    return spill_add(state->kept, rows, size, err);
}

/* ---- probabilities of the sample ---- */

struct learning {
    uint32_t *labels;
    uint64_t *hashes;
    struct scratch probabilities;
    double *scores;
    struct example *example;
};

static void learning_release(struct learning *learning)
{
    memory_free(learning->labels);
    memory_free(learning->hashes);
    memory_free(learning->scores);
    memory_free(learning->example);
    scratch_release(&learning->probabilities);
}

static const struct kept_row *kept_at(const void *kept, size_t stride, size_t index)
{
    return (const struct kept_row *)((const char *)kept + index * stride);
}

static enum status add_example(struct labels_state *state, const struct kept_row *kept,
                               const double *probabilities, double score, struct example *example,
                               struct err *err)
{
    size_t classes = state->learned.classes;
    example->row = kept->row;
    example->label = (int64_t)kept->label;
    example->hash = kept->hash;
    example->score = score;
    memcpy(example->probabilities, probabilities, classes * sizeof *probabilities);
    state->sums[kept->label] += self_confidence(example);
    state->learned.counts[kept->label]++;
    return spill_add(state->examples, example, example_bytes(classes), err);
}

static enum status open_learning(const struct labels_state *state, size_t count,
                                 struct learning *ret, struct err *err)
{
    size_t classes = state->learned.classes, size = example_bytes(classes);
    TRY(NEW(&ret->labels, count, err));
    TRY(NEW(&ret->hashes, count, err));
    TRY(NEW(&ret->scores, count, err));
    ret->example = memory_get(1, size);
    if (ret->example == NULL) return fail_memory(err, size);
    return scratch_open(&ret->probabilities, count * classes * sizeof(double) + 1,
                        state->memory / 8, err);
}

enum status built_in_settle(struct labels_state *state, int pass, struct err *err)
{
    const void *kept;
    if (pass == 0) return settle_labels(state, err);
    size_t stride = sizeof(struct kept_row) + kept_bytes(&state->layout);
    size_t count = (size_t)(spill_size(state->kept) / stride), classes = state->learned.classes;
    if (count < 2 || classes < 2) return STATUS_OK;
    OWNED(learning_release) struct learning learning = {0};
    TRY(spill_freeze(state->kept, &kept, err));
    TRY(open_learning(state, count, &learning, err));
    for (size_t i = 0; i < count; i++) {
        learning.labels[i] = (uint32_t)kept_at(kept, stride, i)->label;
        learning.hashes[i] = kept_at(kept, stride, i)->hash;
    }
    struct kept_rows rows = {(const uint8_t *)kept + sizeof(struct kept_row), stride, count,
                             learning.hashes};
    double *probabilities = learning.probabilities.data;
    TRY(detection_fit(state->detection, &rows, learning.labels, classes, probabilities,
                      learning.scores, err));
    for (size_t i = 0; i < count; i++)
        TRY(add_example(state, kept_at(kept, stride, i), probabilities + i * classes,
                        learning.scores[i], learning.example, err));
    spill_close(&state->kept);
    return STATUS_OK;
}

/* ---- one row ---- */

/* The example of a row of this run. */
static const struct example *find_judged(const struct labels_state *state, int64_t row)
{
    size_t low = 0, high = state->judged_count, size = example_bytes(state->learned.classes);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct example *example =
            (const struct example *)(const void *)(state->judged + middle * size);
        if (example->row == row) return example;
        if (example->row < row)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

enum status built_in_example(const struct labels_state *state, const struct window *window,
                             int64_t row, struct judge *judge, struct example *example,
                             bool *ret_part, struct err *err)
{
    *ret_part = false;
    example->row = window->first_row + row;
    if (!detection_is_fitted(state->detection) ||
        !labels_class_of(state, window->batch, row, &example->label))
        return STATUS_OK;
    const struct example *judged = find_judged(state, example->row);
    *ret_part = judged != NULL;
    if (judged != NULL) {
        memcpy(example, judged, example_bytes(state->learned.classes));
        return STATUS_OK;
    }
    TRY(keep_row(state, window, row, judge, ret_part, err));
    if (!*ret_part) return STATUS_OK;
    if (judge->work.work == NULL) TRY(detect_work_open(&judge->work, state->detection, err));
    detection_predict(state->detection, judge->row, (size_t)example->label, &judge->work,
                      example->probabilities, &example->score);
    example->hash = sample_hash(window, row, state->seed);
    return STATUS_OK;
}
