#include "fit/numeric/cholesky.h"

#include <cmath>

namespace frugal::fit {

bool cholesky(double* a, std::size_t n, double least) {
  for (std::size_t j = 0; j < n; ++j) {
    const double diagonal = a[j * n + j];
    double d = diagonal;
    for (std::size_t k = 0; k < j; ++k) d -= a[j * n + k] * a[j * n + k];
    if (!(d > least * std::fabs(diagonal)) || !std::isfinite(d)) return false;
    const double root = std::sqrt(d);
    a[j * n + j] = root;
    for (std::size_t i = j + 1; i < n; ++i) {
      double s = a[i * n + j];
      for (std::size_t k = 0; k < j; ++k) s -= a[i * n + k] * a[j * n + k];
      a[i * n + j] = s / root;
    }
  }
  return true;
}

void cholesky_solve(const double* factor, std::size_t n, double* b) {
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k < i; ++k) b[i] -= factor[i * n + k] * b[k];
    b[i] /= factor[i * n + i];
  }
  for (std::size_t i = n; i-- > 0;) {
    for (std::size_t k = i + 1; k < n; ++k) b[i] -= factor[k * n + i] * b[k];
    b[i] /= factor[i * n + i];
  }
}

void cholesky_whiten(const double* factor, std::size_t n, double* rows, std::size_t columns) {
  for (std::size_t i = 0; i < n; ++i) {
    double* row = rows + i * columns;
    for (std::size_t k = 0; k < i; ++k) {
      const double f = factor[i * n + k];
      const double* earlier = rows + k * columns;
      for (std::size_t c = 0; c < columns; ++c) row[c] -= f * earlier[c];
    }
    for (std::size_t c = 0; c < columns; ++c) row[c] /= factor[i * n + i];
  }
}

}  // namespace frugal::fit
