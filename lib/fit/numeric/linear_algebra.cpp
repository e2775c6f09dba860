#include "fit/numeric/linear_algebra.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "fit/numeric/vector_math.h"

namespace frugal::fit {

namespace {

// Up to here plain loops are faster.
constexpr std::size_t few = 16;

// Column by column, each taken off what lies right of it at once: the same operations in the same order as
// below, with rows as vectors.
bool cholesky_by_columns(double* a, std::size_t n, double least) {
  thread_local std::vector<double> column, diagonal;
  column.resize(n);
  diagonal.resize(n);
  for (std::size_t j = 0; j < n; ++j) diagonal[j] = a[j * n + j];
  for (std::size_t j = 0; j < n; ++j) {
    const double d = a[j * n + j];
    if (!(d > least * std::fabs(diagonal[j])) || !std::isfinite(d)) return false;
    const double root = std::sqrt(d);
    a[j * n + j] = root;
    for (std::size_t i = j + 1; i < n; ++i) {
      column[i] = a[i * n + j] /= root;
      add_scaled(-column[i], &column[j + 1], a + i * n + j + 1, i - j);
    }
  }
  return true;
}

// The factor's inverse times rows of eight values, in place. Four rows at once take what the rows above
// them have in common, each in the order of the plain loops.
constexpr std::size_t wide = 8, block = 4;
FRUGAL_VECTOR_CLONES void whiten_wide(const double* factor, std::size_t n, double* rows) {
  for (std::size_t first = 0; first < n; first += block) {
    const std::size_t count = n - first < block ? n - first : block;
    double left[block][wide] = {};
    for (std::size_t b = 0; b < count; ++b)
      for (std::size_t c = 0; c < wide; ++c) left[b][c] = rows[(first + b) * wide + c];
    const double* factor_row[block];
    for (std::size_t b = 0; b < block; ++b) factor_row[b] = factor + (first + (b < count ? b : 0)) * n;
    for (std::size_t k = 0; k < first; ++k)
      for (std::size_t b = 0; b < block; ++b)
        for (std::size_t c = 0; c < wide; ++c) left[b][c] -= factor_row[b][k] * rows[k * wide + c];
    for (std::size_t b = 0; b < count; ++b) {
      for (std::size_t a = 0; a < b; ++a)
        for (std::size_t c = 0; c < wide; ++c) left[b][c] -= factor_row[b][first + a] * left[a][c];
      for (std::size_t c = 0; c < wide; ++c)
        rows[(first + b) * wide + c] = left[b][c] /= factor_row[b][first + b];
    }
  }
}

// The same of one column: what is taken from an element waits for what was taken before, so many go side by
// side.
void whiten_one(const double* factor, std::size_t n, double* column) {
  constexpr std::size_t many = 8;
  std::size_t first = 0;
  for (; first + many <= n; first += many) {
    double left[many];
    const double* rows = factor + first * n;
    for (std::size_t b = 0; b < many; ++b) left[b] = column[first + b];
    for (std::size_t k = 0; k < first; ++k)
      for (std::size_t b = 0; b < many; ++b) left[b] -= rows[b * n + k] * column[k];
    for (std::size_t b = 0; b < many; ++b) {
      for (std::size_t a = 0; a < b; ++a) left[b] -= rows[b * n + first + a] * left[a];
      column[first + b] = left[b] /= rows[b * n + first + b];
    }
  }
  for (std::size_t i = first; i < n; ++i) {
    double left = column[i];
    for (std::size_t k = 0; k < i; ++k) left -= factor[i * n + k] * column[k];
    column[i] = left / factor[i * n + i];
  }
}

}  // namespace

bool cholesky(double* a, std::size_t n, double least) {
  if (n > few) return cholesky_by_columns(a, n, least);
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
  if (columns == 1) return whiten_one(factor, n, rows);
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

void cholesky_whiten(const double* factor, std::size_t n, double* residual, double* jacobian,
                     std::size_t columns) {
  if (n > few && columns < wide) {
    thread_local std::vector<double> rows;
    rows.assign(n * wide, 0.0);
    for (std::size_t i = 0; i < n; ++i) {
      rows[i * wide] = residual[i];
      std::copy_n(jacobian + i * columns, columns, &rows[i * wide + 1]);
    }
    whiten_wide(factor, n, rows.data());
    for (std::size_t i = 0; i < n; ++i) {
      residual[i] = rows[i * wide];
      std::copy_n(&rows[i * wide + 1], columns, jacobian + i * columns);
    }
    return;
  }
  for (std::size_t i = 0; i < n; ++i) {
    double* row = jacobian + i * columns;
    double value = residual[i];
    for (std::size_t k = 0; k < i; ++k) {
      const double f = factor[i * n + k];
      const double* earlier = jacobian + k * columns;
      value -= f * residual[k];
      for (std::size_t c = 0; c < columns; ++c) row[c] -= f * earlier[c];
    }
    const double diagonal = factor[i * n + i];
    residual[i] = value / diagonal;
    for (std::size_t c = 0; c < columns; ++c) row[c] /= diagonal;
  }
}

void lower_inverse(const double* factor, std::size_t n, double* inverse) {
  std::fill(inverse, inverse + n * n, 0.0);
  for (std::size_t i = 0; i < n; ++i) {
    double* row = inverse + i * n;
    row[i] = 1;
    for (std::size_t k = 0; k < i; ++k) add_scaled(-factor[i * n + k], inverse + k * n, row, k + 1);
    for (std::size_t k = 0; k <= i; ++k) row[k] /= factor[i * n + i];
  }
}

void small_nnls(const double* gram, const double* right, std::size_t q, double* solution) {
  FRUGAL_ASSERT(q <= 6, "every subset is tried");
  double best = 0;  // of −½ cᵀG c, the least squares up to a constant; the empty subset gives 0
  std::fill(solution, solution + q, 0.0);
  double a[36], c[6];
  std::size_t member[6];
  for (unsigned subset = 1; subset < (1u << q); ++subset) {
    std::size_t n = 0;
    for (std::size_t k = 0; k < q; ++k)
      if (subset >> k & 1u) member[n++] = k;
    bool fine = true;
    for (std::size_t i = 0; i < n; ++i) {
      const double unit_i = gram[member[i] * q + member[i]];
      if (!(unit_i > 0)) fine = false;
      for (std::size_t j = 0; j < n; ++j)
        a[i * n + j] = gram[member[i] * q + member[j]] / std::sqrt(unit_i * gram[member[j] * q + member[j]]);
      c[i] = right[member[i]] / std::sqrt(unit_i);
    }
    if (!fine || !cholesky(a, n)) continue;
    cholesky_solve(a, n, c);
    double gain = 0;
    for (std::size_t i = 0; i < n; ++i) {
      c[i] /= std::sqrt(gram[member[i] * q + member[i]]);
      fine = fine && c[i] >= 0;
      gain -= 0.5 * c[i] * right[member[i]];
    }
    if (!fine || gain >= best) continue;
    best = gain;
    std::fill(solution, solution + q, 0.0);
    for (std::size_t i = 0; i < n; ++i) solution[member[i]] = c[i];
  }
}

void symmetric_eigen(std::vector<double> a, std::size_t n, std::vector<double>& values,
                     std::vector<double>& vectors) {
  std::vector<double> v(n * n, 0.0);
  for (std::size_t i = 0; i < n; ++i) v[i * n + i] = 1;
  for (int sweep = 0; sweep < 60; ++sweep) {
    double off = 0;
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = i + 1; j < n; ++j) off += a[i * n + j] * a[i * n + j];
    if (off < 1e-300) break;
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = i + 1; j < n; ++j) {
        if (a[i * n + j] == 0) continue;
        const double t0 = (a[j * n + j] - a[i * n + i]) / (2 * a[i * n + j]);
        const double t = (t0 >= 0 ? 1 : -1) / (std::fabs(t0) + std::sqrt(1 + t0 * t0));
        const double c = 1 / std::sqrt(1 + t * t), s = t * c;
        for (std::size_t k = 0; k < n; ++k) {
          const double x = a[k * n + i], y = a[k * n + j];
          a[k * n + i] = c * x - s * y;
          a[k * n + j] = s * x + c * y;
        }
        for (std::size_t k = 0; k < n; ++k) {
          const double x = a[i * n + k], y = a[j * n + k];
          a[i * n + k] = c * x - s * y;
          a[j * n + k] = s * x + c * y;
        }
        for (std::size_t k = 0; k < n; ++k) {
          const double x = v[k * n + i], y = v[k * n + j];
          v[k * n + i] = c * x - s * y;
          v[k * n + j] = s * x + c * y;
        }
      }
  }
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t i, std::size_t j) { return a[i * n + i] < a[j * n + j]; });
  values.resize(n);
  vectors.resize(n * n);
  for (std::size_t k = 0; k < n; ++k) {
    values[k] = a[order[k] * n + order[k]];
    for (std::size_t i = 0; i < n; ++i) vectors[i * n + k] = v[i * n + order[k]];
  }
}

}  // namespace frugal::fit
