/* clean/outliers_rows.c: unusual rows. */
#include "clean/outliers_rows.h"

#include "clean/outliers_forest.h"
#include "clean/outliers_nearest.h"
#include "clean/outliers_robust.h"
#include "clean/outliers_tails.h"
#include "clean/parameters.h"
#include "clean/quantile.h"

#include "base/parallel.h"

#include <math.h>
#include <stdlib.h>

#define SAMPLE_MOST     4000
#define PARTS_MOST      2 /* scores of one method */
#define BLOCK_ROWS      64
#define MAD_CONSISTENCY 1.482602218505602
#define ROUNDING        1e-9

/* Where the sample's own scores lie. */
struct scale {
    double center, spread;
};

struct unusual {
    enum rows_method method;
    size_t columns, neighbors, threads;
    int64_t seed;
    struct sample sample;    /* standardized after the fit, gaps 0 */
    bool frozen;             /* loaded: no sampled row is one of those judged */
    double *center, *spread; /* by column */
    struct scale scales[PARTS_MOST];
    enum cut cut_by;
    double share, cut;
    /* What the sample makes, each for the methods that need it. */
    struct forest *forest;
    struct neighborhood *neighborhood;
    struct tails *tails;
    struct robust *robust;
};

static size_t parts_of(enum rows_method method)
{
    return method == ROWS_ENSEMBLE ? 2 : 1;
}

static bool asks_neighbors(enum rows_method method)
{
    return method == ROWS_KNN || method == ROWS_LOF || method == ROWS_ENSEMBLE;
}

static bool is_tails(enum rows_method method)
{
    return method == ROWS_ECOD || method == ROWS_COPOD || method == ROWS_HBOS;
}

enum status unusual_open(struct unusual **ret, const struct unusual_plan *plan,
                         const struct module_setup *setup, struct err *err)
{
    struct unusual *unusual;
    TRY(NEW(&unusual, 1, err));
    *ret = unusual;
    unusual->method = plan->method;
    unusual->columns = plan->columns;
    unusual->neighbors = plan->neighbors;
    unusual->cut_by = plan->cut;
    unusual->share = plan->share;
    unusual->threads = setup->threads;
    unusual->seed = setup->seed;
    sample_open(&unusual->sample, plan->columns, SAMPLE_MOST);
    TRY(NEW(&unusual->center, plan->columns, err));
    return NEW(&unusual->spread, plan->columns, err);
}

/* The sample, once more while it is sorted, what neighbors or tails copy of it, and trees. */
size_t unusual_bytes(const struct unusual_plan *plan)
{
    bool forest = plan->method == ROWS_FOREST || plan->method == ROWS_ENSEMBLE;
    size_t row = 3 * plan->columns * sizeof(double) + sizeof(struct sampled);
    return SAMPLE_MOST * row + (forest ? forest_bytes() : 0);
}

double unusual_cut(const struct unusual *unusual)
{
    return unusual->cut;
}

/* What was made of the sample. */
static void release_made(struct unusual *unusual)
{
    forest_close(&unusual->forest);
    neighborhood_close(&unusual->neighborhood);
    tails_close(&unusual->tails);
    robust_close(&unusual->robust);
}

void unusual_close(struct unusual **unusual)
{
    if (*unusual == NULL) return;
    sample_release(&(*unusual)->sample);
    memory_free((*unusual)->center);
    memory_free((*unusual)->spread);
    release_made(*unusual);
    memory_free(*unusual);
    *unusual = NULL;
}

struct sample *unusual_sample(struct unusual *unusual)
{
    return &unusual->sample;
}

/* ---- one row ---- */

static void standardize(const struct unusual *unusual, const double *row, double *ret)
{
    for (size_t j = 0; j < unusual->columns; j++)
        ret[j] = isnan(row[j]) ? 0 : (row[j] - unusual->center[j]) / unusual->spread[j];
}

/* The place of a row in the sample, by its hash. */
static size_t place_of(const struct unusual *unusual, uint64_t hash)
{
    const struct sample *sample = &unusual->sample;
    size_t low = 0, high = unusual->frozen ? 0 : sample->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (sample->sampled[middle].hash == hash) return middle;
        if (sample->sampled[middle].hash < hash)
            low = middle + 1;
        else
            high = middle;
    }
    return NEAREST_NONE;
}

/* How far the row is in each column from the mean of its nearest rows (of all rows, where there are
 * none). */
static void measure_columns_apart(const struct unusual *unusual, const double *standard,
                                  const struct nearest *nearest, double *ret)
{
    for (size_t j = 0; j < unusual->columns; j++) {
        double mean = 0;
        for (size_t i = 0; i < nearest->count; i++)
            mean += unusual->sample.rows[nearest->place[i] * unusual->columns + j] /
                    (double)nearest->count;
        ret[j] = fabs(standard[j] - mean);
    }
}

static double last_distance(const struct nearest *nearest)
{
    return nearest->count == 0 ? 0 : sqrt(nearest->distance[nearest->count - 1]);
}

/* The scores of a standardized row, as many as the method has parts, and what each column adds.
 * `self` is its place in the sample; `work` has room for 2 x columns. */
static void score_row(const struct unusual *unusual, const double *standard, size_t self,
                      double *work, double ret[PARTS_MOST], double *ret_drive)
{
    struct nearest nearest = {.count = 0};
    if (is_tails(unusual->method)) {
        ret[0] = tails_score(unusual->tails, standard, ret_drive);
        return;
    }
    if (unusual->method == ROWS_MCD) {
        ret[0] = robust_score(unusual->robust, standard, work, ret_drive);
        return;
    }
    if (asks_neighbors(unusual->method))
        neighborhood_find(unusual->neighborhood, standard, self, &nearest);
    size_t part = 0;
    if (unusual->forest != NULL) ret[part++] = forest_score(unusual->forest, standard);
    if (unusual->method == ROWS_LOF)
        ret[part] = neighborhood_density(unusual->neighborhood, &nearest);
    else if (asks_neighbors(unusual->method))
        ret[part] = last_distance(&nearest);
    measure_columns_apart(unusual, standard, &nearest, ret_drive);
}

size_t unusual_work(const struct unusual *unusual)
{
    return 4 * unusual->columns;
}

struct verdict unusual_judge(const struct unusual *unusual, const double *row, uint64_t hash,
                             double *work)
{
    size_t columns = unusual->columns;
    double scores[PARTS_MOST], *standard = work, *drive = work + columns;
    struct verdict verdict = {.score = -INFINITY};
    standardize(unusual, row, standard);
    score_row(unusual, standard, place_of(unusual, hash), work + 2 * columns, scores, drive);
    for (size_t p = 0; p < parts_of(unusual->method); p++) {
        const struct scale *scale = &unusual->scales[p];
        verdict.score = fmax(verdict.score, (scores[p] - scale->center) / scale->spread);
    }
    for (size_t j = 1; j < columns; j++)
        if (drive[j] > drive[verdict.column]) verdict.column = j;
    return verdict;
}

/* ---- fit ---- */

static void measure_columns(struct unusual *unusual)
{
    const struct sample *sample = &unusual->sample;
    for (size_t j = 0; j < unusual->columns; j++) {
        double n = 0, sum = 0, squares = 0;
        for (size_t i = 0; i < sample->count; i++) {
            double value = sample->rows[i * unusual->columns + j];
            if (isnan(value)) continue;
            n++;
            sum += value;
        }
        unusual->center[j] = n == 0 ? 0 : sum / n;
        for (size_t i = 0; i < sample->count; i++) {
            double value = sample->rows[i * unusual->columns + j] - unusual->center[j];
            if (!isnan(value)) squares += value * value;
        }
        double spread = n == 0 ? 0 : sqrt(squares / n);
        unusual->spread[j] = spread > 0 ? spread : 1;
    }
}

struct scoring {
    const struct unusual *unusual;
    double *scores[PARTS_MOST]; /* by sampled row */
};

static enum status score_block(void *context, size_t block, struct err *err)
{
    const struct scoring *scoring = context;
    const struct unusual *unusual = scoring->unusual;
    size_t columns = unusual->columns, count = unusual->sample.count;
    OWNED(memory_release) double *work = NULL;
    TRY(NEW(&work, unusual_work(unusual), err));
    size_t end = (block + 1) * BLOCK_ROWS < count ? (block + 1) * BLOCK_ROWS : count;
    for (size_t i = block * BLOCK_ROWS; i < end; i++) {
        double scores[PARTS_MOST];
        score_row(unusual, unusual->sample.rows + i * columns, i, work + columns, scores, work);
        for (size_t p = 0; p < parts_of(unusual->method); p++)
            scoring->scores[p][i] = scores[p];
    }
    return STATUS_OK;
}

/* Median and MAD; the deviation where more than half of the scores are equal. */
static enum status fit_scale(const double *scores, size_t count, struct scale *ret, struct err *err)
{
    static const double half[] = {0.5};
    struct quantiles *quantiles = NULL;
    struct quantile_tally tally = {0};
    bool more;
    size_t memory = (count + 1) * sizeof(double) * 2;
    enum status status = quantiles_open(&quantiles, half, 1, memory, 1, err);
    if (status == STATUS_OK)
        status = quantiles_observe(quantiles, scores, (int64_t)count, &tally, err);
    if (status == STATUS_OK) status = quantiles_absorb(quantiles, &tally, err);
    if (status == STATUS_OK) status = quantiles_settle(quantiles, &more, err);
    if (status == STATUS_OK) {
        ret->center = count == 0 ? 0 : quantiles_value(quantiles, 0);
        status = quantiles_recenter(quantiles, ret->center, &more, err);
    }
    if (status == STATUS_OK)
        ret->spread = count == 0 ? 1 : MAD_CONSISTENCY * quantiles_value(quantiles, 0);
    quantile_tally_release(&tally);
    quantiles_close(&quantiles);
    double squares = 0;
    for (size_t i = 0; i < count; i++)
        squares += (scores[i] - ret->center) * (scores[i] - ret->center);
    double deviation = count == 0 ? 1 : sqrt(squares / (double)count);
    /* Scores that are equal but for rounding have no spread. */
    if (!(ret->spread > ROUNDING * (fabs(ret->center) + deviation))) ret->spread = deviation;
    if (!(ret->spread > 0)) ret->spread = 1;
    return status;
}

/* What the method needs, from the standardized sample. */
static enum status make(struct unusual *unusual, struct err *err)
{
    static const enum tails_kind kinds[] = {
        [ROWS_ECOD] = TAILS_ECOD, [ROWS_COPOD] = TAILS_COPOD, [ROWS_HBOS] = TAILS_HBOS};
    const double *rows = unusual->sample.rows;
    enum rows_method method = unusual->method;
    size_t count = unusual->sample.count, columns = unusual->columns;
    release_made(unusual);
    if (is_tails(method))
        return tails_open(&unusual->tails, kinds[method], rows, count, columns, err);
    if (method == ROWS_MCD)
        return robust_open(&unusual->robust, rows, count, columns, unusual->seed, unusual->threads,
                           err);
    if (method != ROWS_KNN && method != ROWS_LOF)
        TRY(forest_grow(&unusual->forest, rows, count, columns, unusual->seed, unusual->threads,
                        err));
    if (!asks_neighbors(method)) return STATUS_OK;
    return neighborhood_open(&unusual->neighborhood, rows, count, columns, unusual->neighbors,
                             method == ROWS_LOF, unusual->threads, err);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* The larger of a row's scores, all on their scale, sorted. */
static void fit_cut(struct unusual *unusual, double *const scores[PARTS_MOST], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        double most = -INFINITY;
        for (size_t p = 0; p < parts_of(unusual->method); p++)
            most =
                fmax(most, (scores[p][i] - unusual->scales[p].center) / unusual->scales[p].spread);
        scores[0][i] = most;
    }
    if (count > 0) qsort(scores[0], count, sizeof **scores, by_value);
    unusual->cut = cut_find(unusual->cut_by, unusual->share, scores[0], count);
}

static enum status fit_scales(struct unusual *unusual, struct err *err)
{
    size_t count = unusual->sample.count, parts = parts_of(unusual->method);
    OWNED(memory_release) double *scores = NULL;
    TRY(NEW(&scores, parts * count + 1, err));
    struct scoring scoring = {.unusual = unusual};
    for (size_t p = 0; p < parts; p++)
        scoring.scores[p] = scores + p * count;
    TRY(parallel_for(unusual->threads, (count + BLOCK_ROWS - 1) / BLOCK_ROWS, &scoring, score_block,
                     err));
    for (size_t p = 0; p < parts; p++)
        TRY(fit_scale(scoring.scores[p], count, &unusual->scales[p], err));
    fit_cut(unusual, scoring.scores, count);
    return STATUS_OK;
}

enum status unusual_fit(struct unusual *unusual, struct err *err)
{
    struct sample *sample = &unusual->sample;
    TRY(sample_sort(sample, err));
    measure_columns(unusual);
    for (size_t i = 0; i < sample->count; i++)
        standardize(unusual, sample->rows + i * unusual->columns,
                    sample->rows + i * unusual->columns);
    TRY(make(unusual, err));
    return fit_scales(unusual, err);
}

/* ---- state ---- */

static const char *const scale_names[PARTS_MOST][2] = {{"score_center", "score_spread"},
                                                       {"knn_center", "knn_spread"}};

enum status unusual_save(const struct unusual *unusual, struct bytes *json, struct err *err)
{
    const struct sample *sample = &unusual->sample;
    TRY(bytes_append_text(json, "{", err));
    TRY(put_integer(json, "seed", unusual->seed, err));
    TRY(bytes_append_text(json, ", ", err));
    TRY(put_real(json, "cut", unusual->cut, err));
    for (size_t p = 0; p < parts_of(unusual->method); p++) {
        TRY(bytes_append_text(json, ", ", err));
        TRY(put_real(json, scale_names[p][0], unusual->scales[p].center, err));
        TRY(bytes_append_text(json, ", ", err));
        TRY(put_real(json, scale_names[p][1], unusual->scales[p].spread, err));
    }
    TRY(bytes_append_text(json, ", ", err));
    TRY(put_reals(json, "center", unusual->center, unusual->columns, err));
    TRY(bytes_append_text(json, ", ", err));
    TRY(put_reals(json, "spread", unusual->spread, unusual->columns, err));
    TRY(bytes_append_text(json, ", ", err));
    TRY(put_integer(json, "rows", (int64_t)sample->count, err));
    TRY(bytes_append_text(json, ", ", err));
    TRY(put_reals(json, "sample", sample->rows, sample->count * unusual->columns, err));
    return bytes_append_text(json, "}", err);
}

enum status unusual_load(struct unusual *unusual, const struct yaml_node *map, struct err *err)
{
    struct sample *sample = &unusual->sample;
    int64_t rows;
    for (size_t p = 0; p < parts_of(unusual->method); p++) {
        TRY(get_real(map, scale_names[p][0], &unusual->scales[p].center, err));
        TRY(get_real(map, scale_names[p][1], &unusual->scales[p].spread, err));
    }
    TRY(get_integer(map, "seed", &unusual->seed, err));
    TRY(get_real(map, "cut", &unusual->cut, err));
    TRY(get_reals(map, "center", unusual->center, unusual->columns, err));
    TRY(get_reals(map, "spread", unusual->spread, unusual->columns, err));
    TRY(get_integer(map, "rows", &rows, err));
    if (rows < 0 || rows > SAMPLE_MOST)
        return fail_at(map, err, "a sample of %lld rows, at most %d are possible", (long long)rows,
                       SAMPLE_MOST);
    sample_release(sample);
    TRY(NEW(&sample->rows, (size_t)rows * unusual->columns + 1, err));
    TRY(get_reals(map, "sample", sample->rows, (size_t)rows * unusual->columns, err));
    sample->count = (size_t)rows;
    unusual->frozen = true;
    return make(unusual, err);
}
