/* clean/impute_model.c: fills gaps from a row's other columns. */
#include "clean/impute_model.h"

#include "clean/impute_choose.h"
#include "clean/impute_donors.h"
#include "clean/impute_joint.h"
#include "clean/parameters.h"

#include "base/memory.h"

#include <math.h>
#include <string.h>

#define SAMPLE_MOST  20000
#define SAMPLE_LEAST 500
#define SAMPLE_WORK  2e9 /* rows x columns^3 of one round of fitting */
#define DONORS_MOST  4000

#define RIDGE_USUAL 0.05

struct model {
    enum model_kind kind;
    size_t columns, neighbors, threads;
    struct sample sample;
    /* Learned. */
    double *center, *scale, *low, *high; /* by column; scale NaN = no value was seen */
    double *shares;                      /* of knn, by column */
    double ridge;
    struct joint joint;
    double *donors; /* standardized, gaps NaN */
    double *filled; /* the same without gaps */
    size_t donor_count;
};

/* ---- life ---- */

static size_t sample_size(size_t columns, size_t memory)
{
    double d = (double)columns;
    size_t by_work = (size_t)(SAMPLE_WORK / (d * d * d));
    size_t by_memory = memory / 4 / (columns * sizeof(double) + sizeof(struct sampled));
    size_t size = by_work < SAMPLE_MOST ? by_work : SAMPLE_MOST;
    if (size > by_memory) size = by_memory;
    return size < SAMPLE_LEAST ? SAMPLE_LEAST : size;
}

enum status model_open(struct model **ret, enum model_kind kind, size_t columns, size_t neighbors,
                       size_t memory, size_t threads, struct err *err)
{
    struct model *model;
    TRY(NEW(&model, 1, err));
    *ret = model;
    model->kind = kind;
    model->columns = columns;
    model->neighbors = neighbors < DONORS_NEAREST_MOST ? neighbors : DONORS_NEAREST_MOST;
    model->threads = threads;
    sample_open(&model->sample, columns, sample_size(columns, memory));
    model->ridge = RIDGE_USUAL;
    TRY(NEW(&model->center, columns, err));
    TRY(NEW(&model->scale, columns, err));
    TRY(NEW(&model->low, columns, err));
    TRY(NEW(&model->high, columns, err));
    TRY(NEW(&model->shares, columns, err));
    for (size_t j = 0; j < columns; j++)
        model->shares[j] = kind == MODEL_KNN ? 1 : 0;
    return joint_open(&model->joint, columns, err);
}

void model_close(struct model **ret)
{
    struct model *model = *ret;
    if (model == NULL) return;
    joint_release(&model->joint);
    sample_release(&model->sample);
    memory_free(model->center);
    memory_free(model->scale);
    memory_free(model->low);
    memory_free(model->high);
    memory_free(model->shares);
    memory_free(model->donors);
    memory_free(model->filled);
    memory_free(model);
    *ret = NULL;
}

/* ---- columns ---- */

static void measure_columns(struct model *model)
{
    for (size_t j = 0; j < model->columns; j++) {
        double n = 0, sum = 0, squares = 0;
        model->low[j] = INFINITY;
        model->high[j] = -INFINITY;
        for (size_t i = 0; i < model->sample.count; i++) {
            double value = model->sample.rows[i * model->columns + j];
            if (isnan(value)) continue;
            n++;
            sum += value;
            model->low[j] = fmin(model->low[j], value);
            model->high[j] = fmax(model->high[j], value);
        }
        model->center[j] = n == 0 ? NAN : sum / n;
        for (size_t i = 0; i < model->sample.count; i++) {
            double value = model->sample.rows[i * model->columns + j] - model->center[j];
            if (!isnan(value)) squares += value * value;
        }
        double scale = n == 0 ? NAN : sqrt(squares / n);
        model->scale[j] = scale == 0 ? 1 : scale;
    }
}

static void standardize(const struct model *model, double *row)
{
    for (size_t j = 0; j < model->columns; j++)
        row[j] = (row[j] - model->center[j]) / model->scale[j];
}

struct sample *model_sample(struct model *model)
{
    return &model->sample;
}

/* ---- fit ---- */

/* The first of the sample by hash order are the donors. */
static enum status take_donors(struct model *model, struct err *err)
{
    size_t count = model->sample.count < DONORS_MOST ? model->sample.count : DONORS_MOST;
    memory_free(model->donors);
    TRY(NEW(&model->donors, count * model->columns + 1, err));
    memcpy(model->donors, model->sample.rows, count * model->columns * sizeof *model->donors);
    model->donor_count = count;
    return STATUS_OK;
}

static bool uses_donors(const struct model *model)
{
    for (size_t j = 0; j < model->columns; j++)
        if (model->shares[j] > 0) return true;
    return false;
}

static enum status fill_donors(struct model *model, struct err *err)
{
    memory_free(model->filled);
    model->filled = NULL;
    return rows_fill(&model->joint, model->donors, model->donor_count, &model->filled, err);
}

enum status model_fit(struct model *model, struct err *err)
{
    TRY(sample_sort(&model->sample, err));
    measure_columns(model);
    for (size_t i = 0; i < model->sample.count; i++)
        standardize(model, model->sample.rows + i * model->columns);
    if (model->kind == MODEL_AUTO)
        TRY(choose_mixture(model->sample.rows, model->sample.count, model->columns,
                           model->neighbors, model->threads, &model->ridge, model->shares, err));
    TRY(joint_fit(&model->joint, model->sample.rows, model->sample.count, model->ridge,
                  model->threads, err));
    if (uses_donors(model)) {
        TRY(take_donors(model, err));
        TRY(fill_donors(model, err));
    }
    sample_release(&model->sample);
    return STATUS_OK;
}

/* ---- fill ---- */

size_t model_work(const struct model *model)
{
    return joint_work(model->columns) + 2 * model->columns + model->donor_count;
}

void model_fill(const struct model *model, double *row, double *work)
{
    size_t columns = model->columns;
    double *before = work, *filled = work + columns, *distances = work + 2 * columns;
    double *rest = distances + model->donor_count;
    bool measured = false;
    memcpy(before, row, columns * sizeof *row);
    memcpy(filled, row, columns * sizeof *row);
    standardize(model, filled);
    joint_fill(&model->joint, filled, rest);
    struct donors donors = {model->donors, model->filled, model->donor_count, columns,
                            model->neighbors};
    for (size_t j = 0; j < columns; j++) {
        if (!isnan(before[j])) continue;
        double value = filled[j];
        if (model->shares[j] > 0) {
            if (!measured) donors_measure(&donors, before, filled, distances);
            measured = true;
            value += model->shares[j] * (donors_ask(&donors, distances, j, value) - value);
        }
        row[j] =
            fmin(fmax(value * model->scale[j] + model->center[j], model->low[j]), model->high[j]);
        if (isnan(model->scale[j])) row[j] = NAN; /* no value was ever seen */
    }
}

/* ---- state ---- */

static const char *const array_names[] = {"center", "scale", "low", "high", "shares", "mean"};
#define ARRAYS (sizeof array_names / sizeof *array_names)

/* The learned values that are one a column. */
static void learned_arrays(const struct model *model, double *ret[ARRAYS])
{
    double *const arrays[ARRAYS] = {model->center, model->scale,  model->low,
                                    model->high,   model->shares, model->joint.mean};
    memcpy(ret, arrays, sizeof arrays);
}

enum status model_save(const struct model *model, struct bytes *json, struct err *err)
{
    double *arrays[ARRAYS];
    learned_arrays(model, arrays);
    TRY(bytes_append_text(json, "{", err));
    TRY(put_real(json, "ridge", model->ridge, err));
    for (size_t a = 0; a < ARRAYS; a++) {
        TRY(bytes_append_text(json, ", ", err));
        TRY(put_reals(json, array_names[a], arrays[a], model->columns, err));
    }
    TRY(bytes_append_text(json, ", ", err));
    TRY(put_reals(json, "covariance", model->joint.covariance, model->columns * model->columns,
                  err));
    TRY(bytes_append_text(json, ", ", err));
    TRY(put_integer(json, "donor_count", (int64_t)model->donor_count, err));
    TRY(bytes_append_text(json, ", ", err));
    TRY(put_reals(json, "donors", model->donors, model->donor_count * model->columns, err));
    return bytes_append_text(json, "}", err);
}

enum status model_load(struct model *model, const struct yaml_node *map, struct err *err)
{
    double *arrays[ARRAYS];
    int64_t donors;
    learned_arrays(model, arrays);
    TRY(get_real(map, "ridge", &model->ridge, err));
    for (size_t a = 0; a < ARRAYS; a++)
        TRY(get_reals(map, array_names[a], arrays[a], model->columns, err));
    TRY(get_reals(map, "covariance", model->joint.covariance, model->columns * model->columns,
                  err));
    TRY(get_integer(map, "donor_count", &donors, err));
    if (donors < 0 || donors > DONORS_MOST)
        return fail_at(map, err, "%lld donors, at most %d are possible", (long long)donors,
                       DONORS_MOST);
    model->donor_count = (size_t)donors;
    memory_free(model->donors);
    TRY(NEW(&model->donors, model->donor_count * model->columns + 1, err));
    TRY(get_reals(map, "donors", model->donors, model->donor_count * model->columns, err));
    return fill_donors(model, err);
}
