/* clean/outliers_rows.c: unusual rows. */
#include "clean/outliers_rows.h"

#include "clean/outliers_forest.h"
#include "clean/parameters.h"
#include "clean/quantile.h"

#include "base/parallel.h"

#include <math.h>

#define SAMPLE_MOST     4000
#define NEIGHBORS_MOST  64
#define BLOCK_ROWS      64
#define MAD_CONSISTENCY 1.482602218505602

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
    struct forest *forest;
    struct scale forest_scale, knn_scale;
};

enum status unusual_open(struct unusual **ret, enum rows_method method, size_t columns,
                         size_t neighbors, const struct module_setup *setup, struct err *err)
{
    struct unusual *unusual;
    TRY(NEW(&unusual, 1, err));
    *ret = unusual;
    unusual->method = method;
    unusual->columns = columns;
    unusual->neighbors = neighbors;
    unusual->threads = setup->threads;
    unusual->seed = setup->seed;
    sample_open(&unusual->sample, columns, SAMPLE_MOST);
    TRY(NEW(&unusual->center, columns, err));
    return NEW(&unusual->spread, columns, err);
}

void unusual_close(struct unusual **unusual)
{
    if (*unusual == NULL) return;
    sample_release(&(*unusual)->sample);
    memory_free((*unusual)->center);
    memory_free((*unusual)->spread);
    forest_close(&(*unusual)->forest);
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

struct nearest {
    double distance[NEIGHBORS_MOST];
    size_t place[NEIGHBORS_MOST];
    size_t count;
};

static void keep(struct nearest *nearest, size_t most, double distance, size_t place)
{
    if (nearest->count == most && !(distance < nearest->distance[most - 1])) return;
    size_t at = nearest->count < most ? nearest->count++ : most - 1;
    for (; at > 0 && nearest->distance[at - 1] > distance; at--) {
        nearest->distance[at] = nearest->distance[at - 1];
        nearest->place[at] = nearest->place[at - 1];
    }
    nearest->distance[at] = distance;
    nearest->place[at] = place;
}

static void find_nearest(const struct unusual *unusual, const double *standard, uint64_t hash,
                         struct nearest *ret)
{
    const struct sample *sample = &unusual->sample;
    ret->count = 0;
    for (size_t i = 0; i < sample->count; i++) {
        const double *other = sample->rows + i * unusual->columns;
        if (!unusual->frozen && sample->sampled[i].hash == hash) continue;
        double sum = 0;
        for (size_t j = 0; j < unusual->columns; j++) {
            double apart = standard[j] - other[j];
            sum += apart * apart;
        }
        keep(ret, unusual->neighbors, sum, i);
    }
}

/* The column in which the row is farthest from the mean of its nearest rows (of all rows, where
 * there are none). */
static size_t farthest_column(const struct unusual *unusual, const double *standard,
                              const struct nearest *nearest)
{
    size_t farthest = 0;
    double most = -1;
    for (size_t j = 0; j < unusual->columns; j++) {
        double mean = 0;
        for (size_t i = 0; i < nearest->count; i++)
            mean += unusual->sample.rows[nearest->place[i] * unusual->columns + j] /
                    (double)nearest->count;
        double apart = fabs(standard[j] - mean);
        if (apart <= most) continue;
        most = apart;
        farthest = j;
    }
    return farthest;
}

static double on_scale(const struct scale *scale, double score)
{
    return (score - scale->center) / scale->spread;
}

static double last_distance(const struct nearest *nearest)
{
    return nearest->count == 0 ? 0 : sqrt(nearest->distance[nearest->count - 1]);
}

size_t unusual_work(const struct unusual *unusual)
{
    return unusual->columns;
}

struct verdict unusual_judge(const struct unusual *unusual, const double *row, uint64_t hash,
                             double *standard)
{
    struct nearest nearest = {.count = 0};
    struct verdict verdict = {.score = -INFINITY};
    standardize(unusual, row, standard);
    if (unusual->method != ROWS_KNN)
        verdict.score = on_scale(&unusual->forest_scale, forest_score(unusual->forest, standard));
    if (unusual->method != ROWS_FOREST) {
        find_nearest(unusual, standard, hash, &nearest);
        verdict.score = fmax(verdict.score, on_scale(&unusual->knn_scale, last_distance(&nearest)));
    }
    verdict.column = farthest_column(unusual, standard, &nearest);
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
    double *forest, *knn; /* by sampled row */
};

static enum status score_block(void *context, size_t block, struct err *err)
{
    (void)err;
    const struct scoring *scoring = context;
    const struct unusual *unusual = scoring->unusual;
    const struct sample *sample = &unusual->sample;
    size_t end =
        (block + 1) * BLOCK_ROWS < sample->count ? (block + 1) * BLOCK_ROWS : sample->count;
    for (size_t i = block * BLOCK_ROWS; i < end; i++) {
        const double *row = sample->rows + i * unusual->columns;
        struct nearest nearest;
        if (unusual->method != ROWS_KNN) scoring->forest[i] = forest_score(unusual->forest, row);
        if (unusual->method == ROWS_FOREST) continue;
        find_nearest(unusual, row, sample->sampled[i].hash, &nearest);
        scoring->knn[i] = last_distance(&nearest);
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
    enum status status = quantiles_open(&quantiles, half, 1, memory, err);
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
    if (!(ret->spread > 0)) ret->spread = count == 0 ? 1 : sqrt(squares / (double)count);
    if (!(ret->spread > 0)) ret->spread = 1;
    return status;
}

/* The forest, from the standardized sample. */
static enum status grow(struct unusual *unusual, struct err *err)
{
    if (unusual->method == ROWS_KNN) return STATUS_OK;
    forest_close(&unusual->forest);
    return forest_grow(&unusual->forest, unusual->sample.rows, unusual->sample.count,
                       unusual->columns, unusual->seed, unusual->threads, err);
}

enum status unusual_fit(struct unusual *unusual, struct err *err)
{
    struct sample *sample = &unusual->sample;
    OWNED(memory_release) double *forest = NULL;
    OWNED(memory_release) double *knn = NULL;
    TRY(sample_sort(sample, err));
    TRY(NEW(&forest, sample->count + 1, err));
    TRY(NEW(&knn, sample->count + 1, err));
    measure_columns(unusual);
    for (size_t i = 0; i < sample->count; i++)
        standardize(unusual, sample->rows + i * unusual->columns,
                    sample->rows + i * unusual->columns);
    TRY(grow(unusual, err));
    struct scoring scoring = {unusual, forest, knn};
    TRY(parallel_for(unusual->threads, (sample->count + BLOCK_ROWS - 1) / BLOCK_ROWS, &scoring,
                     score_block, err));
    TRY(fit_scale(forest, sample->count, &unusual->forest_scale, err));
    return fit_scale(knn, sample->count, &unusual->knn_scale, err);
}

/* ---- state ---- */

static const char *const scale_names[] = {"forest_center", "forest_spread", "knn_center",
                                          "knn_spread"};

enum status unusual_save(const struct unusual *unusual, struct bytes *json, struct err *err)
{
    const struct sample *sample = &unusual->sample;
    const double scales[] = {unusual->forest_scale.center, unusual->forest_scale.spread,
                             unusual->knn_scale.center, unusual->knn_scale.spread};
    TRY(bytes_append_text(json, "{", err));
    TRY(put_integer(json, "seed", unusual->seed, err));
    for (size_t i = 0; i < 4; i++) {
        TRY(bytes_append_text(json, ", ", err));
        TRY(put_real(json, scale_names[i], scales[i], err));
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
    double scales[4];
    int64_t rows;
    for (size_t i = 0; i < 4; i++)
        TRY(get_real(map, scale_names[i], &scales[i], err));
    unusual->forest_scale = (struct scale){scales[0], scales[1]};
    unusual->knn_scale = (struct scale){scales[2], scales[3]};
    TRY(get_integer(map, "seed", &unusual->seed, err));
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
    return grow(unusual, err);
}
