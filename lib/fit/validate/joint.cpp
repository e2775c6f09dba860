#include "fit/validate/joint.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "base/stop.h"

namespace frugal::fit {

std::vector<bool> top_scale(const Runs& points, const std::string& variable) {
  const auto column = points.column(variable);
  const auto cuts = rolling_cuts(points, variable, 1);
  std::vector<bool> held(points.count(), false);
  if (cuts.empty()) return held;
  for (std::size_t i = 0; i < held.size(); ++i) held[i] = column[i] >= cuts.front();
  return held;
}

namespace {

SeriesCheck::Convergence count_agreement(const std::string& name, const Runs& points,
                                         const CheckOptions& options) {
  SeriesCheck::Convergence convergence;
  convergence.law = name;
  convergence.seeds = options.seeds;
  const auto law = find_law(name);
  std::vector<FitResult> results;
  for (int s = 0; s < options.seeds; ++s) {
    base::stop_if_requested();
    FitOptions fit_options;
    fit_options.seed = options.seed + std::uint64_t(s);
    results.push_back(fit(*law, points, fit_options));
  }
  const auto best =
      std::min_element(results.begin(), results.end(),
                       [](const FitResult& a, const FitResult& b) { return a.objective < b.objective; });
  for (const FitResult& result : results) {
    convergence.agreeing += result.objective <= best->objective * (1 + 1e-6) + 1e-24;
    bool same = true;
    for (std::size_t p = 0; p < result.theta.size(); ++p) {
      const auto& unidentified = best->certificate.unidentified;
      if (std::find(unidentified.begin(), unidentified.end(), result.names[p]) != unidentified.end())
        continue;
      same = same && std::fabs(result.theta[p] - best->theta[p]) <= 1e-6 * std::fabs(best->theta[p]) + 1e-12;
    }
    convergence.agreeing_parameters += same;
  }
  convergence.best = *best;
  return convergence;
}

}  // namespace

SeriesCheck check_joint(const std::string& name, const Runs& given, std::vector<bool> held,
                        const CheckOptions& options) {
  SeriesCheck check;
  check.name = name;
  std::vector<std::size_t> kept(given.count());
  std::iota(kept.begin(), kept.end(), std::size_t{0});
  if (given.has(variable::unique_data)) {
    const auto data = given.column(variable::data), unique = given.column(variable::unique_data);
    std::erase_if(kept, [&](std::size_t i) { return data[i] > options.most_repeats * unique[i]; });
  }
  check.left_out = given.count() - kept.size();
  const Runs points = given.select(kept);
  check.runs = points.count();
  if (held.empty()) {
    held = top_scale(points);
  } else {
    FRUGAL_ASSERT(held.size() == given.count(), "one flag a run");
    for (std::size_t i = 0; i < kept.size(); ++i) held[i] = held[kept[i]];
    held.resize(kept.size());
  }
  std::vector<std::size_t> fitted_rows, held_rows;
  for (std::size_t i = 0; i < points.count(); ++i) (held[i] ? held_rows : fitted_rows).push_back(i);
  check.fitted = fitted_rows.size();
  check.held_out = held_rows.size();
  for (const auto& law : options.laws) check.convergence.push_back(count_agreement(law, points, options));

  const Runs held_points = points.select(held_rows);
  check.measured = held_points.y;
  if (held_rows.empty()) {
    check.refusal = "no runs are held out";
    return check;
  }
  try {
    PredictiveOptions predictive_options;
    predictive_options.level = options.level;
    check.intervals = Predictive(points.select(fitted_rows), predictive_options).predict(held_points);
  } catch (const base::UserError& error) {
    check.refusal = error.message();
    return check;
  }
  double square = 0;
  for (std::size_t i = 0; i < held_points.count(); ++i) {
    const Interval& interval = check.intervals[i];
    square += std::pow(std::log(interval.estimate / held_points.y[i]), 2) / double(held_points.count());
    check.covered += held_points.y[i] >= interval.lower && held_points.y[i] <= interval.upper;
    check.mean_log_width += std::log(interval.upper / interval.lower) / double(held_points.count());
  }
  check.log_rmse = std::sqrt(square);
  return check;
}

}  // namespace frugal::fit
