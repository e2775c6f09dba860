// Small dense linear algebra. Matrices are n·n, row-major; a Cholesky factor is the lower triangle.
#pragma once

#include <cstddef>
#include <vector>

namespace frugal::fit {

// In place; false where the matrix is not positive definite: where a pivot is not above `least` times the
// diagonal that it comes from.
bool cholesky(double* a, std::size_t n, double least = 1e-15);
// In place: the matrix's inverse times b.
void cholesky_solve(const double* factor, std::size_t n, double* b);
// In place: the factor's inverse times n rows of `columns` values. Residuals whose covariance the matrix is
// become independent, of variance 1.
void cholesky_whiten(const double* factor, std::size_t n, double* rows, std::size_t columns);
// The same of n residuals and of their jacobian's n rows, in one pass over the factor.
void cholesky_whiten(const double* factor, std::size_t n, double* residual, double* jacobian,
                     std::size_t columns);

// The factor's inverse [n·n], a lower triangle too.
void lower_inverse(const double* factor, std::size_t n, double* inverse);

// By trying every subset of the (at most 6) columns: gram [q·q] = AᵀA, right [q] = Aᵀb. Gives the solution
// [q]; a column of zeros has the coefficient 0.
void small_nnls(const double* gram, const double* right, std::size_t q, double* solution);

// Eigenvalues (ascending) and eigenvectors (columns of vectors, row-major) of a symmetric n·n matrix: Jacobi.
void symmetric_eigen(std::vector<double> matrix, std::size_t n, std::vector<double>& values,
                     std::vector<double>& vectors);

}  // namespace frugal::fit
