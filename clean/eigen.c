/* clean/eigen.c: cyclic Jacobi. */
#include "clean/eigen.h"

#include <math.h>
#include <string.h>

#define SWEEPS 30

static double off_diagonal(const double *matrix, size_t size)
{
    double sum = 0;
    for (size_t i = 0; i < size; i++)
        for (size_t j = 0; j < i; j++)
            sum += matrix[i * size + j] * matrix[i * size + j];
    return sum;
}

/* The rotation by which the value at (p, q) vanishes. */
static void rotate(double *matrix, size_t size, double *vectors, size_t p, size_t q)
{
    double apart = matrix[p * size + q];
    if (apart == 0) return;
    double tau = (matrix[q * size + q] - matrix[p * size + p]) / (2 * apart);
    double t = (tau >= 0 ? 1 : -1) / (fabs(tau) + sqrt(1 + tau * tau));
    double c = 1 / sqrt(1 + t * t), s = t * c;
    for (size_t k = 0; k < size; k++) {
        double a = matrix[k * size + p], b = matrix[k * size + q];
        matrix[k * size + p] = c * a - s * b;
        matrix[k * size + q] = s * a + c * b;
    }
    for (size_t k = 0; k < size; k++) {
        double a = matrix[p * size + k], b = matrix[q * size + k];
        matrix[p * size + k] = c * a - s * b;
        matrix[q * size + k] = s * a + c * b;
        a = vectors[k * size + p];
        b = vectors[k * size + q];
        vectors[k * size + p] = c * a - s * b;
        vectors[k * size + q] = s * a + c * b;
    }
}

void eigen_symmetric(double *matrix, size_t size, double *vectors)
{
    double whole = 0;
    memset(vectors, 0, size * size * sizeof *vectors);
    for (size_t i = 0; i < size; i++) {
        vectors[i * size + i] = 1;
        for (size_t j = 0; j < size; j++)
            whole += matrix[i * size + j] * matrix[i * size + j];
    }
    for (int sweep = 0; sweep < SWEEPS && off_diagonal(matrix, size) > 1e-24 * whole; sweep++)
        for (size_t p = 0; p + 1 < size; p++)
            for (size_t q = p + 1; q < size; q++)
                rotate(matrix, size, vectors, p, q);
}
