#include "fit/posterior/predictive.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/error.h"
#include "fit/law/law.h"
#include "fit/numeric/statistics.h"

namespace frugal::fit {
namespace {

constexpr double prior_cuts = 3;  // ν

double largest_product(const Runs& points) {
  const auto size = points.column(variable::size), data = points.column(variable::data);
  double largest = 0;
  for (std::size_t i = 0; i < size.size(); ++i) largest = std::max(largest, size[i] * data[i]);
  return largest;
}

}  // namespace

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
  largest_reach_ = largest_product(given);
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
  // Posteriors of fewer scales are wider than they need be; that is no reason to narrow this one.
  factor_ = std::sqrt(std::max(1.0, squares / cuts));
}

std::vector<Interval> Predictive::predict(const Runs& given) const {
  const Runs points = with_effective_data(given);
  const auto size = points.column(variable::size), data = points.column(variable::data);
  const double z = factor_ * normal_quantile(0.5 + 0.5 * options_.level);
  std::vector<Interval> intervals(points.count());
  for (std::size_t i = 0; i < intervals.size(); ++i) {
    const Posterior::Moments log_y = posterior_.at(size[i], data[i]);
    const double half = z * log_y.deviation;
    const double reach = size[i] * given.column(variable::data)[i] / largest_reach_;
    intervals[i] = {std::exp(log_y.mean), std::exp(log_y.mean - half), std::exp(log_y.mean + half), reach,
                    reach > options_.far};
  }
  return intervals;
}

}  // namespace frugal::fit
