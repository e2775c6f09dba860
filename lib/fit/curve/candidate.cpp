#include "fit/curve/candidate.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "fit/numeric/levenberg.h"
#include "fit/numeric/linear_algebra.h"
#include "fit/numeric/statistics.h"

namespace frugal::fit {

std::span<const CurveLaw> curve_laws() {
  static const std::array table{law_m1, law_m2, law_m3, law_m4, law_rosenfeld_1d, law_bnsl, law_bnsl2};
  return table;
}

const CurveLaw* find_curve_law(std::string_view name) {
  for (const CurveLaw& law : curve_laws())
    if (law.name == name) return &law;
  return nullptr;
}

namespace {

double covariance(DiscrepancyKernel kernel, double a, double b) {
  return kernel.amplitude * kernel.amplitude * matern(std::abs(a - b) / kernel.length);
}

// The covariance of ln y − law at t (ascending): the discrepancy's and the noise's.
class Discrepancy {
 public:
  Discrepancy(std::span<const double> t, double noise, DiscrepancyKernel kernel)
      : n_(t.size()), noise_(noise) {
    if (kernel.amplitude <= 0) return;
    factor_.assign(n_ * n_, 0);
    for (std::size_t i = 0; i < n_; ++i)
      for (std::size_t j = 0; j <= i; ++j)
        factor_[i * n_ + j] = covariance(kernel, t[i], t[j]) + (i == j ? noise * noise : 0);
    const bool positive = cholesky(factor_.data(), n_);
    FRUGAL_ASSERT(positive, "a covariance has a Cholesky factor");
  }

  // In place: rows of `columns` values, multiplied by the inverse of the Cholesky factor. The squares of
  // whitened residuals add up to the exponent of the likelihood.
  void whiten(double* rows, std::size_t columns) const {
    if (!factor_.empty()) return cholesky_whiten(factor_.data(), n_, rows, columns);
    for (std::size_t i = 0; i < n_ * columns; ++i) rows[i] /= noise_;
  }
  void whiten(double* residual, double* jacobian, std::size_t columns) const {
    if (!factor_.empty()) return cholesky_whiten(factor_.data(), n_, residual, jacobian, columns);
    whiten(residual, 1);
    whiten(jacobian, columns);
  }
  // The covariance's inverse times the residuals; empty where there is no discrepancy.
  std::vector<double> solve(std::vector<double> residuals) const {
    if (factor_.empty()) return {};
    cholesky_solve(factor_.data(), n_, residuals.data());
    return residuals;
  }

 private:
  std::size_t n_;
  double noise_;
  std::vector<double> factor_;  // lower, row by row; empty where the amplitude is 0
};

CurveCandidate fit_one(const CurveLaw& law, const CurveData& data, const Discrepancy& discrepancy,
                       const std::vector<Theta>& starts) {
  const std::size_t n = data.t.size(), p = law.size;
  LeastSquares problem;
  problem.residuals = n + law.prior_count;
  problem.parameters = p;
  problem.evaluate = [&](const double* theta, double* residual, double* jacobian) {
    law.evaluate(theta, data.t, residual, jacobian);
    for (std::size_t i = 0; i < n; ++i) residual[i] -= data.log_y[i];
    discrepancy.whiten(residual, jacobian, p);
    law.prior(theta, data.shape, residual + n, jacobian + n * p);
  };

  // A short descent from every start, a long one from the two best. Without noise the valleys are narrow: a
  // longer one from each.
  const bool exact = data.noise < 1e-4;
  std::vector<LevenbergResult> ends;
  for (const Theta& start : starts) ends.push_back(levenberg(problem, start, 8));
  std::stable_sort(ends.begin(), ends.end(), [](const auto& a, const auto& b) { return a.cost < b.cost; });
  for (std::size_t k = 0; k < std::min<std::size_t>(exact ? ends.size() : 2, ends.size()); ++k)
    if (!ends[k].converged && std::isfinite(ends[k].cost))
      ends[k] = levenberg(problem, ends[k].theta, exact ? 600 : 60);
  std::stable_sort(ends.begin(), ends.end(), [](const auto& a, const auto& b) { return a.cost < b.cost; });

  CurveCandidate result;
  result.law = &law;
  result.theta = ends.front().theta;
  result.gradient_norm = ends.front().gradient_norm;
  for (const LevenbergResult& end : ends)
    if (end.cost <= ends.front().cost * (1 + 1e-3) + 1e-9) result.agreement += 1.0 / double(ends.size());
  std::vector<double> residual(n);
  law.evaluate(result.theta.data(), data.t, residual.data(), nullptr);
  double square = 0;
  for (std::size_t i = 0; i < n; ++i) {
    residual[i] = data.log_y[i] - residual[i];
    square += residual[i] * residual[i];
  }
  result.in_fit = std::sqrt(square / double(n));
  result.discrepancy_weights = discrepancy.solve(std::move(residual));
  return result;
}

}  // namespace

std::vector<CurveCandidate> fit_candidates(const CurveData& data, DiscrepancyKernel kernel,
                                           bool averaged_only) {
  const Discrepancy independent(data.t, data.noise, {}), correlated(data.t, data.noise, kernel);
  std::vector<CurveCandidate> result;
  for (const CurveLaw& law : curve_laws()) {
    if (averaged_only && !law.averaged_plain && !law.averaged_with_discrepancy) {
      result.emplace_back();
      continue;
    }
    std::vector<Theta> starts = law.starts(data.shape);
    result.push_back(fit_one(law, data, independent, starts));
    result.back().averaged = law.averaged_plain;
    if (!law.averaged_with_discrepancy) continue;
    starts.push_back(result.back().theta);
    result.push_back(fit_one(law, data, correlated, starts));
    result.back().with_discrepancy = result.back().averaged = true;
  }
  return result;
}

double scatter_around_laws(const CurveData& data) {
  constexpr double chance = 0.001;
  // Priors count by the noise: here they hardly do.
  CurveData quiet = data;
  quiet.noise = data.noise / 30;
  const Discrepancy independent(quiet.t, quiet.noise, {});
  double least = data.noise;
  for (const CurveLaw& law : curve_laws()) {
    const std::size_t n = data.t.size();
    if (!law.averaged_plain || n <= law.size) continue;
    const double freedom = double(n - law.size);
    const double scatter =
        fit_one(law, quiet, independent, law.starts(data.shape)).in_fit * std::sqrt(double(n) / freedom);
    if (std::pow(scatter / data.noise, freedom) < chance) least = std::min(least, scatter);
  }
  return least;
}

std::vector<double> predict_candidate(const CurveCandidate& candidate, std::span<const double> data_t,
                                      DiscrepancyKernel kernel, std::span<const double> t) {
  std::vector<double> result(t.size());
  candidate.law->evaluate(candidate.theta.data(), t, result.data(), nullptr);
  const std::vector<double>& weights = candidate.discrepancy_weights;
  for (std::size_t i = 0; i < t.size(); ++i) {
    double expected = 0;
    for (std::size_t k = 0; k < weights.size(); ++k)
      expected += covariance(kernel, t[i], data_t[k]) * weights[k];
    result[i] += expected;
  }
  return result;
}

}  // namespace frugal::fit
