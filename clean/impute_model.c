/* clean/impute_model.c: fills gaps from a row's other columns. */
#include "clean/impute_model.h"

#include "clean/impute_choose.h"
#include "clean/impute_donors.h"
#include "clean/impute_forest.h"
#include "clean/impute_joint.h"
#include "clean/impute_shift.h"
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
    double *references;                  /* of impute_shift.h, 0 = no shift */
    double *leads;                       /* of impute_choose.h */
    double *weights;                     /* columns x PARTS */
    double ridge;
    struct joint joint;
    double *donors; /* standardized, gaps NaN */
    double *filled; /* the same without gaps */
    size_t donor_count;
    struct sample_origin *origins; /* of the donors */
    struct counts sources;
    int64_t seed;
    struct trees *trees; /* NULL = none wanted */
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
                       const struct module_setup *setup, struct err *err)
{
    static const enum part parts[] = {
        [MODEL_KNN] = PART_NEIGHBORS, [MODEL_RIDGE] = PART_RIDGE, [MODEL_FOREST] = PART_FOREST};
    struct model *model;
    TRY(NEW(&model, 1, err));
    *ret = model;
    model->kind = kind;
    model->columns = columns;
    model->neighbors = neighbors < DONORS_NEAREST_MOST ? neighbors : DONORS_NEAREST_MOST;
    model->threads = setup->threads;
    model->seed = setup->seed;
    sample_open(&model->sample, columns, sample_size(columns, setup->memory));
    model->ridge = RIDGE_USUAL;
    TRY(NEW(&model->center, columns, err));
    TRY(NEW(&model->scale, columns, err));
    TRY(NEW(&model->low, columns, err));
    TRY(NEW(&model->high, columns, err));
    TRY(NEW(&model->references, columns, err));
    TRY(NEW(&model->leads, columns, err));
    TRY(NEW(&model->weights, columns * PARTS, err));
    for (size_t j = 0; j < columns; j++)
        model->weights[j * PARTS + (kind == MODEL_AUTO ? PART_RIDGE : parts[kind])] = 1;
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
    memory_free(model->weights);
    memory_free(model->leads);
    memory_free(model->references);
    trees_close(&model->trees);
    memory_free(model->donors);
    memory_free(model->filled);
    memory_free(model->origins);
    counts_release(&model->sources);
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
    if (model->sample.origins == NULL) return STATUS_OK;
    memory_free(model->origins);
    model->origins = model->sample.origins;
    model->sources = model->sample.sources;
    model->sample.origins = NULL;
    model->sample.sources = (struct counts){0};
    return STATUS_OK;
}

static bool uses(const struct model *model, enum part part)
{
    for (size_t j = 0; j < model->columns; j++)
        if (model->weights[j * PARTS + part] > 0) return true;
    return false;
}

/* What neighbors and trees look at, and the trees. */
static enum status use_donors(struct model *model, struct err *err)
{
    OWNED(memory_release) bool *wanted = NULL;
    memory_free(model->filled);
    model->filled = NULL;
    TRY(rows_fill(&model->joint, model->donors, model->donor_count, &model->filled, err));
    trees_close(&model->trees);
    if (!uses(model, PART_FOREST)) return STATUS_OK;
    TRY(NEW(&wanted, model->columns, err));
    for (size_t j = 0; j < model->columns; j++)
        wanted[j] = model->weights[j * PARTS + PART_FOREST] > 0;
    struct trees_plan plan = {
        .rows = model->donors,
        .filled = model->filled,
        .count = model->donor_count,
        .columns = model->columns,
        .wanted = wanted,
        .seed = model->seed,
        .threads = model->threads,
    };
    return trees_grow(&model->trees, &plan, err);
}

static struct donors donors_of(const struct model *model)
{
    return (struct donors){model->donors, model->filled, model->donor_count, model->columns,
                           model->neighbors};
}

/* Where the gaps of a column lie apart from what is known of it. */
static enum status find_references(struct model *model, const bool *shifted, struct err *err)
{
    struct donors donors = donors_of(model);
    for (size_t j = 0; j < model->columns; j++)
        if (shifted[j]) TRY(shift_reference(&donors, j, &model->references[j], err));
    return STATUS_OK;
}

static bool any(const bool *flags, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (flags[i]) return true;
    return false;
}

enum status model_fit(struct model *model, struct err *err)
{
    OWNED(memory_release) bool *shifted = NULL;
    TRY(NEW(&shifted, model->columns, err));
    TRY(sample_sort(&model->sample, err));
    measure_columns(model);
    for (size_t i = 0; i < model->sample.count; i++)
        standardize(model, model->sample.rows + i * model->columns);
    struct choice choice = {
        .rows = model->sample.rows,
        .count = model->sample.count,
        .columns = model->columns,
        .neighbors = model->neighbors,
        .threads = model->threads,
        .seed = model->seed,
    };
    if (model->kind == MODEL_AUTO) {
        TRY(choose_mixture(&choice, &model->ridge, model->weights, model->leads, err));
        shift_find(model->sample.rows, model->sample.count, model->columns, shifted);
    }
    bool donors =
        uses(model, PART_NEIGHBORS) || uses(model, PART_FOREST) || any(shifted, model->columns);
    if (donors) TRY(take_donors(model, err));
    rows_hold(model->sample.rows, model->sample.count * model->columns);
    TRY(joint_fit(&model->joint, model->sample.rows, model->sample.count, model->ridge,
                  model->threads, err));
    if (donors) {
        TRY(use_donors(model, err));
        TRY(find_references(model, shifted, err));
    }
    sample_release(&model->sample);
    return STATUS_OK;
}

/* ---- fill ---- */

size_t model_work(const struct model *model)
{
    return joint_work(model->columns) + 2 * model->columns + model->donor_count;
}

/* One cell, standardized; `distances` are measured when the first cell asks for them. */
static double fill_cell(const struct model *model, const double *row, const double *filled,
                        size_t column, double *distances, bool *measured,
                        struct donated *ret_donated)
{
    const double *weights = model->weights + column * PARTS;
    double ridge = filled[column], trust = 1, value = weights[PART_RIDGE] * ridge;
    if (weights[PART_FOREST] > 0)
        value += weights[PART_FOREST] * trees_ask(model->trees, filled, column, ridge);
    if (weights[PART_NEIGHBORS] == 0 && model->references[column] == 0) return value;
    struct donors donors = donors_of(model);
    struct donated donated = {0};
    if (!*measured) donors_measure(&donors, row, filled, distances);
    *measured = true;
    donors_ask(&donors, distances, column, &donated);
    if (donated.count == 0) return ridge;
    trust = shift_trust(donated.distance, model->references[column], model->leads[column]);
    double others = weights[PART_RIDGE] + weights[PART_FOREST];
    if (ret_donated != NULL && trust * others < 1) *ret_donated = donated;
    return trust * value + (1 - trust * others) * donated.value;
}

void model_fill(const struct model *model, double *row, double *work, struct donated *ret_donated)
{
    size_t columns = model->columns;
    double *before = work, *filled = work + columns, *distances = work + 2 * columns;
    double *rest = distances + model->donor_count;
    bool measured = false;
    memcpy(before, row, columns * sizeof *row);
    memcpy(filled, row, columns * sizeof *row);
    standardize(model, filled);
    rows_hold(filled, columns);
    joint_fill(&model->joint, filled, rest);
    for (size_t j = 0; j < columns; j++) {
        struct donated *donated = ret_donated == NULL ? NULL : &ret_donated[j];
        if (donated != NULL) donated->count = 0;
        if (!isnan(before[j])) continue;
        double value = fill_cell(model, before, filled, j, distances, &measured, donated);
        row[j] =
            fmin(fmax(value * model->scale[j] + model->center[j], model->low[j]), model->high[j]);
        if (isnan(model->scale[j])) row[j] = NAN; /* no value was ever seen */
    }
}

bool model_has_donors(const struct model *model)
{
    return model->kind == MODEL_KNN || model->kind == MODEL_AUTO;
}

enum status model_donors_text(const struct model *model, const struct donated *donated,
                              struct bytes *ret, struct err *err)
{
    ret->size = 0;
    for (size_t i = 0; model->origins != NULL && i < donated->count; i++) {
        const struct sample_origin *origin = &model->origins[donated->places[i]];
        const struct counted *source = &model->sources.items[origin->source];
        TRY(bytes_format(ret, err, "%s%.*s:%lld", i == 0 ? "" : ", ", (int)source->size,
                         (const char *)source->data, (long long)origin->record));
    }
    return STATUS_OK;
}

/* ---- state ---- */

static const char *const array_names[] = {"center",     "scale", "low", "high",
                                          "references", "leads", "mean"};
#define ARRAYS (sizeof array_names / sizeof *array_names)

/* The learned values that are one a column. */
static void learned_arrays(const struct model *model, double *ret[ARRAYS])
{
    double *const arrays[ARRAYS] = {model->center,     model->scale, model->low,       model->high,
                                    model->references, model->leads, model->joint.mean};
    memcpy(ret, arrays, sizeof arrays);
}

/* "sources": [...], "origins": [source, record, source, record, ...], */
static enum status save_origins(const struct model *model, struct bytes *json, struct err *err)
{
    OWNED(memory_release) double *pairs = NULL;
    TRY(bytes_append_text(json, "\"sources\": [", err));
    for (size_t i = 0; i < model->sources.count; i++) {
        const struct counted *source = &model->sources.items[i];
        if (i > 0) TRY(bytes_append_text(json, ", ", err));
        TRY(bytes_append_json(json, (struct str){(const char *)source->data, source->size}, err));
    }
    TRY(bytes_append_text(json, "], ", err));
    TRY(NEW(&pairs, 2 * model->donor_count + 1, err));
    for (size_t i = 0; i < model->donor_count; i++) {
        pairs[2 * i] = model->origins[i].source;
        pairs[2 * i + 1] = (double)model->origins[i].record;
    }
    TRY(put_reals(json, "origins", pairs, 2 * model->donor_count, err));
    return bytes_append_text(json, ", ", err);
}

static enum status load_origins(struct model *model, const struct yaml_node *map, struct err *err)
{
    const struct yaml_node *sources = yaml_get(map, "sources");
    OWNED(memory_release) double *pairs = NULL;
    if (sources == NULL || sources->kind != YAML_LIST) return STATUS_OK;
    for (size_t i = 0; i < sources->count; i++) {
        struct str text = sources->items[i]->text;
        TRY(counts_add(&model->sources, text.data, text.size, count_hash(text.data, text.size), 1,
                       err));
    }
    TRY(NEW(&pairs, 2 * model->donor_count + 1, err));
    TRY(get_reals(map, "origins", pairs, 2 * model->donor_count, err));
    memory_free(model->origins);
    TRY(NEW(&model->origins, model->donor_count + 1, err));
    for (size_t i = 0; i < model->donor_count; i++) {
        if (!(pairs[2 * i] >= 0 && pairs[2 * i] < (double)model->sources.count) ||
            !(fabs(pairs[2 * i + 1]) < 0x1p62))
            return fail_at(map, err, "a donor is of no source that is named");
        model->origins[i] =
            (struct sample_origin){(uint32_t)pairs[2 * i], (int64_t)pairs[2 * i + 1]};
    }
    return STATUS_OK;
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
    TRY(put_integer(json, "seed", model->seed, err));
    TRY(bytes_append_text(json, ", ", err));
    TRY(put_reals(json, "weights", model->weights, model->columns * PARTS, err));
    TRY(bytes_append_text(json, ", ", err));
    TRY(put_reals(json, "covariance", model->joint.covariance, model->columns * model->columns,
                  err));
    TRY(bytes_append_text(json, ", ", err));
    TRY(put_integer(json, "donor_count", (int64_t)model->donor_count, err));
    TRY(bytes_append_text(json, ", ", err));
    if (model->origins != NULL) TRY(save_origins(model, json, err));
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
    TRY(get_integer(map, "seed", &model->seed, err));
    TRY(get_reals(map, "weights", model->weights, model->columns * PARTS, err));
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
    TRY(load_origins(model, map, err));
    return use_donors(model, err);
}
