#include "fit/command/fit_laws.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "fit/numeric/statistics.h"
#include "fit/runs/roles.h"
#include "fit/surface/law_surface.h"

namespace frugal::fit {
namespace {

using base::UserError;

// Candidates that differ by less than this in hold-out error count as nearly equal (see fit/curve/curve.h).
constexpr double indifference = 0.02;

// The laws to fit: the named one, or every law of the table that uses all of what was varied and nothing
// else.
std::vector<std::shared_ptr<const Law>> candidates(const Runs& points, const FitConfig& config,
                                                   const std::string& place) {
  if (!config.expression.empty() || config.law == "expression") {
    if (config.expression.empty()) {
      throw UserError(place + ":/expression", "is empty, but law is 'expression'",
                      "for example --set 'expression=E + A/N^alpha + B/D^beta'");
    }
    std::vector<std::string> own;
    for (const std::string& name : points.names) {
      if (!is_scale(name)) own.push_back(name);
    }
    return {make_expression_law(config.expression, config.parameters, place + ":/expression", own)};
  }
  if (config.law != "auto") return {find_law(config.law)};
  std::vector<std::shared_ptr<const Law>> laws;
  for (const std::string& name : law_names()) {
    const auto law = find_law(name);
    const auto uses = [&](const std::string& v) {
      return std::find(law->variables.begin(), law->variables.end(), v) != law->variables.end();
    };
    const bool all_there = std::all_of(law->variables.begin(), law->variables.end(),
                                       [&](const std::string& v) { return points.has(v); });
    if (!all_there || !uses(variable::size) || !uses(variable::data)) continue;
    // A law must know all that was varied besides.
    const bool knows_all = std::all_of(points.names.begin(), points.names.end(), [&](const std::string& v) {
      return v == variable::compute || uses(v);
    });
    if (!knows_all) continue;
    laws.push_back(law);
  }
  if (laws.empty()) laws.push_back(find_law("chinchilla"));
  return laws;
}

std::vector<std::size_t> rows_where(const std::vector<double>& cost, double edge, bool above) {
  std::vector<std::size_t> rows;
  for (std::size_t i = 0; i < cost.size(); ++i) {
    if ((cost[i] > edge) == above) rows.push_back(i);
  }
  return rows;
}

// Rolling hold-out by cost: hide what costs more than 1/2, 1/4, 1/8 … of the largest run.
std::vector<HoldOut> roll(const std::vector<std::shared_ptr<const Law>>& laws, const Runs& points,
                          const std::vector<double>& cost, const FitConfig& config, std::uint64_t seed,
                          std::vector<double>& misses, std::vector<double>& distances) {
  std::vector<HoldOut> hold_outs;
  const double largest = *std::max_element(cost.begin(), cost.end());
  std::size_t last_hidden = 0;
  for (int halves = 1; halves <= 6 && hold_outs.size() < 3; ++halves) {
    const double edge = largest * std::pow(0.5, halves) * (1 + 1e-9);
    const std::vector<std::size_t> fitted = rows_where(cost, edge, false),
                                   hidden = rows_where(cost, edge, true);
    if (hidden.size() == last_hidden || fitted.size() < points.count() / 2) continue;
    last_hidden = hidden.size();
    const Runs train = points.select(fitted), test = points.select(hidden);
    HoldOut one;
    one.fitted = fitted.size();
    one.hidden = hidden.size();
    double fitted_edge = 0;
    for (const std::size_t i : fitted) fitted_edge = std::max(fitted_edge, cost[i]);
    one.beyond = largest / fitted_edge;
    std::vector<double> average(hidden.size(), 0);
    double used = 0;
    for (const auto& law : laws) {
      one.log_rmse.push_back(std::numeric_limits<double>::quiet_NaN());
      std::vector<double> predicted;
      try {
        FitOptions options = options_of(config, seed, *law);
        options.starts = 4;
        options.restarts = options.max_restarts = 0;
        predicted = predict(*law, fit(*law, train, options).theta, test);
      } catch (const UserError&) {
        continue;  // too few runs below this edge: no evidence for or against the law
      }
      double square = 0;
      for (std::size_t i = 0; i < predicted.size(); ++i) {
        square += std::pow(std::log(predicted[i] / test.y[i]), 2) / static_cast<double>(predicted.size());
        average[i] += std::log(predicted[i]);
      }
      one.log_rmse.back() = std::sqrt(square);
      ++used;
    }
    if (used == 0) continue;
    double square = 0;
    for (std::size_t i = 0; i < average.size(); ++i) {
      const double miss = std::log(test.y[i]) - average[i] / used;
      one.rows.push_back({test.y[i], {std::exp(average[i] / used), NAN, NAN}});
      square += miss * miss / static_cast<double>(average.size());
      misses.push_back(miss);
      distances.push_back(std::max(1.0, cost[hidden[i]] / fitted_edge));
    }
    one.average_log_rmse = std::sqrt(square);
    hold_outs.push_back(std::move(one));
  }
  return hold_outs;
}

std::vector<double> costs_of(const Runs& runs, const Cost& cost) {
  const auto size = runs.column_or_none(variable::size), data = runs.column_or_none(variable::data);
  std::vector<double> out;
  if (!size.empty() && !data.empty()) {
    for (std::size_t i = 0; i < runs.count(); ++i) out.push_back(cost(size[i], data[i]));
    return out;
  }
  const char* most_telling = runs.has(variable::compute) ? variable::compute
                             : runs.has(variable::data)  ? variable::data
                                                         : variable::size;
  const auto column = runs.column(most_telling);
  return {column.begin(), column.end()};
}

std::vector<ParameterInterval> intervals_of(const SurfaceComponent& component, const Runs& points,
                                            const FitOptions& options, const FitResult& at,
                                            const FitConfig& config) {
  std::vector<ParameterInterval> out;
  for (std::size_t p = 0; p < at.theta.size(); ++p) {
    if (config.intervals == "profile") {
      out.push_back(profile_interval(*component.law, points, at, options, at.names[p], config.coverage));
      continue;
    }
    std::vector<double> values;
    for (const auto& draw : component.draws) values.push_back(draw[p]);
    const Estimate e = estimate_of(at.theta[p], std::move(values), config.coverage);
    out.push_back({at.names[p], e.value, e.low, e.high, false, false});
  }
  return out;
}

// By the law's mean square over the hold-outs in which it could be fitted; 0 where there was none.
double weight_of(std::size_t law, const std::vector<HoldOut>& hold_outs) {
  double square = 0, count = 0;
  for (const HoldOut& one : hold_outs) {
    if (!std::isfinite(one.log_rmse[law])) continue;
    square += one.log_rmse[law] * one.log_rmse[law];
    ++count;
  }
  return count > 0 ? 1 / (square / count + indifference * indifference) : 0;
}

// Weights that add up to one; equal ones where no hold-out says more.
void share_weights(std::vector<SurfaceComponent>& components) {
  double total = 0;
  for (const SurfaceComponent& component : components) total += component.weight;
  for (SurfaceComponent& component : components)
    component.weight = total > 0 ? component.weight / total : 1.0 / static_cast<double>(components.size());
}

}  // namespace

void fit_laws(SeriesFit& series, const FitConfig& config, std::uint64_t seed, const std::string& place) {
  const Runs& points = series.runs;
  const auto laws = candidates(points, config, place);
  const Cost cost(config.cost, place + ":/cost");
  std::vector<double> misses, distances;
  series.hold_outs = roll(laws, points, costs_of(series.runs, cost), config, seed, misses, distances);

  std::vector<SurfaceComponent> components;
  std::string refused;
  for (std::size_t k = 0; k < laws.size(); ++k) {
    SurfaceComponent component;
    component.law = laws[k];
    component.label = laws[k]->name;
    try {
      const FitOptions options = options_of(config, seed, *laws[k]);
      series.laws.push_back(fit(*laws[k], points, options));
      component.theta = series.laws.back().theta;
      component.draws = bootstrap(*laws[k], points, series.laws.back(), options,
                                  {Resample::cases, static_cast<int>(config.draws), options.seed})
                            .theta;
      series.intervals.push_back(intervals_of(component, points, options, series.laws.back(), config));
    } catch (const UserError& error) {
      if (laws.size() == 1) throw;
      if (refused.empty()) refused = error.what();
      series.notes.push_back(fmt::format("law '{}' was left out: {}", laws[k]->name, error.what()));
      continue;
    }
    component.weight = weight_of(k, series.hold_outs);
    components.push_back(std::move(component));
  }
  if (components.empty()) throw UserError("", "no law can be fitted: " + refused);
  share_weights(components);
  for (const SurfaceComponent& component : components) series.weights.push_back(component.weight);
  double in_fit = 0;
  for (std::size_t k = 0; k < components.size(); ++k) in_fit += series.weights[k] * series.laws[k].log_rmse;
  const double freedom = static_cast<double>(points.count());
  const double parameters = static_cast<double>(components.front().law->parameter_count());
  Misfit misfit =
      misfit_of(misses, distances, in_fit * std::sqrt(freedom / std::max(1.0, freedom - parameters)));
  if (misses.empty()) {
    series.notes.push_back(
        "no rolling hold-out was possible: the interval knows nothing of how the law misses");
  }
  series.interval_source = config.intervals == "profile"
                               ? "Intervals by profile likelihood."
                               : fmt::format("Intervals from {} refits to resampled runs.", config.draws);
  series.surface =
      std::make_unique<LawSurface>(std::move(components), misfit,
                                   normal_scores(static_cast<std::size_t>(config.draws), seed), series.runs);
  for (const FitResult& law : series.laws) {
    for (const std::string& warning : law.warnings) {
      series.notes.push_back(series.laws.size() > 1 ? law.law + ": " + warning : warning);
    }
  }
}

}  // namespace frugal::fit
