#include "fit/posterior/posterior.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "fit/numeric/levenberg.h"
#include "fit/numeric/linear_algebra.h"
#include "fit/numeric/statistics.h"
#include "fit/numeric/vector_math.h"

namespace frugal::fit {
namespace {

// The priors of the discrepancy's size and of the noise: normal in the logarithm, around 1.5 % and 0.75 %.
// Both reach far down: runs without noise are not rare (simulated ones, and losses of one long run).
constexpr double log_amplitude = -4.2, amplitude_deviation = 1;
constexpr double log_noise = -4.9, noise_deviation = 1.3;

constexpr double nothing = -std::numeric_limits<double>::infinity();  // ln of no evidence

// Under-trained runs: logarithm of the odds against one, and one in how many at most.
constexpr double outlier_cost = 3.5;
constexpr std::size_t least_share = 8;

}  // namespace

Posterior::Posterior(const Runs& runs, const PosteriorOptions& options)
    : options_(options),
      cells_(make_cells(runs, options.most_cells)),
      closeness_(cells_.size() * cells_.size()) {
  const std::size_t n = cells_.size();
  const std::vector<double>&x = cells_.log_data(), &z = cells_.log_size();
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j <= i; ++j)
      closeness_[i * n + j] =
          matern(std::fabs(x[i] - x[j]) / options_.length) * matern(std::fabs(z[i] - z[j]) / options_.length);
}

Posterior::CellCovariance Posterior::covariance(const ErrorModel& model,
                                                std::vector<std::size_t> outliers) const {
  const std::size_t n = cells_.size();
  const std::vector<double>&x = cells_.log_data(), &z = cells_.log_size();
  CellCovariance result{model, std::move(outliers), std::vector<double>(n * n), 0, {}};
  std::vector<double> scale(n);
  for (std::size_t i = 0; i < n; ++i) scale[i] = model.amplitude * std::exp(-model.steepness * (x[i] + z[i]));
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j <= i; ++j)
      result.factor[i * n + j] = scale[i] * scale[j] * closeness_[i * n + j];
    result.factor[i * n + i] += model.noise * model.noise / cells_.count[i] + cells_.known[i] + 1e-10;
  }
  for (const std::size_t i : result.outliers) result.factor[i * n + i] += options_.outlier_variance;
  const bool positive = cholesky(result.factor.data(), n);
  FRUGAL_ASSERT(positive, "a covariance has a Cholesky factor");
  for (std::size_t i = 0; i < n; ++i) result.log_determinant += std::log(result.factor[i * n + i]);
  return result;
}

void Posterior::whiten(const CellCovariance& covariance, double* rows, std::size_t columns) const {
  cholesky_whiten(covariance.factor.data(), cells_.size(), rows, columns);
}

void Posterior::whitened(const CellCovariance& covariance, const PosteriorPart& part,
                         std::vector<double>& residual, std::vector<double>& jacobian) const {
  const std::size_t n = cells_.size(), p = part.law->size;
  residual.resize(n);
  jacobian.resize(n * p);
  part.law->evaluate(part.parameters.data(), cells_.at, residual.data(), jacobian.data());
  for (std::size_t i = 0; i < n; ++i) residual[i] = cells_.log_y[i] - residual[i];
  whiten(covariance, residual.data(), 1);
  whiten(covariance, jacobian.data(), p);
}

double Posterior::evidence(const CellCovariance& covariance, PosteriorPart& part,
                           const std::vector<std::vector<double>>& starts) const {
  const PosteriorLaw& law = *part.law;
  const std::size_t n = cells_.size(), p = law.size;
  std::vector<double> mean(p), deviation(p);
  law.prior(cells_.edge, mean.data(), deviation.data());
  LeastSquares problem;
  problem.residuals = n + p;
  problem.parameters = p;
  problem.evaluate = [&](const double* theta, double* residual, double* out) {
    law.evaluate(theta, cells_.at, residual, out);
    for (std::size_t i = 0; i < n; ++i) residual[i] -= cells_.log_y[i];
    cholesky_whiten(covariance.factor.data(), n, residual, out, p);
    std::fill(out + n * p, out + (n + p) * p, 0.0);
    for (std::size_t k = 0; k < p; ++k) {
      residual[n + k] = (theta[k] - mean[k]) / deviation[k];
      out[(n + k) * p + k] = 1 / deviation[k];
    }
  };
  std::vector<LevenbergResult> ends;
  for (const auto& start : starts) ends.push_back(levenberg(problem, start, 40, 1e-6));
  const auto best = std::min_element(ends.begin(), ends.end(),
                                     [](const auto& a, const auto& b) { return a.cost < b.cost; });
  part.parameters = best->theta;
  part.gradient = best->gradient_norm;
  part.agreement = 0;
  for (const auto& end : ends) part.agreement += (end.cost < best->cost + 1e-4) / double(ends.size());
  if (!std::isfinite(best->cost)) return nothing;

  const double log_determinant = set_covariance(covariance, part, deviation);
  if (!std::isfinite(log_determinant)) return nothing;
  double value = law.log_prior - best->cost - covariance.log_determinant - log_determinant -
                 outlier_cost * double(covariance.outliers.size());
  for (std::size_t k = 0; k < p; ++k) value -= std::log(deviation[k]);
  value -= 0.5 * std::pow((std::log(covariance.amplitude) - log_amplitude) / amplitude_deviation, 2);
  value -= 0.5 * std::pow((std::log(covariance.noise) - log_noise) / noise_deviation, 2);
  return value - cells_.freedom * std::log(covariance.noise) -
         0.5 * cells_.within / (covariance.noise * covariance.noise);
}

double Posterior::set_covariance(const CellCovariance& covariance, PosteriorPart& part,
                                 const std::vector<double>& deviation) const {
  const std::size_t n = cells_.size(), p = part.law->size;
  std::vector<double> log_y(n), jacobian(n * p), precision(p * p), column(p);
  part.law->evaluate(part.parameters.data(), cells_.at, log_y.data(), jacobian.data());
  whiten(covariance, jacobian.data(), p);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t a = 0; a < p; ++a)
      for (std::size_t b = 0; b < p; ++b) precision[a * p + b] += jacobian[i * p + a] * jacobian[i * p + b];
  for (std::size_t a = 0; a < p; ++a) precision[a * p + a] += 1 / (deviation[a] * deviation[a]);
  if (!cholesky(precision.data(), p)) return std::numeric_limits<double>::infinity();
  part.covariance.assign(p * p, 0.0);
  double log_determinant = 0;
  for (std::size_t k = 0; k < p; ++k) {
    log_determinant += std::log(precision[k * p + k]);
    std::fill(column.begin(), column.end(), 0.0);
    column[k] = 1;
    cholesky_solve(precision.data(), p, column.data());
    for (std::size_t a = 0; a < p; ++a) part.covariance[a * p + k] = column[a];
  }
  return log_determinant;
}

std::optional<Posterior::Worst> Posterior::worst_cell(const CellCovariance& covariance,
                                                      const PosteriorPart& part) const {
  const std::size_t n = cells_.size(), p = part.law->size;
  std::vector<double> residual, jacobian, precision(n), pull(n), shared(p * n), square(n);
  whitened(covariance, part, residual, jacobian);
  // Each cell as predicted from all others: with P the inverse of the cells' covariance, the parameters'
  // included, it misses by (P r)ᵢ/Pᵢᵢ with a variance of 1/Pᵢᵢ.
  for (std::size_t k = 0; k < n; ++k) {
    const double* row = covariance.inverse.data() + k * n;
    for (std::size_t i = 0; i <= k; ++i) square[i] = row[i] * row[i];
    add_scaled(1, square.data(), precision.data(), k + 1);
    add_scaled(residual[k], row, pull.data(), k + 1);
    for (std::size_t a = 0; a < p; ++a) add_scaled(jacobian[k * p + a], row, &shared[a * n], k + 1);
  }
  std::optional<Worst> worst;
  for (std::size_t i = 0; i < n; ++i) {
    if (pull[i] <= 0) continue;
    double own = precision[i];
    for (std::size_t a = 0; a < p; ++a)
      for (std::size_t b = 0; b < p; ++b)
        own -= shared[a * n + i] * part.covariance[a * p + b] * shared[b * n + i];
    if (!(own > 0)) continue;
    if (std::find(covariance.outliers.begin(), covariance.outliers.end(), i) != covariance.outliers.end())
      continue;
    const double variance = 1 / own, wider = variance + options_.outlier_variance, miss = pull[i] * variance;
    const double gain =
        0.5 * std::log(variance / wider) + 0.5 * miss * miss * (own - 1 / wider) - outlier_cost;
    if (gain > (worst ? worst->gain : 0)) worst = Worst{i, gain};
  }
  return worst;
}

Posterior::CellCovariance Posterior::with_inverse(const ErrorModel& model,
                                                  std::vector<std::size_t> outliers) const {
  CellCovariance result = covariance(model, std::move(outliers));
  result.inverse.resize(result.factor.size());
  lower_inverse(result.factor.data(), cells_.size(), result.inverse.data());
  return result;
}

void Posterior::mark_outliers(const CellCovariance& plain, PosteriorPart& part, double useful) const {
  std::optional<CellCovariance> marked;
  const std::size_t most = std::max<std::size_t>(1, cells_.size() / least_share);
  while (part.outliers.size() < most) {
    const auto worst = worst_cell(marked ? *marked : plain, part);
    // The next ones gain about as much as this one, or less.
    if (!worst || part.weight + double(most - part.outliers.size()) * worst->gain < useful) break;
    auto outliers = part.outliers;
    outliers.push_back(worst->cell);
    marked = with_inverse(plain, std::move(outliers));
    part = fit_part(*part.law, *marked, {part.parameters});
  }
}

PosteriorPart Posterior::fit_part(const PosteriorLaw& law, const CellCovariance& covariance,
                                  const std::vector<std::vector<double>>& starts) const {
  PosteriorPart part;
  static_cast<ErrorModel&>(part) = covariance;
  part.law = &law;
  part.weight = evidence(covariance, part, starts);
  part.outliers = covariance.outliers;
  return part;
}

void Posterior::keep_likeliest(std::vector<PosteriorPart> parts) {
  double best = nothing;
  for (const PosteriorPart& part : parts) best = std::max(best, part.weight);
  double total = 0;
  for (PosteriorPart& part : parts) total += part.weight = std::exp(part.weight - best);
  std::stable_sort(parts.begin(), parts.end(),
                   [](const auto& a, const auto& b) { return a.weight > b.weight; });
  // The tail of the mixture costs time and says nothing.
  double sum = 0;
  for (PosteriorPart& part : parts) {
    if (sum > 0.98 * total) break;
    sum += part.weight;
    parts_.push_back(std::move(part));
  }
  for (PosteriorPart& part : parts_) part.weight /= sum;
}

Posterior Posterior::restore(const Runs& runs, std::vector<PosteriorPart> parts,
                             const PosteriorOptions& options) {
  Posterior posterior(runs, options);
  for (const PosteriorPart& part : parts)
    for (const std::size_t cell : part.outliers)
      if (cell >= posterior.cells_.size())
        throw base::UserError("", fmt::format("outlier {} of {} scales", cell, posterior.cells_.size()),
                              "the runs are not those that were fitted");
  posterior.parts_ = std::move(parts);
  posterior.make_ready();
  return posterior;
}

}  // namespace frugal::fit
