/* clean/eigen.h: eigenvalues and eigenvectors of a small symmetric matrix (cyclic Jacobi: Golub and
 * Van Loan, Matrix Computations, 4th edition, section 8.5). Fixed order, plain double arithmetic.
 */
#ifndef CLEAN_EIGEN_H
#define CLEAN_EIGEN_H

#include <stddef.h>

/* matrix       size x size; destroyed, its diagonal becomes the eigenvalues
 * ret_vectors  size x size: column k belongs to diagonal value k */
void eigen_symmetric(double *matrix, size_t size, double *ret_vectors);

#endif
