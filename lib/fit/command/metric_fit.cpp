#include "fit/command/metric_fit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "base/error.h"
#include "fit/command/experiments.h"
#include "fit/runs/repeats.h"
#include "fit/surface/linked_surface.h"

namespace frugal::fit {
namespace {

using base::UserError;

// ---- Accuracies.

double chance_of(const SeriesFit& series, const Metric& metric, const FitConfig& config, std::string& how) {
  if (config.measurements.chance) return how = "as given", *config.measurements.chance;
  if (const auto known = chance_by_name({series.group, metric.name})) return how = "by its name", *known;
  std::vector<double> accuracies;
  for (const double error : series.runs.y) accuracies.push_back(1 - error);
  how = "the level that the lowest runs lie just above";
  return chance_by_level(std::move(accuracies));
}

// Runs that guess say nothing of scaling, and their odds are all noise. The rest, as odds.
void keep_above_chance(SeriesFit& series, double chance) {
  const Runs& runs = series.runs;
  std::vector<std::size_t> kept;
  for (const double share : {0.05, 0.02, 0.01, 0.003}) {
    kept.clear();
    for (std::size_t i = 0; i < runs.count(); ++i) {
      if (1 - runs.y[i] - chance > share * (chance > 0 ? 1 - chance : 0.2)) kept.push_back(i);
    }
    if (find_repeats(runs.select(kept)).cells >= 8) break;
  }
  if (kept.size() == runs.count()) return;
  if (kept.size() < 3)
    throw UserError(
        "",
        fmt::format("only {} of {} runs are better than guessing ({:g})", kept.size(), runs.count(), chance),
        "larger runs are needed, or a metric that moves earlier (a loss); --set chance=0 if nothing is "
        "guessed");
  series.notes.push_back(
      fmt::format("{} of {} runs are hardly better than guessing and are left out of the fit",
                  runs.count() - kept.size(), runs.count()));
  series.runs = runs.select(kept);
}

void to_odds(Runs& runs, const Link& link) {
  for (std::size_t i = 0; i < runs.standard_error.size(); ++i)
    runs.standard_error[i] = link.inner_error_deviation(runs.y[i], runs.standard_error[i]);
  for (double& y : runs.y) y = link.inner_of(y);
}

void wrap(SeriesFit& series, Link link, Runs measured, const Metric& metric) {
  for (HoldOut& one : series.hold_outs) {
    for (Judged& row : one.rows) {
      Estimate& p = row.predicted;
      for (double* value : {&row.measured, &p.value, &p.low, &p.high})
        *value = link.error_of(*value, Surface::estimate, false);
    }
  }
  series.left_out = through(link, std::move(series.left_out));
  series.surface = std::make_unique<LinkedSurface>(std::move(series.surface), std::move(link), measured);
  series.surface->metric = metric;
  series.runs = std::move(measured);
}

void fit_odds(SeriesFit& series, Metric metric, const FitConfig& config, const FitSeries& fit) {
  std::string how;
  metric.chance = chance_of(series, metric, config, how);
  if (metric.chance >= 1)
    throw UserError("chance", fmt::format("must be below 1, got {:g}", metric.chance), "a fraction: 0.25");
  series.notes.push_back(
      fmt::format("the law is of the odds (1 - accuracy)/(accuracy - chance), chance {:g} ({}); --set "
                  "chance=VALUE says another",
                  metric.chance, how));
  keep_above_chance(series, metric.chance);
  Link link;
  link.chance = metric.chance;
  to_odds(series.runs, link);
  fit(series);
  wrap(series, link, through(link, series.runs), metric);
}

// ---- Two steps.

std::string error_column(const Table& table, const FitConfig& config, const std::string& loss) {
  const std::string& asked = config.measurements.columns.asked(role::error);
  if (!asked.empty()) return asked;
  Table others = table;
  others.columns[named_column(table, loss, "columns.loss")] = "";
  Columns columns = config.measurements.columns;
  columns[variable::loss] = "none";
  return choose_columns(others, columns, config.measurements.decimal).names.at(role::error);
}

// Only the rows that have all of these columns.
Table rows_with(const Table& table, const std::vector<std::size_t>& columns) {
  Table out = table;
  std::erase_if(out.rows, [&](const Table::Row& row) {
    return std::any_of(columns.begin(), columns.end(),
                       [&](std::size_t column) { return row.cells[column].missing; });
  });
  return out;
}

double root_mean_square(const std::vector<double>& misses) {
  double square = 0;
  for (const double miss : misses) square += miss * miss;
  return std::sqrt(square / double(std::max<std::size_t>(1, misses.size())));
}

// The runs of the first step whose error is known, the error in place of the loss.
Runs with_errors(const Runs& runs, const std::map<std::string, double>& errors,
                 std::vector<std::size_t>& rows) {
  for (std::size_t i = 0; i < runs.count(); ++i) {
    if (errors.count(runs.places[i]) > 0) rows.push_back(i);
  }
  Runs out = runs.select(rows);
  for (std::size_t i = 0; i < out.count(); ++i) out.y[i] = errors.at(out.places[i]);
  out.standard_error.clear();
  return out;
}

std::vector<double> scale_costs(const Runs& runs, const Cost& cost) {
  std::vector<double> out;
  for (std::size_t i = 0; i < runs.count(); ++i) {
    const RunScale scale = runs.scale(i);
    out.push_back(scale.size > 0 && scale.data > 0 ? cost(scale.size, scale.data)
                                                   : std::max({scale.size, scale.data, scale.compute}));
  }
  return out;
}

// ln(−ln accuracy above chance) as a line over ln compute (arXiv 2512.08894): the errors of `hidden`.
std::vector<double> log_accuracy_law(const Runs& fitted, const Runs& hidden, const Cost& cost,
                                     double chance) {
  const std::vector<double> x = scale_costs(fitted, cost), at = scale_costs(hidden, cost);
  double n = 0, sx = 0, sy = 0, sxx = 0, sxy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double share = (1 - fitted.y[i] - chance) / (1 - chance);
    if (!(share > 0.02 && share < 1)) continue;
    const double u = std::log(x[i]), v = std::log(-std::log(share));
    n += 1, sx += u, sy += v, sxx += u * u, sxy += u * v;
  }
  std::vector<double> out;
  const double slope = (n * sxy - sx * sy) / (n * sxx - sx * sx), level = (sy - slope * sx) / n;
  for (const double c : at)
    out.push_back(1 - chance - (1 - chance) * std::exp(-std::exp(level + slope * std::log(c))));
  return out;
}

// The costliest runs hidden and predicted in two steps, by a direct fit of the error, and by the law of log
// accuracy.
void compare_ways(SeriesFit& series, const Runs& pairs, const std::map<std::string, double>& errors,
                  const Metric& metric, const FitConfig& config, std::uint64_t seed, const FitSeries& fit) {
  std::vector<std::size_t> rows;
  const Runs known = with_errors(series.runs, errors, rows);
  const Cost cost(config.cost);
  const std::vector<double> costs = scale_costs(known, cost);
  std::vector<std::size_t> order(known.count());
  std::iota(order.begin(), order.end(), std::size_t(0));
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return costs[a] < costs[b]; });
  const std::size_t hide = std::max<std::size_t>(3, known.count() / 4);
  if (known.count() < hide + 8) return;
  std::vector<std::size_t> below(order.begin(), order.end() - std::ptrdiff_t(hide)),
      above(order.end() - std::ptrdiff_t(hide), order.end());
  const Runs hidden = known.select(above), fitted = known.select(below);
  const double edge = costs[above.front()];
  std::vector<std::string> told;
  const auto judge_way = [&](const char* name, const auto& predict) {
    try {
      const std::vector<double> predicted = predict();
      std::vector<double> misses;
      for (std::size_t i = 0; i < predicted.size(); ++i) misses.push_back(predicted[i] - hidden.y[i]);
      if (std::isfinite(root_mean_square(misses)))
        told.push_back(fmt::format("{:.4f} {}", root_mean_square(misses), name));
    } catch (const UserError&) {  // too few runs below the edge for this way
    }
  };
  judge_way("in two steps", [&] {
    SeriesFit first;
    std::vector<std::size_t> cheap;
    const std::vector<double> all = scale_costs(series.runs, cost);
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (all[i] < edge) cheap.push_back(i);
    }
    first.runs = series.runs.select(cheap);
    fit(first);
    std::vector<double> loss, error, out;
    for (std::size_t i = 0; i < pairs.count(); ++i) {
      if (std::find(hidden.places.begin(), hidden.places.end(), pairs.places[i]) != hidden.places.end())
        continue;
      loss.push_back(pairs.columns[0][i]);
      error.push_back(pairs.y[i]);
    }
    const Link link = fit_sigmoid(loss, error, metric.chance > 0 ? 1 - metric.chance : 0, 0, seed, "");
    for (std::size_t i = 0; i < hidden.count(); ++i)
      out.push_back(link.sigmoid(first.surface->error(hidden.scale(i), Surface::estimate, true)));
    return out;
  });
  judge_way("by a direct fit of the error", [&] {
    SeriesFit direct;
    direct.runs = fitted;
    if (metric.rises)
      fit_odds(direct, metric, config, fit);
    else
      fit(direct);
    std::vector<double> out;
    for (std::size_t i = 0; i < hidden.count(); ++i)
      out.push_back(direct.surface->error(hidden.scale(i), Surface::estimate, true));
    return out;
  });
  judge_way("by log accuracy as a power of compute",
            [&] { return log_accuracy_law(fitted, hidden, cost, metric.chance); });
  series.notes.push_back(
      fmt::format("hold-out of the {} costliest runs, root mean square of the error's miss: {}", hide,
                  fmt::join(told, ", ")));
}

void fit_two_steps(SeriesFit& series, const Measurements& second, const FitConfig& config, std::uint64_t seed,
                   const FitSeries& fit) {
  Runs pairs = second.runs;
  if (!second.series.empty() && !series.group.empty()) {
    std::vector<std::size_t> own;
    for (std::size_t i = 0; i < pairs.count(); ++i) {
      if (second.series[pairs.series[i]] == series.group) own.push_back(i);
    }
    pairs = pairs.select(own);
  }
  std::map<std::string, double> errors;
  for (std::size_t i = 0; i < pairs.count(); ++i) errors[pairs.places[i]] = pairs.y[i];
  Metric metric = second.metric;
  if (metric.rises || config.measurements.chance) {
    SeriesFit as_errors;
    as_errors.runs = pairs;
    as_errors.group = series.group;
    std::string how;
    metric.chance = chance_of(as_errors, metric, config, how);
  }
  Link link =
      fit_sigmoid({pairs.columns[0].begin(), pairs.columns[0].end()}, pairs.y,
                  metric.chance > 0 ? 1 - metric.chance : 0, static_cast<int>(config.draws), seed, "");
  series.notes.push_back(
      fmt::format("two steps: a law of the loss over scale, then error = {:.4g} + {:.4g}/(1 + exp(-{:.4g} "
                  "(loss - {:.4g}))) from {} runs, "
                  "which misses by {:.4f}",
                  link.sigmoid.lowest, link.sigmoid.highest - link.sigmoid.lowest, link.sigmoid.steepness,
                  link.sigmoid.middle, pairs.count(), link.noise));
  if (metric.rises && metric.chance > 0)
    series.notes.push_back(
        fmt::format("guessing reaches {:g}; --set chance=VALUE says another", metric.chance));
  const double lowest = *std::min_element(pairs.columns[0].begin(), pairs.columns[0].end());
  series.notes.push_back(fmt::format("below a loss of {:g} the second step was never seen", lowest));
  compare_ways(series, pairs, errors, metric, config, seed, fit);
  fit(series);
  Runs measured = through(link, series.runs);
  for (std::size_t i = 0; i < measured.count(); ++i) {
    const auto found = errors.find(measured.places[i]);
    if (found != errors.end()) measured.y[i] = found->second;
  }
  wrap(series, std::move(link), std::move(measured), metric);
}

// Spearman's correlation.
double rank_correlation(std::span<const double> x, const std::vector<double>& y) {
  const auto ranks = [](std::span<const double> values) {
    std::vector<std::size_t> order(values.size());
    std::iota(order.begin(), order.end(), std::size_t(0));
    std::sort(order.begin(), order.end(),
              [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
    std::vector<double> out(values.size());
    for (std::size_t i = 0; i < order.size();) {
      std::size_t end = i;
      while (end < order.size() && values[order[end]] == values[order[i]]) ++end;
      for (std::size_t k = i; k < end; ++k) out[order[k]] = double(i + end - 1) / 2;
      i = end;
    }
    return out;
  };
  const std::vector<double> a = ranks(x), b = ranks(y);
  const double mean = double(a.size() - 1) / 2;
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    ab += (a[i] - mean) * (b[i] - mean);
    aa += (a[i] - mean) * (a[i] - mean);
    bb += (b[i] - mean) * (b[i] - mean);
  }
  return aa > 0 && bb > 0 ? ab / std::sqrt(aa * bb) : 0;
}

}  // namespace

Measurements prepare_two_steps(const Table& table, const FitConfig& config, const Cost& cost,
                               Pooling pooling) {
  const std::string& loss = config.measurements.columns.asked(variable::loss);
  const std::string error = error_column(table, config, loss);
  const std::size_t loss_index = named_column(table, loss, "columns.loss"),
                    error_index = named_column(table, error, "columns.error");
  FitConfig first = config;
  Columns& columns = first.measurements.columns;
  columns[variable::loss] = "none";
  columns[role::error] = loss;
  first.measurements.metric = "falls";
  first.measurements.chance.reset();
  first.ignore += (first.ignore.empty() ? "" : ",") + error;
  const ChosenColumns chosen = choose_columns(table, columns, config.measurements.decimal);
  std::vector<std::size_t> needed = {loss_index};
  for (const auto& [name, column] : chosen.column) {
    if (find_role(name).scale != nullptr) needed.push_back(column);
  }
  const Table of_first = rows_with(table, needed);
  Measurements out = to_measurements(of_first, first.measurements);
  separate_experiments(out, of_first, first, pooling == Pooling::separate);
  derive_scale(out, cost);

  FitConfig second = config;
  for (const char* role : {variable::size, variable::compute, variable::unique_data, variable::density,
                           variable::loss, role::train, "weight", "standard_error"})
    second.measurements.columns[role] = "none";
  second.measurements.columns[variable::data] = loss;
  second.measurements.columns[role::error] = error;
  second.measurements.variables.clear();
  if (out.series.empty()) second.measurements.columns[role::group] = "none";
  if (!out.series.empty() && columns.asked(role::group).empty())
    second.measurements.columns[role::group] = out.chosen.at(role::group);
  auto pairs = std::make_shared<Measurements>(
      to_measurements(rows_with(table, {loss_index, error_index}), second.measurements));
  out.notes.push_back(fmt::format("'{}' is predicted through '{}', in two steps", error, loss));
  out.chosen[role::error] = error;
  out.metric = pairs->metric;
  out.second = std::move(pairs);
  return out;
}

void refuse_rising(const Measurements& m, const FitConfig& config) {
  if (config.measurements.metric != "auto" || direction_of(m.metric.name) != Direction::unknown) return;
  double most = -1;
  for (const char* name : {variable::size, variable::data, variable::compute}) {
    if (m.runs.has(name)) most = std::max(most, rank_correlation(m.runs.column(name), m.runs.y));
  }
  if (m.runs.count() < 5 || most < 0.7) return;
  throw UserError(m.runs.places.front(),
                  fmt::format("'{}' rises with scale, which no error does", m.metric.name),
                  "--set metric=rises fits error = 1 - value where it is an accuracy; --set metric=falls "
                  "fits it as it is");
}

void fit_by_metric(SeriesFit& series, const Measurements& all, const FitConfig& config, std::uint64_t seed,
                   const FitSeries& fit) {
  if (all.second != nullptr) {
    fit_two_steps(series, *all.second, config, seed, fit);
  } else if (all.metric.rises) {
    fit_odds(series, all.metric, config, fit);
  } else {
    fit(series);
  }
}

}  // namespace frugal::fit
