#include "fit/predictive.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/error.h"
#include "fit/uncertainty.h"

namespace frugal::fit {

using base::UserError;

namespace {

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + std::ptrdiff_t(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// Value below which the given share lies, between order statistics.
double quantile(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  const double at = share * double(values.size() - 1);
  const std::size_t below = std::size_t(at);
  if (below + 1 >= values.size()) return values.back();
  return values[below] + (at - double(below)) * (values[below + 1] - values[below]);
}

// What reaching far is measured in: compute where size and data are known, else the scale variable.
std::vector<double> reach_of(const Points& points, const std::string& scale_variable) {
  const auto scale = points.column(scale_variable);
  std::vector<double> reach(scale.begin(), scale.end());
  if (!points.has(variable::size) || !points.has(variable::data)) return reach;
  const auto size = points.column(variable::size), data = points.column(variable::data);
  for (std::size_t i = 0; i < reach.size(); ++i) reach[i] = size[i] * data[i];
  return reach;
}

std::vector<double> fit_member(const Predictive::Member& member, Points points,
                               const PredictiveOptions& options, Certificate* certificate) {
  const auto reach = reach_of(points, options.scale_variable);
  const double largest = *std::max_element(reach.begin(), reach.end());
  if (points.weight.empty()) points.weight.assign(points.count(), 1.0);
  for (std::size_t i = 0; i < reach.size(); ++i)
    points.weight[i] *= std::pow(reach[i] / largest, member.compute_power);
  FitOptions fit_options;
  fit_options.seed = options.seed;
  fit_options.objective.above_weight = member.above_weight;
  fit_options.scan_points = 200;
  fit_options.starts = 6;
  fit_options.shakes = 3;
  fit_options.min_agreeing = 3;
  fit_options.max_shakes = 12;
  const FitResult result = fit(*member.law, points, fit_options);
  if (certificate) *certificate = result.certificate;
  return result.theta;
}

// Mean and standard deviation over members of log ŷ.
void combine(const std::vector<Predictive::Member>& members,
             const std::vector<std::vector<double>>& log_predicted, std::vector<double>& mean,
             std::vector<double>& spread) {
  const std::size_t n = log_predicted.front().size();
  mean.assign(n, 0);
  spread.assign(n, 0);
  for (std::size_t m = 0; m < members.size(); ++m)
    for (std::size_t i = 0; i < n; ++i) mean[i] += members[m].weight * log_predicted[m][i];
  for (std::size_t m = 0; m < members.size(); ++m)
    for (std::size_t i = 0; i < n; ++i)
      spread[i] += members[m].weight * std::pow(log_predicted[m][i] - mean[i], 2);
  for (double& s : spread) s = std::sqrt(s);
}

std::vector<double> log_predict(const Law& law, const std::vector<double>& theta, const Points& points) {
  auto y = fit::predict(law, theta, points);
  for (double& value : y) value = std::log(std::max(value, 1e-300));
  return y;
}

}  // namespace

Points with_effective_data(Points points) {
  if (!points.has(variable::unique_data)) return points;
  constexpr double published_rate = 15.39;
  const auto data = points.column(variable::data), unique = points.column(variable::unique_data);
  std::vector<double> effective(data.begin(), data.end());
  for (std::size_t i = 0; i < effective.size(); ++i) {
    const double distinct = std::min(data[i], unique[i]);
    const double repeats = data[i] / distinct - 1;
    effective[i] = distinct * (1 + published_rate * (1 - std::exp(-repeats / published_rate)));
  }
  points.set_column(variable::data, std::move(effective));
  return points;
}

std::vector<double> rolling_cuts(const Points& points, const std::string& variable, int max_cuts) {
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

Predictive::Predictive(const Points& given, const PredictiveOptions& options) : options_(options) {
  const Points points = with_effective_data(given);
  const auto scale = points.column(options.scale_variable);
  const auto cuts = rolling_cuts(points, options.scale_variable, options.max_cuts);
  if (cuts.empty())
    throw UserError(
        "",
        fmt::format("too few scales of '{}' to leave the top one out and see how far the fit misses",
                    options.scale_variable),
        "give runs at three or more scales, eight or more of them below the top one");

  // Laws that the smallest of these fits can carry.
  std::size_t fewest = points.count();
  std::vector<std::vector<std::size_t>> below(cuts.size());
  rolling_.resize(cuts.size());
  for (std::size_t c = 0; c < cuts.size(); ++c) {
    for (std::size_t i = 0; i < points.count(); ++i)
      (scale[i] < cuts[c] ? below[c] : rolling_[c].rows).push_back(i);
    rolling_[c].cut = cuts[c];
    rolling_[c].fitted = below[c].size();
    fewest = std::min(fewest, below[c].size());
  }
  for (const auto& name : options.laws) {
    const auto law = find_law(name);
    if (law->parameter_count() + 2 > fewest) continue;
    for (const double above : {1.0, 0.4})
      for (const double power : {0.0, 0.25})
        members_.push_back(
            {fmt::format("{}{}{}", name, above < 1 ? ", above 0.4" : "", power > 0 ? ", compute^0.25" : ""),
             law,
             above,
             power,
             {},
             0,
             0,
             {}});
  }
  if (members_.empty()) throw UserError("", "too few runs below the top scale for any law");

  std::vector<std::vector<std::vector<double>>> predicted(cuts.size());
  for (std::size_t c = 0; c < cuts.size(); ++c) {
    const Points fitted = points.select(below[c]), held = points.select(rolling_[c].rows);
    for (Member& member : members_) {
      predicted[c].push_back(log_predict(*member.law, fit_member(member, fitted, options, nullptr), held));
      for (std::size_t i = 0; i < held.count(); ++i)
        rolling_[c].member_miss.push_back(predicted[c].back()[i] - std::log(held.y[i]));
    }
  }
  for (Member& member : members_) member.theta = fit_member(member, points, options, &member.certificate);

  double total = 0;
  for (std::size_t m = 0; m < members_.size(); ++m) {
    std::vector<double> cut_miss;
    for (const RollingCut& rolling : rolling_) {
      double miss = 0;
      const std::size_t rows = rolling.rows.size();
      for (std::size_t i = 0; i < rows; ++i)
        miss += std::fabs(rolling.member_miss[m * rows + i]) / double(rows);
      cut_miss.push_back(miss);
    }
    for (const double miss : cut_miss) members_[m].rolling_miss += miss / double(cut_miss.size());
    members_[m].weight = 1 / (members_[m].rolling_miss + 1e-4);
    total += members_[m].weight;
  }
  for (Member& member : members_) member.weight /= total;

  std::vector<double> size_of_miss, spreads;
  for (std::size_t c = 0; c < cuts.size(); ++c) {
    std::vector<double> mean;
    combine(members_, predicted[c], mean, rolling_[c].spread);
    for (std::size_t i = 0; i < mean.size(); ++i) {
      rolling_[c].miss.push_back(mean[i] - std::log(points.y[rolling_[c].rows[i]]));
      size_of_miss.push_back(std::fabs(rolling_[c].miss.back()));
      spreads.push_back(rolling_[c].spread[i]);
    }
  }
  typical_miss_ = std::max(median(size_of_miss), 1e-6);
  std::vector<double> z(size_of_miss.size());
  for (std::size_t i = 0; i < z.size(); ++i) z[i] = size_of_miss[i] / std::hypot(spreads[i], typical_miss_);
  // A robust standard deviation (the 68 % point) and normal tails: the 95 % point of so few z is their
  // maximum.
  factor_ = normal_quantile(0.5 + 0.5 * options.level) * quantile(z, 0.6827);

  const auto reach = reach_of(given, options.scale_variable);
  largest_reach_ = *std::max_element(reach.begin(), reach.end());
}

std::vector<Interval> Predictive::predict(const Points& given) const {
  const Points points = with_effective_data(given);
  std::vector<std::vector<double>> log_predicted;
  for (const Member& member : members_)
    log_predicted.push_back(log_predict(*member.law, member.theta, points));
  std::vector<double> mean, spread;
  combine(members_, log_predicted, mean, spread);
  const auto reach = reach_of(given, options_.scale_variable);
  std::vector<Interval> intervals(mean.size());
  for (std::size_t i = 0; i < mean.size(); ++i) {
    const double half = factor_ * std::hypot(spread[i], typical_miss_);
    intervals[i] = {std::exp(mean[i]), std::exp(mean[i] - half), std::exp(mean[i] + half),
                    reach[i] / largest_reach_, reach[i] > options_.far * largest_reach_};
  }
  return intervals;
}

}  // namespace frugal::fit
