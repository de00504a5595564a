/* tests/unit/clean/test_labels_softmax.c: the regression, its minimizer and the products behind it.
 */
#include "tests/unit/clean/harness.h"

#include "clean/eigen.h"
#include "clean/labels_knn.h"
#include "clean/labels_softmax.h"
#include "clean/matrix.h"
#include "clean/minimize.h"

#include <math.h>

#define ROWS    300 /* more than a block of products */
#define COLUMNS 7
#define CLASSES 3
#define FOLDS   4

static double next(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(*state >> 40) / (1 << 24) - 0.5;
}

struct made {
    float features[ROWS * COLUMNS];
    uint32_t labels[ROWS];
    uint8_t folds[ROWS];
};

static struct examples_view make(struct made *made)
{
    uint64_t state = 3;
    for (size_t i = 0; i < ROWS; i++) {
        made->labels[i] = (uint32_t)(i % CLASSES);
        made->folds[i] = (uint8_t)(i % FOLDS);
        for (size_t j = 0; j < COLUMNS; j++)
            made->features[i * COLUMNS + j] =
                j == COLUMNS - 1 ? 1 : (float)(next(&state) + (j == i % CLASSES));
    }
    return (struct examples_view){made->features, ROWS,    COLUMNS, made->labels,
                                  made->folds,    CLASSES, FOLDS};
}

static void the_gradient_is_that_of_the_loss(void **unused)
{
    (void)unused;
    static struct made made;
    struct examples_view view = make(&made);
    double weights[FOLDS * COLUMNS * CLASSES], gradient[FOLDS * COLUMNS * CLASSES];
    double room[FOLDS * COLUMNS * CLASSES], values[FOLDS], more[FOLDS], less[FOLDS];
    uint64_t state = 5;
    for (size_t i = 0; i < FOLDS * COLUMNS * CLASSES; i++)
        weights[i] = next(&state);
    assert_int_equal(softmax_gradient(&view, weights, 2, 1 << 20, values, gradient, NULL), 0);
    for (size_t i = 0; i < FOLDS * COLUMNS * CLASSES; i += 5) {
        double kept = weights[i], step = 1e-2;
        size_t fold = i / (COLUMNS * CLASSES);
        weights[i] = kept + step;
        assert_int_equal(softmax_gradient(&view, weights, 1, 1 << 20, more, room, NULL), 0);
        weights[i] = kept - step;
        assert_int_equal(softmax_gradient(&view, weights, 1, 1 << 20, less, room, NULL), 0);
        weights[i] = kept;
        assert_true(fabs((more[fold] - less[fold]) / (2 * step) - gradient[i]) < 2e-5);
    }
}

/* Two rows at +1 and -1 outside of each fold: by symmetry p = 1 / (1 + exp(-2w)), and the minimum
 * of -ln p + penalty w^2 lies where 1 - p = penalty w; 0.4 gives w = 0.589. */
static void the_minimum_is_the_one_by_hand(void **unused)
{
    (void)unused;
    float features[] = {1, 1, -1, 1, 1, 1, -1, 1};
    uint32_t labels[] = {0, 1, 0, 1};
    uint8_t folds[] = {0, 0, 1, 1};
    struct examples_view view = {features, 4, 2, labels, folds, 2, 2};
    struct softmax_plan plan = {.penalty = 0.4, .threads = 1, .memory = 1 << 20};
    double probabilities[8], weights[4], penalty;
    assert_int_equal(softmax_fit(&view, &plan, probabilities, weights, &penalty, NULL), 0);
    double w = weights[0];
    assert_true(fabs(w + weights[1]) < 1e-6);
    assert_true(fabs(1 / (1 + exp(2 * w)) - 0.4 * w) < 1e-3);
    assert_true(fabs(probabilities[0] - 1 / (1 + exp(-2 * w))) < 1e-3);
}

static void threads_change_no_bit(void **unused)
{
    (void)unused;
    static struct made made;
    struct examples_view view = make(&made);
    static double one[ROWS * CLASSES], four[ROWS * CLASSES];
    double weights[2][COLUMNS * CLASSES], penalty;
    struct softmax_plan plan = {.threads = 1, .memory = 1 << 20};
    assert_int_equal(softmax_fit(&view, &plan, one, weights[0], &penalty, NULL), 0);
    plan = (struct softmax_plan){.threads = 4};
    assert_int_equal(softmax_fit(&view, &plan, four, weights[1], &penalty, NULL), 0);
    assert_memory_equal(one, four, sizeof one);
    assert_memory_equal(weights[0], weights[1], sizeof weights[0]);
    size_t right = 0;
    for (size_t i = 0; i < ROWS; i++) {
        const double *p = one + i * CLASSES;
        size_t own = made.labels[i];
        assert_true(fabs(p[0] + p[1] + p[2] - 1) < 1e-12);
        right += p[own] > p[(own + 1) % 3] && p[own] > p[(own + 2) % 3];
    }
    assert_true(right > ROWS * 8 / 10);
}

/* Rosenbrock's valley: the minimum at (1, 1) is far along a bend. */
static void the_valley_has_an_end(void **unused)
{
    (void)unused;
    struct minimizer *minimizer = NULL;
    double start[] = {-1.2, 1}, gradient[2];
    assert_int_equal(minimizer_open(&minimizer, 2, start, 200, 0, NULL), 0);
    while (!minimizer_done(minimizer)) {
        const double *p = minimizer_point(minimizer);
        double a = 1 - p[0], b = p[1] - p[0] * p[0];
        gradient[0] = -2 * a - 400 * p[0] * b;
        gradient[1] = 200 * b;
        minimizer_answer(minimizer, a * a + 100 * b * b, gradient);
    }
    assert_true(fabs(minimizer_point(minimizer)[0] - 1) < 1e-4);
    assert_true(fabs(minimizer_point(minimizer)[1] - 1) < 1e-4);
    minimizer_close(&minimizer);
}

static void products_are_those_of_the_definition(void **unused)
{
    (void)unused;
    float a[6 * 5], b[5 * 19], packed[5 * 32], product[6 * 32], crossed[5 * 32] = {0};
    for (size_t i = 0; i < 30; i++)
        a[i] = (float)(i % 7) - 3;
    for (size_t i = 0; i < 95; i++)
        b[i] = (float)(i % 11) - 5;
    matrix_pack(b, 19, 5, 19, packed);
    matrix_kernels()->product(a, 5, 6, 5, packed, 2, product);
    matrix_kernels()->cross(a, 5, 6, 5, product, 2, crossed);
    for (size_t j = 0; j < 32; j++) {
        for (size_t i = 0; i < 6; i++) {
            float sum = 0;
            for (size_t k = 0; k < 5 && j < 19; k++)
                sum += a[i * 5 + k] * b[k * 19 + j];
            assert_true(product[i * 32 + j] == sum);
        }
        for (size_t k = 0; k < 5; k++) {
            float sum = 0;
            for (size_t i = 0; i < 6; i++)
                sum += a[i * 5 + k] * product[i * 32 + j];
            assert_true(crossed[k * 32 + j] == sum);
        }
    }
}

/* [2 1; 1 2] has 1 and 3, along the diagonals. */
static void eigenvalues_by_hand(void **unused)
{
    (void)unused;
    double matrix[] = {2, 1, 1, 2}, vectors[4];
    eigen_symmetric(matrix, 2, vectors);
    double low = fmin(matrix[0], matrix[3]), high = fmax(matrix[0], matrix[3]);
    assert_true(fabs(low - 1) < 1e-12 && fabs(high - 3) < 1e-12);
    assert_true(fabs(fabs(vectors[0]) - sqrt(0.5)) < 1e-12);
}

/* On a line at 0, 1, 2, 10, 11: the two nearest others of 0 are 1 and 2, of 10 they are 11, 2. */
static void neighbors_vote_but_never_for_themselves(void **unused)
{
    (void)unused;
    float features[] = {0, 1, 2, 10, 11};
    uint32_t labels[] = {0, 0, 1, 1, 1};
    struct knn_rows rows = {features, labels, 5, 1, 2};
    double p[10];
    size_t neighbors;
    assert_int_equal(knn_fit(&rows, 2, 1, 1 << 20, p, &neighbors, NULL), 0);
    assert_int_equal(neighbors, 2);
    assert_true(fabs(p[0] - (1 + 0.4) / 3) < 1e-12); /* of 0: one vote for each */
    assert_true(fabs(p[6] - (0 + 0.4) / 3) < 1e-12); /* of 10: none for the first class */
    assert_int_equal(knn_fit(&rows, 80, 1, 0, p, &neighbors, NULL), 0);
    assert_int_equal(neighbors, 4); /* there are no more */
    knn_predict(&rows, 2, features, p);
    assert_true(fabs(p[0] - (2 + 0.4) / 3) < 1e-12); /* a new row: 0 and 1 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_gradient_is_that_of_the_loss),
        cmocka_unit_test(the_minimum_is_the_one_by_hand),
        cmocka_unit_test(threads_change_no_bit),
        cmocka_unit_test(the_valley_has_an_end),
        cmocka_unit_test(products_are_those_of_the_definition),
        cmocka_unit_test(eigenvalues_by_hand),
        cmocka_unit_test(neighbors_vote_but_never_for_themselves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
