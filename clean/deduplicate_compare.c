/* clean/deduplicate_compare.c: how far two records agree. */
#include "clean/deduplicate_compare.h"

#include "base/parallel.h"
#include "clean/deduplicate_similar.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SIMILAR_WORDS 0.9
#define CHUNK         1024 /* records a task */

/* Where the levels above 1 begin. */
static const double edges[LEVELS - 2] = {0.4, 0.6, 0.75, 0.85, 0.92, 0.97, 0.999};
const double level_similarity[LEVELS] = {0, 0.2, 0.5, 0.675, 0.8, 0.885, 0.945, 0.985, 1};

static uint8_t level_of(double similarity)
{
    uint8_t level = 1;
    while (level < LEVELS - 1 && similarity >= edges[level - 1])
        level++;
    return level;
}

/* ---- counting ---- */

struct counting {
    struct comparison *comparison;
    uint64_t *several; /* by column: cells of more than one word */
};

static enum status count_words(void *context, size_t task, struct err *err)
{
    (void)err;
    const struct counting *counting = context;
    const struct records *records = counting->comparison->records;
    size_t end = (task + 1) * CHUNK < records->count ? (task + 1) * CHUNK : records->count;
    for (size_t record = task * CHUNK; record < end; record++) {
        struct str cells[RECORD_COLUMNS_MOST];
        record_cells(records, (uint32_t)record, cells);
        for (size_t i = 0; i < records->column_count; i++) {
            struct token tokens[CELL_TOKENS_MOST];
            size_t count = tokens_of(cells[i], i + 1, tokens);
            if (count > 1) __atomic_fetch_add(&counting->several[i], 1, __ATOMIC_RELAXED);
            for (size_t k = 0; k < count; k++)
                __atomic_fetch_add(word_count(&counting->comparison->counts, tokens[k].hash), 1,
                                   __ATOMIC_RELAXED);
        }
    }
    return STATUS_OK;
}

enum status comparison_open(struct comparison *ret, const struct records *records, size_t threads,
                            struct err *err)
{
    uint64_t several[RECORD_COLUMNS_MOST] = {0};
    struct counting counting = {ret, several};
    ret->records = records;
    TRY(word_counts_open(&ret->counts, records->count, err));
    TRY(parallel_for(threads, (records->count + CHUNK - 1) / CHUNK, &counting, count_words, err));
    for (size_t i = 0; i < records->column_count; i++)
        ret->single[i] = several[i] * 10 < records->count;
    return STATUS_OK;
}

void comparison_release(struct comparison *comparison)
{
    word_counts_release(&comparison->counts);
}

/* ---- words ---- */

struct bag {
    struct token tokens[CELL_TOKENS_MOST];
    double weights[CELL_TOKENS_MOST];
    bool shared[CELL_TOKENS_MOST]; /* in the other bag too */
    size_t count;
    double norm;
};

static void fill_bag(const struct comparison *comparison, struct str cell, size_t column,
                     struct bag *ret)
{
    double sum = 0;
    ret->count = tokens_of(cell, column + 1, ret->tokens);
    for (size_t i = 0; i < ret->count; i++) {
        double count = *word_count(&comparison->counts, ret->tokens[i].hash);
        ret->weights[i] = log(1 + (double)comparison->records->count / count);
        ret->shared[i] = false;
        sum += ret->weights[i] * ret->weights[i];
    }
    ret->norm = sqrt(sum);
}

static double share_equal(struct bag *a, struct bag *b)
{
    double sum = 0;
    for (size_t i = 0; i < a->count; i++)
        for (size_t k = 0; k < b->count; k++)
            if (a->tokens[i].hash == b->tokens[k].hash) {
                a->shared[i] = b->shared[k] = true;
                sum += a->weights[i] * a->weights[i];
                break;
            }
    return sum;
}

/* What a word without an equal one adds. */
static double share_similar(const struct bag *a, size_t i, const struct bag *b)
{
    double best = 0, weight = 0;
    struct str word = a->tokens[i].text;
    for (size_t k = 0; k < b->count; k++) {
        struct str other = b->tokens[k].text;
        if (b->shared[k] || jaro_winkler_bound(word.size, other.size) < SIMILAR_WORDS) continue;
        double similarity = jaro_winkler(word, other);
        if (similarity <= best) continue;
        best = similarity;
        weight = b->weights[k];
    }
    return best >= SIMILAR_WORDS ? best * a->weights[i] * weight : 0;
}

static double words_similarity(const struct comparison *comparison, struct str a, struct str b,
                               size_t column)
{
    struct bag one, two;
    fill_bag(comparison, a, column, &one);
    fill_bag(comparison, b, column, &two);
    double sum = share_equal(&one, &two);
    for (size_t i = 0; i < one.count; i++)
        if (!one.shared[i]) sum += share_similar(&one, i, &two);
    double similarity = sum / (one.norm * two.norm);
    return similarity < 1 ? similarity : 1;
}

/* ---- numbers ---- */

static double number_of(struct str cell)
{
    char text[64];
    size_t size = cell.size < sizeof text - 1 ? cell.size : sizeof text - 1;
    memcpy(text, cell.data, size);
    text[size] = '\0';
    return strtod(text, NULL);
}

static double numbers_similarity(struct str a, struct str b)
{
    double x = number_of(a), y = number_of(b);
    double larger = fabs(x) > fabs(y) ? fabs(x) : fabs(y);
    if (x == y) return 1;
    double similarity = 1 - fabs(x - y) / larger;
    return similarity > 0 ? similarity : 0; /* NaN too */
}

void comparison_levels(const struct comparison *comparison, const struct candidate *candidate,
                       uint8_t ret[COMPARED_MOST])
{
    struct str a[RECORD_COLUMNS_MOST], b[RECORD_COLUMNS_MOST];
    const struct records *records = comparison->records;
    record_cells(records, candidate->a, a);
    record_cells(records, candidate->b, b);
    for (size_t i = 0; i < records->column_count; i++) {
        if (a[i].size == 0 || b[i].size == 0)
            ret[i] = 0;
        else if (records->kinds[i] == CELL_NUMBER)
            ret[i] = level_of(numbers_similarity(a[i], b[i]));
        else if (records->kinds[i] == CELL_DATE)
            ret[i] = level_of(dates_similarity(a[i], b[i]));
        else if (records->kinds[i] == CELL_CODE || comparison->single[i])
            ret[i] = level_of(jaro_winkler(a[i], b[i]));
        else
            ret[i] = level_of(words_similarity(comparison, a[i], b[i], i));
    }
    ret[records->column_count] = level_of((double)candidate->cosine);
}
