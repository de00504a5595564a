/* clean/labels_softmax.c: softmax regression of all folds at once. */
#include "clean/labels_softmax.h"

#include "base/memory.h"
#include "base/parallel.h"
#include "clean/matrix.h"
#include "clean/minimize.h"
#include "clean/spill.h"

#include <math.h>
#include <string.h>

#define SLAB      64   /* features a task gathers the gradient of */
#define STEPS     80   /* of one minimization */
#define TOLERANCE 2e-5 /* of its end */
#define ROUGH     2e-4 /* the same while penalties are compared */
#define TRIED     2    /* folds they are compared on */

/* Largest first; they are for standardized features and the mean over rows. */
static const double penalties[] = {1, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001, 0.0003, 0.0001};
#define PENALTIES (sizeof penalties / sizeof *penalties)

/* ---- exponential and logarithm, the same on every CPU ---- */

#define LN2_HIGH 0x1.62e42fee00000p-1
#define LN2_LOW  0x1.a39ef35793c76p-33

/* For x <= 0, to a few units in the last place; 0 below -700. */
static double exponential(double x)
{
    static const double terms[] = {1. / 6227020800,
                                   1. / 479001600,
                                   1. / 39916800,
                                   1. / 3628800,
                                   1. / 362880,
                                   1. / 40320,
                                   1. / 5040,
                                   1. / 720,
                                   1. / 120,
                                   1. / 24,
                                   1. / 6,
                                   1. / 2,
                                   1,
                                   1};
    if (!(x > -700)) return 0;
    double whole = rint(x * 1.4426950408889634);
    double r = (x - whole * LN2_HIGH) - whole * LN2_LOW, sum = terms[0], power;
    for (size_t k = 1; k < sizeof terms / sizeof *terms; k++)
        sum = sum * r + terms[k];
    uint64_t bits = (uint64_t)((int64_t)whole + 1023) << 52;
    memcpy(&power, &bits, sizeof power);
    return sum * power;
}

/* For x >= 1. */
static double logarithm(double x)
{
    int exponent;
    double part = frexp(x, &exponent);
    if (part < 0.70710678118654752) {
        part *= 2;
        exponent--;
    }
    double s = (part - 1) / (part + 1), square = s * s, sum = 0;
    for (int k = 23; k > 0; k -= 2)
        sum = sum * square + 1. / k;
    return exponent * (LN2_HIGH + LN2_LOW) + 2 * s * sum;
}

double softmax(double *scores, size_t count)
{
    double most = scores[0], sum = 0;
    for (size_t k = 1; k < count; k++)
        most = scores[k] > most ? scores[k] : most;
    for (size_t k = 0; k < count; k++) {
        scores[k] = exponential(scores[k] - most);
        sum += scores[k];
    }
    for (size_t k = 0; k < count; k++)
        scores[k] /= sum;
    return most + logarithm(sum);
}

/* ---- one reading of the features ---- */

struct work {
    const struct examples_view *view;
    size_t threads, blocks, padded;
    float *packed;            /* weights of all folds side by side */
    struct scratch residuals; /* rows x padded: scores, then what they miss */
    double *losses;           /* blocks x folds */
    double *sums;             /* columns x folds x classes, the gradient being gathered */
    double *trained;          /* rows outside of each fold */
    double *probabilities;    /* rows x classes; NULL = residuals are wanted */
};

static void work_release(struct work *work)
{
    memory_free(work->packed);
    scratch_release(&work->residuals);
    memory_free(work->losses);
    memory_free(work->sums);
    memory_free(work->trained);
}

static size_t model_size(const struct examples_view *view)
{
    return view->columns * view->classes;
}

static enum status work_open(struct work *work, const struct examples_view *view, size_t threads,
                             size_t memory, struct err *err)
{
    size_t outputs = view->fold_count * view->classes;
    work->view = view;
    work->threads = threads;
    work->blocks = (view->rows + MATRIX_ROWS - 1) / MATRIX_ROWS;
    work->padded = matrix_padded(outputs);
    TRY(NEW(&work->packed, view->columns * work->padded, err));
    TRY(NEW(&work->losses, work->blocks * view->fold_count + 1, err));
    TRY(NEW(&work->sums, view->columns * outputs, err));
    TRY(NEW(&work->trained, view->fold_count, err));
    for (size_t i = 0; i < view->rows; i++)
        for (size_t f = 0; f < view->fold_count; f++)
            work->trained[f] += view->folds[i] != f;
    return scratch_open(&work->residuals, (view->rows * work->padded + 1) * sizeof(float), memory,
                        err);
}

/* Feature-major weights of each fold into panels over all folds. */
static void pack_weights(struct work *work, const double *weights)
{
    const struct examples_view *view = work->view;
    size_t size = model_size(view), outputs = view->fold_count * view->classes;
    float *to = work->packed;
    for (size_t panel = 0; panel < work->padded / MATRIX_LANES; panel++)
        for (size_t j = 0; j < view->columns; j++)
            for (size_t lane = 0; lane < MATRIX_LANES; lane++) {
                size_t at = panel * MATRIX_LANES + lane;
                size_t fold = at / view->classes, k = at % view->classes;
                *to++ = at < outputs ? (float)weights[fold * size + j * view->classes + k] : 0;
            }
}

static size_t rows_of(const struct work *work, size_t block)
{
    size_t left = work->view->rows - block * MATRIX_ROWS;
    return left < MATRIX_ROWS ? left : MATRIX_ROWS;
}

/* Scores of one row under one fold's model to the residuals; returns the loss. */
static double miss(float *scores, size_t classes, size_t label, double *room)
{
    for (size_t k = 0; k < classes; k++)
        room[k] = scores[k];
    double own = room[label], loss = softmax(room, classes) - own;
    for (size_t k = 0; k < classes; k++)
        scores[k] = (float)room[k];
    scores[label] -= 1;
    return loss;
}

static double predict_own(const struct work *work, size_t row, const float *scores)
{
    size_t classes = work->view->classes;
    double *to = work->probabilities + row * classes;
    for (size_t k = 0; k < classes; k++)
        to[k] = scores[work->view->folds[row] * classes + k];
    double own = to[work->view->labels[row]];
    return softmax(to, classes) - own;
}

static enum status judge_block(void *context, size_t block, struct err *err)
{
    const struct work *work = context;
    const struct examples_view *view = work->view;
    size_t first = block * MATRIX_ROWS, rows = rows_of(work, block), classes = view->classes;
    float *scores = (float *)work->residuals.data + first * work->padded;
    double *losses = work->losses + block * view->fold_count;
    OWNED(memory_release) double *room = NULL;
    TRY(NEW(&room, classes, err));
    memset(losses, 0, view->fold_count * sizeof *losses);
    matrix_kernels()->product(view->features + first * view->columns, view->columns, rows,
                              view->columns, work->packed, work->padded / MATRIX_LANES, scores);
    for (size_t i = 0; i < rows; i++, scores += work->padded) {
        size_t row = first + i;
        if (work->probabilities != NULL) {
            if (view->folds[row] < view->fold_count)
                losses[view->folds[row]] += predict_own(work, row, scores);
            continue;
        }
        for (size_t f = 0; f < view->fold_count; f++) {
            float *own = scores + f * classes;
            if (view->folds[row] == f)
                memset(own, 0, classes * sizeof *own);
            else
                losses[f] += miss(own, classes, view->labels[row], room);
        }
    }
    return STATUS_OK;
}

/* The gradient of some features, over all rows in their order. */
static enum status gather_slab(void *context, size_t slab, struct err *err)
{
    const struct work *work = context;
    const struct examples_view *view = work->view;
    size_t first = slab * SLAB, outputs = view->fold_count * view->classes;
    size_t wide = view->columns - first < SLAB ? view->columns - first : SLAB;
    double *sums = work->sums + first * outputs;
    OWNED(memory_release) float *part = NULL;
    TRY(NEW(&part, wide * work->padded, err));
    memset(sums, 0, wide * outputs * sizeof *sums);
    for (size_t block = 0; block < work->blocks; block++) {
        size_t row = block * MATRIX_ROWS;
        memset(part, 0, wide * work->padded * sizeof *part);
        matrix_kernels()->cross(view->features + row * view->columns + first, view->columns,
                                rows_of(work, block), wide,
                                (const float *)work->residuals.data + row * work->padded,
                                work->padded / MATRIX_LANES, part);
        for (size_t j = 0; j < wide; j++)
            for (size_t k = 0; k < outputs; k++)
                sums[j * outputs + k] += part[j * work->padded + k];
    }
    return STATUS_OK;
}

static double fold_loss(const struct work *work, size_t fold)
{
    double sum = 0;
    for (size_t block = 0; block < work->blocks; block++)
        sum += work->losses[block * work->view->fold_count + fold];
    return sum;
}

static enum status evaluate(struct work *work, const double *weights, double *ret_values,
                            double *ret_gradient, struct err *err)
{
    const struct examples_view *view = work->view;
    size_t classes = view->classes, outputs = view->fold_count * classes;
    pack_weights(work, weights);
    TRY(parallel_for(work->threads, work->blocks, work, judge_block, err));
    TRY(parallel_for(work->threads, (view->columns + SLAB - 1) / SLAB, work, gather_slab, err));
    for (size_t f = 0; f < view->fold_count; f++) {
        double rows = work->trained[f] > 0 ? work->trained[f] : 1;
        ret_values[f] = fold_loss(work, f) / rows;
        for (size_t j = 0; j < view->columns; j++)
            for (size_t k = 0; k < classes; k++)
                ret_gradient[(f * view->columns + j) * classes + k] =
                    work->sums[j * outputs + f * classes + k] / rows;
    }
    return STATUS_OK;
}

enum status softmax_gradient(const struct examples_view *view, const double *weights,
                             size_t threads, size_t memory, double *ret_values,
                             double *ret_gradient, struct err *err)
{
    OWNED(work_release) struct work work = {0};
    TRY(work_open(&work, view, threads, memory, err));
    return evaluate(&work, weights, ret_values, ret_gradient, err);
}

/* ---- minimizing ---- */

static void penalize(const struct examples_view *view, double penalty, const double *weights,
                     double *value, double *gradient)
{
    double squares = 0;
    for (size_t i = 0; i < model_size(view); i++) {
        squares += weights[i] * weights[i];
        gradient[i] += penalty * weights[i];
    }
    *value += penalty / 2 * squares;
}

struct minimizers {
    struct minimizer **items;
    size_t count;
};

static void minimizers_release(struct minimizers *all)
{
    for (size_t f = 0; all->items != NULL && f < all->count; f++)
        minimizer_close(&all->items[f]);
    memory_free(all->items);
}

/* Where each fold's minimizer wants to be answered; false when none does. */
static bool next_points(const struct minimizers *all, double *weights, size_t size)
{
    bool wanted = false;
    for (size_t f = 0; f < all->count; f++) {
        wanted |= !minimizer_done(all->items[f]);
        memcpy(weights + f * size, minimizer_point(all->items[f]), size * sizeof *weights);
    }
    return wanted;
}

/* Moves the weights of all folds to the minimum for one penalty. */
static enum status minimize(struct work *work, double penalty, double tolerance, double *weights,
                            struct err *err)
{
    const struct examples_view *view = work->view;
    size_t size = model_size(view);
    OWNED(memory_release) double *values = NULL;
    OWNED(memory_release) double *gradient = NULL;
    OWNED(minimizers_release) struct minimizers all = {.count = view->fold_count};
    TRY(NEW(&values, view->fold_count, err));
    TRY(NEW(&gradient, size * view->fold_count, err));
    TRY(NEW(&all.items, view->fold_count, err));
    for (size_t f = 0; f < all.count; f++)
        TRY(minimizer_open(&all.items[f], size, weights + f * size, STEPS, tolerance, err));
    while (next_points(&all, weights, size)) {
        TRY(evaluate(work, weights, values, gradient, err));
        for (size_t f = 0; f < all.count; f++) {
            penalize(view, penalty, weights + f * size, &values[f], gradient + f * size);
            minimizer_answer(all.items[f], values[f], gradient + f * size);
        }
    }
    return STATUS_OK;
}

/* Each row by the model that did not see it; *ret_loss is the sum of their cross-entropies. */
static enum status predict_unseen(struct work *work, const double *weights, double *probabilities,
                                  double *ret_loss, struct err *err)
{
    *ret_loss = 0;
    pack_weights(work, weights);
    work->probabilities = probabilities;
    enum status status = parallel_for(work->threads, work->blocks, work, judge_block, err);
    work->probabilities = NULL;
    for (size_t f = 0; f < work->view->fold_count; f++)
        *ret_loss += fold_loss(work, f);
    return status;
}

static void mean_model(const struct examples_view *view, const double *weights, double *ret)
{
    size_t size = model_size(view);
    memset(ret, 0, size * sizeof *ret);
    for (size_t f = 0; f < view->fold_count; f++)
        for (size_t i = 0; i < size; i++)
            ret[i] += weights[f * size + i] / (double)view->fold_count;
}

/* Goes down as long as rows of the first folds are predicted better. `room` is rows x classes. */
static enum status choose_penalty(const struct examples_view *whole,
                                  const struct softmax_plan *plan, double *room, double *ret,
                                  struct err *err)
{
    double least = INFINITY;
    struct examples_view view = *whole;
    if (view.fold_count > TRIED) view.fold_count = TRIED;
    OWNED(work_release) struct work work = {0};
    OWNED(memory_release) double *weights = NULL;
    TRY(work_open(&work, &view, plan->threads, plan->memory / 2, err));
    TRY(NEW(&weights, model_size(&view) * view.fold_count, err));
    for (size_t p = 0; p < PENALTIES; p++) {
        double loss;
        TRY(minimize(&work, penalties[p], ROUGH, weights, err));
        TRY(predict_unseen(&work, weights, room, &loss, err));
        if (!(loss < least)) break;
        least = loss;
        *ret = penalties[p];
    }
    return STATUS_OK;
}

enum status softmax_fit(const struct examples_view *view, const struct softmax_plan *plan,
                        double *ret_probabilities, double *ret_weights, double *ret_penalty,
                        struct err *err)
{
    double loss;
    OWNED(work_release) struct work work = {0};
    OWNED(memory_release) double *weights = NULL;
    *ret_penalty = plan->penalty;
    if (plan->penalty <= 0) TRY(choose_penalty(view, plan, ret_probabilities, ret_penalty, err));
    TRY(work_open(&work, view, plan->threads, plan->memory / 2, err));
    TRY(NEW(&weights, model_size(view) * view->fold_count, err));
    TRY(minimize(&work, *ret_penalty, TOLERANCE, weights, err));
    TRY(predict_unseen(&work, weights, ret_probabilities, &loss, err));
    mean_model(view, weights, ret_weights);
    return STATUS_OK;
}

void softmax_predict(const double *weights, size_t columns, size_t classes, const float *row,
                     double *ret)
{
    memset(ret, 0, classes * sizeof *ret);
    for (size_t j = 0; j < columns; j++)
        for (size_t k = 0; k < classes; k++)
            ret[k] += weights[j * classes + k] * row[j];
    softmax(ret, classes);
}
