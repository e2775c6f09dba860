// Linear algebra, elementwise functions and statistics of fits, each held to its definition on random
// numbers.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/random.h"
#include "fit/numeric/brent.h"
#include "fit/numeric/linear_algebra.h"
#include "fit/numeric/statistics.h"
#include "fit/numeric/vector_math.h"
#include "support/test.h"

using namespace frugal;
using namespace frugal::fit;
using Matrix = std::vector<double>;

namespace {

Matrix random_matrix(base::Random& random, std::size_t rows, std::size_t columns) {
  Matrix out(rows * columns);
  for (double& one : out) one = random.normal();
  return out;
}

// A Aᵀ of a random matrix, and a little of the identity.
Matrix positive_definite(base::Random& random, std::size_t n) {
  const Matrix a = random_matrix(random, n, n);
  Matrix out(n * n);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j) {
      out[i * n + j] = i == j ? 0.1 : 0;
      for (std::size_t k = 0; k < n; ++k) out[i * n + j] += a[i * n + k] * a[j * n + k];
    }
  return out;
}

// The product of a lower triangle [n·n] and rows [n·columns].
Matrix lower_times(const Matrix& factor, const Matrix& rows, std::size_t n, std::size_t columns) {
  Matrix out(n * columns, 0.0);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t k = 0; k <= i; ++k)
      for (std::size_t c = 0; c < columns; ++c)
        out[i * columns + c] += factor[i * n + k] * rows[k * columns + c];
  return out;
}

void require_near(const Matrix& a, const Matrix& b, double tolerance) {
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) REQUIRE(a[i] == Approx(b[i]).margin(tolerance));
}

}  // namespace

TEST_CASE("a Cholesky factor's product is the matrix, and solves, whitens and inverts as one", "[numeric]") {
  base::Random random(1, "cholesky");
  for (const std::size_t n : {1, 2, 3, 5, 8, 15, 16, 17, 21, 40}) {
    CAPTURE(n);
    const Matrix matrix = positive_definite(random, n);
    Matrix factor = matrix;
    REQUIRE(cholesky(factor.data(), n));
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j <= i; ++j) {
        double sum = 0;
        for (std::size_t k = 0; k <= j; ++k) sum += factor[i * n + k] * factor[j * n + k];
        REQUIRE(sum == Approx(matrix[i * n + j]).margin(1e-9));
      }

    const Matrix x = random_matrix(random, n, 1);
    Matrix b(n, 0.0);
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j) b[i] += matrix[i * n + j] * x[j];
    cholesky_solve(factor.data(), n, b.data());
    require_near(b, x, 1e-6);

    for (const std::size_t columns : {1, 3, 7, 8, 9, 16, 19}) {
      const Matrix rows = random_matrix(random, n, columns), residual = random_matrix(random, n, 1);
      Matrix white = lower_times(factor, rows, n, columns);
      cholesky_whiten(factor.data(), n, white.data(), columns);
      require_near(white, rows, 1e-8);
      Matrix white_rows = lower_times(factor, rows, n, columns),
             white_residual = lower_times(factor, residual, n, 1);
      cholesky_whiten(factor.data(), n, white_residual.data(), white_rows.data(), columns);
      require_near(white_rows, rows, 1e-8);
      require_near(white_residual, residual, 1e-8);
    }

    Matrix inverse(n * n, 7.0), identity(n * n, 0.0);
    lower_inverse(factor.data(), n, inverse.data());
    for (std::size_t i = 0; i < n; ++i) identity[i * n + i] = 1;
    require_near(lower_times(factor, inverse, n, n), identity, 1e-8);
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = i + 1; j < n; ++j) REQUIRE(inverse[i * n + j] == 0);
  }
}

TEST_CASE("what is not positive definite has no Cholesky factor, of any size", "[numeric]") {
  base::Random random(2, "indefinite");
  for (const std::size_t n : {2, 5, 17, 30}) {
    CAPTURE(n);
    Matrix matrix = positive_definite(random, n);
    matrix[n * n - 1] = -1;
    REQUIRE_FALSE(cholesky(matrix.data(), n));
    matrix = positive_definite(random, n);
    for (std::size_t i = 0; i < n; ++i)
      matrix[i * n + 1] = matrix[i * n], matrix[n + i] = matrix[i];  // two alike
    matrix[n + 1] = matrix[n] = matrix[1] = matrix[0];
    REQUIRE_FALSE(cholesky(matrix.data(), n, 1e-12));
    matrix = positive_definite(random, n);
    matrix[n + 1] = std::nan("");
    REQUIRE_FALSE(cholesky(matrix.data(), n));
  }
}

TEST_CASE("eigenvectors of a symmetric matrix are orthonormal, and it stretches each by its eigenvalue",
          "[numeric]") {
  base::Random random(3, "eigen");
  for (const std::size_t n : {1, 2, 3, 4, 7, 12}) {
    for (const bool twice : {false, true}) {  // an eigenvalue of several vectors
      CAPTURE(n, twice);
      const Matrix a = random_matrix(random, n, n);
      Matrix matrix(n * n);
      for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < n; ++j)
          matrix[i * n + j] = twice ? (i == j ? 2 : 0) + 1 : a[i * n + j] + a[j * n + i];
      Matrix values, vectors;
      symmetric_eigen(matrix, n, values, vectors);
      REQUIRE(std::is_sorted(values.begin(), values.end()));
      for (std::size_t k = 0; k < n; ++k) {
        for (std::size_t i = 0; i < n; ++i) {
          double product = 0;
          for (std::size_t j = 0; j < n; ++j) product += matrix[i * n + j] * vectors[j * n + k];
          REQUIRE(product == Approx(values[k] * vectors[i * n + k]).margin(1e-10));
        }
        for (std::size_t l = 0; l < n; ++l) {
          double product = 0;
          for (std::size_t i = 0; i < n; ++i) product += vectors[i * n + k] * vectors[i * n + l];
          REQUIRE(product == Approx(k == l ? 1 : 0).margin(1e-10));
        }
      }
    }
  }
}

TEST_CASE("non-negative least squares: no coefficient below 0, and no step that stays so is better",
          "[numeric]") {
  base::Random random(4, "nnls");
  int at_bound = 0;
  for (int round = 0; round < 200; ++round) {
    const std::size_t q = 1 + random.below(6), rows = q + random.below(4);
    const Matrix a = random_matrix(random, rows, q), b = random_matrix(random, rows, 1);
    Matrix gram(q * q, 0.0), right(q, 0.0), solution(q, -1.0);
    for (std::size_t r = 0; r < rows; ++r)
      for (std::size_t i = 0; i < q; ++i) {
        right[i] += a[r * q + i] * b[r];
        for (std::size_t j = 0; j < q; ++j) gram[i * q + j] += a[r * q + i] * a[r * q + j];
      }
    small_nnls(gram.data(), right.data(), q, solution.data());
    for (std::size_t i = 0; i < q; ++i) {
      double slope = right[i];
      for (std::size_t j = 0; j < q; ++j) slope -= gram[i * q + j] * solution[j];
      REQUIRE(solution[i] >= 0);
      REQUIRE(slope <= 1e-7);
      if (solution[i] > 0) REQUIRE(slope == Approx(0).margin(1e-7));
      at_bound += solution[i] == 0;
    }
  }
  REQUIRE(at_bound > 50);
}

TEST_CASE("elementwise functions and sums agree with the plain ones at every length", "[numeric]") {
  base::Random random(5, "vector");
  for (std::size_t n = 0; n < 40; ++n) {
    const Matrix a = random_matrix(random, 1, n), b = random_matrix(random, 1, n),
                 c = random_matrix(random, 1, n);
    Matrix exponential(n), scaled(n), logarithm(n), positive(n), sum_of = c;
    double ab = 0, abc = 0, total = 0;
    for (std::size_t i = 0; i < n; ++i) positive[i] = std::exp(20 * a[i]);
    vector_exp(a.data(), exponential.data(), n);
    vector_exp_scaled(-3, a.data(), scaled.data(), n);
    vector_log(positive.data(), logarithm.data(), n);
    add_scaled(0.5, a.data(), sum_of.data(), n);
    for (std::size_t i = 0; i < n; ++i) {
      REQUIRE(exponential[i] == Approx(std::exp(a[i])).epsilon(1e-14));
      REQUIRE(scaled[i] == Approx(std::exp(-3 * a[i])).epsilon(1e-14));
      REQUIRE(logarithm[i] == Approx(20 * a[i]).epsilon(1e-13));
      REQUIRE(sum_of[i] == Approx(c[i] + 0.5 * a[i]).margin(1e-15));
      ab += a[i] * b[i], abc += a[i] * b[i] * c[i], total += a[i];
    }
    REQUIRE(dot(a.data(), b.data(), n) == Approx(ab).margin(1e-12));
    REQUIRE(dot(a.data(), b.data(), c.data(), n) == Approx(abc).margin(1e-12));
    REQUIRE(sum(a.data(), n) == Approx(total).margin(1e-12));
  }
  for (const double edge : {-1000.0, -708.0, 708.0, 1000.0}) {
    double out = 0;
    vector_exp(&edge, &out, 1);
    REQUIRE(out == Approx(std::exp(std::clamp(edge, -708.0, 708.0))).epsilon(1e-13));
  }
}

TEST_CASE("quantiles and intervals", "[numeric]") {
  for (const double p : {1e-9, 0.001, 0.02, 0.3, 0.5, 0.7, 0.98, 0.999})
    REQUIRE(0.5 * std::erfc(-normal_quantile(p) / std::sqrt(2.0)) == Approx(p).epsilon(1e-6));
  const std::vector<double> sorted = {1, 2, 4, 8};
  REQUIRE(sorted_quantile(sorted, 0) == 1);
  REQUIRE(sorted_quantile(sorted, 1) == 8);
  REQUIRE(sorted_quantile(sorted, 0.5) == Approx(3));
  REQUIRE(sorted_quantile(sorted, 0.9) == Approx(4 + 0.7 * 4));
  REQUIRE(sorted_quantile({5}, 0.3) == 5);
  const double infinite = std::numeric_limits<double>::infinity();
  REQUIRE(sorted_quantile({1, infinite}, 1) == infinite);
  REQUIRE(sorted_quantile({1, 2, infinite}, 0.5) == 2);
  std::vector<double> draws;
  for (int i = 100; i >= 0; --i) draws.push_back(i);
  const Estimate estimate = estimate_of(7, draws, 0.9);
  REQUIRE(estimate.value == 7);
  REQUIRE(estimate.low == Approx(5));
  REQUIRE(estimate.high == Approx(95));
  REQUIRE(matern(0) == 1);
  REQUIRE(matern(0.5) == Approx((1 + std::sqrt(3.0) / 2) * std::exp(-std::sqrt(3.0) / 2)));
  std::vector<double> scores = normal_scores(99, 3);
  REQUIRE(scores != normal_scores(99, 4));
  REQUIRE(scores == normal_scores(99, 3));
  std::sort(scores.begin(), scores.end());
  REQUIRE(scores[49] == Approx(0).margin(1e-9));
  for (std::size_t i = 0; i < 99; ++i) REQUIRE(scores[i] == Approx(-scores[98 - i]).margin(1e-9));
  REQUIRE(scores[98] > 2);
}

TEST_CASE("the minimum along a line is found inside and at its ends", "[numeric]") {
  for (const double at : {-1.0, -0.4, 0.0, 0.731, 2.0}) {
    const MinimumAlong square = brent([&](double x) { return 3 + (x - at) * (x - at); }, -1, 2, 1e-8);
    REQUIRE(square.at == Approx(at).margin(1e-6));
    REQUIRE(square.value == Approx(3).margin(1e-10));
    const MinimumAlong corner = brent([&](double x) { return std::fabs(x - at); }, -1, 2, 1e-8);
    REQUIRE(corner.at == Approx(at).margin(1e-6));
  }
  const double infinite = std::numeric_limits<double>::infinity();
  const MinimumAlong cut = brent([&](double x) { return x < 0.2 ? infinite : x; }, -1, 2, 1e-6);
  REQUIRE(cut.at == Approx(0.2).margin(1e-4));
}
