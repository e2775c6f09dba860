// The Cholesky factor of a symmetric positive definite matrix, and what is done with it. Matrices are n·n,
// row-major; the factor is the lower triangle.
#pragma once

#include <cstddef>

namespace frugal::fit {

// In place; false where the matrix is not positive definite: where a pivot is not above `least` times the
// diagonal that it comes from.
bool cholesky(double* a, std::size_t n, double least = 1e-15);
// In place: the matrix's inverse times b.
void cholesky_solve(const double* factor, std::size_t n, double* b);
// In place: the factor's inverse times n rows of `columns` values. Residuals whose covariance the matrix is
// become independent, of variance 1.
void cholesky_whiten(const double* factor, std::size_t n, double* rows, std::size_t columns);

}  // namespace frugal::fit
