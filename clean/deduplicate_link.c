/* clean/deduplicate_link.c: records of the same thing, written differently. */
#include "clean/deduplicate_link.h"

#include "base/parallel.h"
#include "clean/deduplicate_clusters.h"
#include "clean/deduplicate_mixture.h"
#include "clean/parameters.h"

#include <math.h>
#include <string.h>

#define SAMPLE_MOST 200000 /* pairs that the mixture is learned from */
#define BLOCK       65536  /* pairs compared at once */
#define TASK        512    /* pairs a task */

/* Least agreement of the likely matches beyond chance. Real matches agree in most of what they say;
 * the best pairs of records without duplicates agree in half of it. Linking two sources presumes
 * that there are matches. */
#define AGREEMENT_LEAST        0.65
#define AGREEMENT_LEAST_ACROSS 0.4
#define CHANCE_PAIRS           5000

struct linker {
    struct link_plan plan;
    const struct schema *schema;
    struct records records;
    struct comparison comparison;
    struct spill *pairs, *levels;
    const struct candidate *pair;
    const uint8_t *level;
    size_t pair_count, stride;
    struct mixture mixture;
    double chance[COMPARED_MOST]; /* mean similarity of any two records, by column */
    double threshold;
};

enum status linker_open(struct linker **ret, const struct schema *schema,
                        const struct link_plan *plan, struct err *err)
{
    struct linker *linker;
    TRY(NEW(&linker, 1, err));
    *ret = linker;
    linker->plan = *plan;
    linker->schema = schema;
    linker->stride = plan->column_count + 1;
    TRY(records_open(&linker->records, schema, plan->columns, plan->column_count, plan->memory / 4,
                     err));
    TRY(spill_open(&linker->pairs, plan->memory / 8, err));
    return spill_open(&linker->levels, plan->memory / 8, err);
}

void linker_close(struct linker **ret)
{
    struct linker *linker = *ret;
    if (linker == NULL) return;
    records_close(&linker->records);
    comparison_release(&linker->comparison);
    spill_close(&linker->pairs);
    spill_close(&linker->levels);
    memory_free(linker);
    *ret = NULL;
}

struct records *linker_records(struct linker *linker)
{
    return &linker->records;
}

double linker_threshold(const struct linker *linker)
{
    return linker->threshold;
}

/* ---- pairs and levels ---- */

/* splitmix64 (Steele, Lea, Flood 2014) */
static uint64_t random_next(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static enum status take_pairs(void *context, const struct candidate *candidates, size_t count,
                              struct err *err)
{
    struct linker *linker = context;
    linker->pair_count += count;
    if (linker->pair_count >= UINT32_MAX)
        return fail(err, STATUS_FAILED, "more than %u pairs of records to compare", UINT32_MAX);
    return spill_add(linker->pairs, candidates, count * sizeof *candidates, err);
}

struct comparing {
    const struct linker *linker;
    size_t first, count; /* pairs of this block */
    uint8_t *levels;
};

static enum status compare_some(void *context, size_t task, struct err *err)
{
    (void)err;
    const struct comparing *comparing = context;
    const struct linker *linker = comparing->linker;
    size_t end = (task + 1) * TASK < comparing->count ? (task + 1) * TASK : comparing->count;
    for (size_t i = task * TASK; i < end; i++) {
        uint8_t levels[COMPARED_MOST];
        comparison_levels(&linker->comparison, &linker->pair[comparing->first + i], levels);
        memcpy(comparing->levels + i * linker->stride, levels, linker->stride);
    }
    return STATUS_OK;
}

/* The mean similarity of pairs drawn at random, always the same ones. */
static void measure_chance(struct linker *linker)
{
    double cells[COMPARED_MOST] = {0};
    uint64_t state = 1960, count = linker->records.count;
    for (int i = 0; i < CHANCE_PAIRS; i++) {
        uint8_t levels[COMPARED_MOST];
        struct candidate pair = {.a = (uint32_t)(random_next(&state) % count),
                                 .b = (uint32_t)(random_next(&state) % count)};
        if (pair.a == pair.b) continue;
        comparison_levels(&linker->comparison, &pair, levels);
        for (size_t c = 0; c < linker->plan.column_count; c++) {
            if (levels[c] == 0) continue;
            linker->chance[c] += level_similarity[levels[c]];
            cells[c]++;
        }
    }
    for (size_t c = 0; c < linker->plan.column_count; c++)
        if (cells[c] > 0) linker->chance[c] /= cells[c];
}

static enum status compare_pairs(struct linker *linker, struct err *err)
{
    OWNED(memory_release) uint8_t *levels = NULL;
    const void *data;
    TRY(spill_freeze(linker->pairs, &data, err));
    linker->pair = data;
    TRY(comparison_open(&linker->comparison, &linker->records, linker->plan.threads, err));
    measure_chance(linker);
    TRY(NEW(&levels, BLOCK * linker->stride, err));
    for (size_t first = 0; first < linker->pair_count; first += BLOCK) {
        size_t left = linker->pair_count - first, count = left < BLOCK ? left : BLOCK;
        struct comparing comparing = {linker, first, count, levels};
        TRY(parallel_for(linker->plan.threads, (count + TASK - 1) / TASK, &comparing, compare_some,
                         err));
        TRY(spill_add(linker->levels, levels, count * linker->stride, err));
    }
    comparison_release(&linker->comparison);
    TRY(spill_freeze(linker->levels, &data, err));
    linker->level = data;
    return STATUS_OK;
}

/* ---- learning ---- */

/* The largest cosine of each record. */
static enum status best_cosines(const struct linker *linker, float **ret, struct err *err)
{
    TRY(NEW(ret, linker->records.count, err));
    for (size_t i = 0; i < linker->pair_count; i++) {
        const struct candidate *pair = &linker->pair[i];
        if (pair->cosine > (*ret)[pair->a]) (*ret)[pair->a] = pair->cosine;
        if (pair->cosine > (*ret)[pair->b]) (*ret)[pair->b] = pair->cosine;
    }
    return STATUS_OK;
}

static enum status learn(struct linker *linker, struct err *err)
{
    OWNED(memory_release) float *best = NULL;
    OWNED(memory_release) uint8_t *start = NULL;
    OWNED(memory_release) uint8_t *levels = NULL;
    size_t step = (linker->pair_count + SAMPLE_MOST - 1) / SAMPLE_MOST;
    size_t count = (linker->pair_count + step - 1) / step;
    TRY(best_cosines(linker, &best, err));
    TRY(NEW(&start, count, err));
    TRY(NEW(&levels, count * linker->stride, err));
    for (size_t i = 0; i < count; i++) {
        const struct candidate *pair = &linker->pair[i * step];
        start[i] = pair->cosine >= best[pair->a] && pair->cosine >= best[pair->b];
        memcpy(levels + i * linker->stride, linker->level + i * step * linker->stride,
               linker->stride);
    }
    return mixture_fit(&linker->mixture, levels, linker->stride, start, count, linker->chance, err);
}

/* ---- judging ---- */

struct judging {
    const struct linker *linker;
    float *odds;
};

static enum status judge_some(void *context, size_t task, struct err *err)
{
    (void)err;
    const struct judging *judging = context;
    const struct linker *linker = judging->linker;
    size_t end = (task + 1) * BLOCK < linker->pair_count ? (task + 1) * BLOCK : linker->pair_count;
    for (size_t i = task * BLOCK; i < end; i++)
        judging->odds[i] =
            (float)mixture_odds(&linker->mixture, linker->level + i * linker->stride);
    return STATUS_OK;
}

static enum status choose_across(const struct linker *linker, bool *ret, struct err *err)
{
    *ret = linker->records.source_count == 2 && linker->plan.choice != LINK_CLUSTERS;
    if (*ret || linker->plan.choice != LINK_ONE_TO_ONE) return STATUS_OK;
    fail(err, STATUS_FAILED, "one to one links two sources, here %s",
         linker->records.source_count < 2 ? "is one" : "are more");
    err_hint(err, "read both sources in one run of tamis-ingest, or use link=clusters");
    return STATUS_FAILED;
}

static enum status mark(struct linker *linker, const float *odds, bool across, bool last,
                        struct marks *marks, size_t *ret_left, struct err *err)
{
    OWNED(memory_release) uint32_t *into = NULL;
    struct judged judged = {.pairs = linker->pair,
                            .odds = odds,
                            .pair_count = linker->pair_count,
                            .record_count = linker->records.count,
                            .threshold = log(linker->threshold / (1 - linker->threshold)),
                            .last = last,
                            .largest = linker->plan.largest};
    TRY(NEW(&into, judged.record_count, err));
    TRY(across ? pair_up(&judged, into, err) : cluster_up(&judged, into, ret_left, err));
    for (size_t i = 0; i < judged.record_count; i++)
        if (into[i] != i)
            marks->into[linker->records.head[i].row] = linker->records.head[into[i]].row + 1;
    for (size_t i = 0; i < linker->pair_count; i++) {
        const struct candidate *pair = &linker->pair[i];
        if (into[pair->a] != into[pair->b]) continue;
        float likely = (float)odds_probability((double)odds[i]);
        float *a = &marks->scores[linker->records.head[pair->a].row];
        float *b = &marks->scores[linker->records.head[pair->b].row];
        if (*a < likely) *a = likely;
        if (*b < likely) *b = likely;
    }
    return STATUS_OK;
}

enum status linker_mark(struct linker *linker, bool last, struct marks *marks, size_t *ret_left,
                        struct err *err)
{
    OWNED(scratch_release) struct scratch odds = {0};
    bool across;
    *ret_left = 0;
    TRY(choose_across(linker, &across, err));
    TRY(records_freeze(&linker->records, err));
    TRY(candidates_find(&linker->records, across, linker->plan.threads, linker, take_pairs, err));
    if (linker->pair_count == 0) return STATUS_OK;
    TRY(compare_pairs(linker, err));
    TRY(learn(linker, err));
    if (linker->mixture.agreement < (across ? AGREEMENT_LEAST_ACROSS : AGREEMENT_LEAST))
        return STATUS_OK;
    TRY(scratch_open(&odds, linker->pair_count * sizeof(float), linker->plan.memory / 8, err));
    struct judging judging = {linker, odds.data};
    TRY(parallel_for(linker->plan.threads, (linker->pair_count + BLOCK - 1) / BLOCK, &judging,
                     judge_some, err));
    linker->threshold = linker->plan.threshold > 0
                            ? linker->plan.threshold
                            : odds_threshold(judging.odds, linker->pair_count);
    return mark(linker, judging.odds, across, last, marks, ret_left, err);
}

enum status linker_save(const struct linker *linker, struct bytes *json, struct err *err)
{
    TRY(put_real(json, "threshold", linker->threshold, err));
    TRY(bytes_append_text(json, ", ", err));
    TRY(put_integer(json, "pairs", (int64_t)linker->pair_count, err));
    TRY(bytes_append_text(json, ", ", err));
    TRY(put_real(json, "matches", linker->mixture.share, err));
    TRY(bytes_append_text(json, ", ", err));
    TRY(put_real(json, "agreement", linker->mixture.agreement, err));
    TRY(bytes_append_text(json, ", \"weights\": {", err));
    for (size_t i = 0; i < linker->plan.column_count; i++) {
        if (i > 0) TRY(bytes_append_text(json, ", ", err));
        const char *name = linker->schema->fields[linker->plan.columns[i]].name;
        TRY(put_reals(json, name, linker->mixture.weights[i], LEVELS, err));
    }
    return bytes_append_text(json, "}", err);
}
