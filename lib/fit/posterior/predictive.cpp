#include "fit/posterior/predictive.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>

#include "base/error.h"
#include "fit/law/law.h"
#include "fit/numeric/linear_algebra.h"
#include "fit/numeric/statistics.h"
#include "fit/posterior/posterior.h"

namespace frugal::fit {
namespace {

// One run as a law takes it, in room that is used again: a plan asks tens of thousands of times.
const Inputs& one_run(const Edge& edge, double size, double data) {
  thread_local Inputs run{1, {{0.0}, {0.0}}, {{0.0}, {0.0}}};
  run.log_value[0][0] = std::log(size) - edge.log_size;
  run.log_value[1][0] = std::log(data) - edge.log_data;
  for (std::size_t v = 0; v < 2; ++v) run.value[v][0] = std::exp(run.log_value[v][0]);
  return run;
}

constexpr double prior_cuts = 6;  // ν

// The priors' deviations of the first version, whose fit files have no covariance.
constexpr std::array<double, 6> first_deviation{3, 1, 1.5, 0.35, 0.35, 0.5};

}  // namespace

void Posterior::make_ready() {
  for (PosteriorPart& part : parts_) {
    auto found = std::find_if(covariances_.begin(), covariances_.end(),
                              [&part](const ErrorModel& other) { return other == part; });
    if (found == covariances_.end()) {
      covariances_.push_back(covariance(part, part.outliers));
      found = covariances_.end() - 1;
    }
    Ready ready{static_cast<std::size_t>(found - covariances_.begin()), {}, {}};
    whitened(*found, part, ready.residual, ready.jacobian);
    if (part.covariance.empty()) {
      std::vector<double> mean(part.law->size), deviation(part.law->size);
      part.law->prior(cells_.edge, mean.data(), deviation.data());
      if (options_.first_priors) std::copy_n(first_deviation.begin(), deviation.size(), deviation.begin());
      set_covariance(*found, part, deviation);
    }
    ready_.push_back(std::move(ready));
  }
}

Posterior::Moments Posterior::at(double size, double data) const {
  const std::size_t n = cells_.size();
  const Inputs& run = one_run(cells_.edge, size, data);
  const double z = run.log_value[0][0], x = run.log_value[1][0];
  const std::vector<double>&cell_x = cells_.log_data(), &cell_z = cells_.log_size();
  std::vector<double> near(n), reach(n), jacobian(8), gradient(8);
  for (std::size_t i = 0; i < n; ++i)
    near[i] = matern(std::fabs(x - cell_x[i]) / options_.length) *
              matern(std::fabs(z - cell_z[i]) / options_.length);
  double mean = 0, square = 0;
  for (std::size_t c = 0; c < covariances_.size(); ++c) {
    const CellCovariance& covariance = covariances_[c];
    // Beyond the largest run the discrepancy stays as large as there.
    const double amplitude = covariance.amplitude * std::exp(-covariance.steepness * std::min(0.0, x + z));
    for (std::size_t i = 0; i < n; ++i)
      reach[i] = near[i] * amplitude * covariance.amplitude *
                 std::exp(-covariance.steepness * (cell_x[i] + cell_z[i]));
    whiten(covariance, reach.data(), 1);
    double left = amplitude * amplitude + covariance.noise * covariance.noise;
    for (const double r : reach) left -= r * r;
    for (std::size_t k = 0; k < parts_.size(); ++k) {
      if (ready_[k].covariance != c) continue;
      const PosteriorPart& part = parts_[k];
      const std::size_t p = part.law->size;
      double value = 0, variance = left;
      part.law->evaluate(part.parameters.data(), run, &value, jacobian.data());
      std::copy_n(jacobian.begin(), p, gradient.begin());
      for (std::size_t i = 0; i < n; ++i) {
        value += reach[i] * ready_[k].residual[i];
        for (std::size_t a = 0; a < p; ++a) gradient[a] -= reach[i] * ready_[k].jacobian[i * p + a];
      }
      for (std::size_t a = 0; a < p; ++a)
        for (std::size_t b = 0; b < p; ++b)
          variance += gradient[a] * part.covariance[a * p + b] * gradient[b];
      mean += part.weight * value;
      square += part.weight * (variance + value * value);
    }
  }
  return {mean, std::sqrt(std::max(0.0, square - mean * mean))};
}

std::vector<Posterior::Outlier> Posterior::outliers() const {
  std::map<std::size_t, double> share;
  for (const PosteriorPart& part : parts_)
    for (const std::size_t i : part.outliers) share[i] += part.weight;
  std::vector<Outlier> outliers;
  for (const auto& [i, probability] : share) {
    if (probability > 0.5)
      outliers.push_back({std::exp(cells_.log_size()[i] + cells_.edge.log_size),
                          std::exp(cells_.log_data()[i] + cells_.edge.log_data), probability});
  }
  return outliers;
}

double Posterior::log_laws(double size, double data) const {
  double mean = 0;
  for (const PosteriorPart& part : parts_)
    mean += part.weight * log_law(part, part.parameters.data(), size, data);
  return mean;
}

double Posterior::log_law(const PosteriorPart& part, const double* parameters, double size,
                          double data) const {
  double value = 0;
  part.law->evaluate(parameters, one_run(cells_.edge, size, data), &value, nullptr);
  return value;
}

std::vector<double> Posterior::draw(const PosteriorPart& part, const std::vector<double>& normals) const {
  const std::size_t p = part.law->size;
  std::vector<double> factor = part.covariance, theta = part.parameters;
  if (!cholesky(factor.data(), p)) return theta;
  for (std::size_t a = 0; a < p; ++a)
    for (std::size_t b = 0; b <= a; ++b) theta[a] += factor[a * p + b] * normals[b];
  return theta;
}

std::vector<double> rolling_cuts(const Runs& points, const std::string& variable, int max_cuts) {
  const auto column = points.column(variable);
  std::vector<double> sorted(column.begin(), column.end());
  std::sort(sorted.begin(), sorted.end());
  const std::set<double> distinct(sorted.begin(), sorted.end());
  const std::size_t step = std::max<std::size_t>(3, std::size_t(std::ceil(0.05 * double(sorted.size()))));
  std::vector<double> cuts;
  std::size_t above_last = 0;
  for (auto value = distinct.rbegin(); value != distinct.rend() && int(cuts.size()) < max_cuts; ++value) {
    const auto first = std::lower_bound(sorted.begin(), sorted.end(), *value);
    const std::size_t above = std::size_t(sorted.end() - first);
    if (above - above_last < step) continue;
    // At least two scales and a few runs must be left to fit.
    const std::size_t below = sorted.size() - above;
    if (below < 8 || *sorted.begin() == *(first - 1)) break;
    cuts.push_back(*value);
    above_last = above;
  }
  return cuts;
}

Predictive::Predictive(const Runs& given, const PredictiveOptions& options)
    : options_(options), posterior_(Posterior::fit(with_effective_data(given), options.posterior)) {
  const Runs points = with_effective_data(given);
  double squares = prior_cuts, cuts = prior_cuts;
  const auto scale = points.column(options.scale_variable);
  for (const double cut : rolling_cuts(points, options.scale_variable, options.max_cuts)) {
    RollingCut rolling;
    std::vector<std::size_t> below;
    double fitted_edge = 0, edge = 0;
    for (std::size_t i = 0; i < points.count(); ++i) {
      (scale[i] < cut ? below : rolling.rows).push_back(i);
      (scale[i] < cut ? fitted_edge : edge) = std::max(scale[i] < cut ? fitted_edge : edge, scale[i]);
    }
    rolling.variable = options.scale_variable;
    rolling.cut = cut;
    rolling.beyond = edge / fitted_edge;
    rolling.fitted = below.size();
    try {
      const Posterior part = Posterior::fit(points.select(below), options.posterior);
      const auto size = points.column(variable::size), data = points.column(variable::data);
      double square = 0;
      for (const std::size_t i : rolling.rows) {
        const Posterior::Moments log_y = part.at(size[i], data[i]);
        rolling.miss.push_back(log_y.mean - std::log(points.y[i]));
        rolling.deviation.push_back(log_y.deviation);
        square += std::pow(rolling.miss.back() / log_y.deviation, 2) / double(rolling.rows.size());
      }
      squares += square;
      cuts += 1;
      rolling_.push_back(std::move(rolling));
    } catch (const base::UserError&) {
      break;  // too few scales below this cut, and below the next
    }
  }
  factor_ = std::sqrt(squares / cuts);
}

std::vector<Estimate> Predictive::predict(const Runs& given) const {
  const Runs points = with_effective_data(given);
  const auto size = points.column(variable::size), data = points.column(variable::data);
  const double z = factor_ * normal_quantile(0.5 + 0.5 * options_.level);
  std::vector<Estimate> intervals;
  for (std::size_t i = 0; i < size.size(); ++i) {
    const Posterior::Moments log_y = posterior_.at(size[i], data[i]);
    const double half = z * log_y.deviation;
    intervals.push_back({std::exp(log_y.mean), std::exp(log_y.mean - half), std::exp(log_y.mean + half)});
  }
  return intervals;
}

}  // namespace frugal::fit
