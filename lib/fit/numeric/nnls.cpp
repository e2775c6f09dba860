#include "fit/numeric/nnls.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "fit/numeric/cholesky.h"

namespace frugal::fit {

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

}  // namespace frugal::fit
