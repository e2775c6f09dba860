#include "fit/command/run_fit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/random.h"
#include "fit/command/far_below.h"
#include "fit/command/fit_laws.h"
#include "fit/command/metric_fit.h"
#include "fit/law/law.h"
#include "fit/posterior/predictive.h"
#include "fit/runs/repeats.h"
#include "fit/surface/curve_surface.h"
#include "fit/surface/posterior_surface.h"

namespace frugal::fit {

using base::UserError;

namespace {

// One law's parameters as published, drawn from all its parts by their weights.
std::vector<ParameterInterval> intervals_of(const Posterior& posterior, const FitResult& at,
                                            const FitConfig& config, std::uint64_t seed) {
  base::Random random(seed, "fit/parameters/" + at.law);
  double total = 0;
  for (const PosteriorPart& part : posterior.parts()) total += part.law->name() == at.law ? part.weight : 0;
  std::vector<std::vector<double>> values(at.theta.size());
  std::vector<double> normals(8);
  double due = 0;
  for (const PosteriorPart& part : posterior.parts()) {
    if (part.law->name() != at.law) continue;
    for (due += double(config.draws) * part.weight / total; due >= 1; due -= 1) {
      for (double& normal : normals) normal = random.normal();
      const auto theta = part.law->published(posterior.draw(part, normals).data(), posterior.edge());
      for (std::size_t p = 0; p < theta.size(); ++p) values[p].push_back(theta[p]);
    }
  }
  std::vector<ParameterInterval> intervals;
  for (std::size_t p = 0; p < at.theta.size(); ++p) {
    const Estimate e = estimate_of(at.theta[p], std::move(values[p]), config.coverage);
    intervals.push_back({at.names[p], e.value, e.low, e.high, false, false});
  }
  return intervals;
}

FitResult result_of(const SurfaceComponent& component, const Posterior& posterior, const Runs& points) {
  FitResult result;
  result.law = component.law->name;
  for (const Parameter& parameter : component.law->parameters) result.names.push_back(parameter.name);
  result.theta = component.theta;
  const auto part = std::find_if(posterior.parts().begin(), posterior.parts().end(),
                                 [&](const PosteriorPart& p) { return p.law->name() == result.law; });
  result.certificate.converged = std::isfinite(part->gradient);
  result.certificate.projected_gradient = part->gradient;
  result.certificate.starts = posterior_starts;
  result.certificate.agreeing = int(std::lround(part->agreement * posterior_starts));
  result.certificate.share = part->agreement;
  add_residuals(result, *component.law, points);
  return result;
}

// The default fit over size and data: the posterior of fit/posterior/posterior.h with its rolling hold-outs,
// put into the form that reports know. UserError where there are too few scales.
void fit_posterior(SeriesFit& series, const FitConfig& config, std::uint64_t seed) {
  const Runs& points = series.runs;
  PredictiveOptions options;
  options.level = config.coverage;
  const Predictive predictive(points, options);
  const Runs effective = with_effective_data(points);
  auto surface = std::make_unique<PosteriorSurface>(predictive.posterior(), predictive.factor(),
                                                    points.has(variable::unique_data),
                                                    static_cast<int>(config.draws), seed, series.runs);
  for (const SurfaceComponent& component : surface->components()) {
    series.laws.push_back(result_of(component, predictive.posterior(), effective));
    series.weights.push_back(component.weight);
    series.intervals.push_back(intervals_of(predictive.posterior(), series.laws.back(), config, seed));
  }
  for (const RollingCut& cut : predictive.rolling()) {
    HoldOut one;
    one.variable = cut.variable;
    one.fitted = cut.fitted;
    one.hidden = cut.rows.size();
    one.beyond = cut.beyond;
    double square = 0;
    for (const double miss : cut.miss) square += miss * miss / double(cut.miss.size());
    one.average_log_rmse = std::sqrt(square);
    for (std::size_t k = 0; k < cut.rows.size(); ++k) {
      const double measured = points.y[cut.rows[k]], log_y = std::log(measured) + cut.miss[k],
                   half = normal_quantile(0.5 + config.coverage / 2) * cut.deviation[k];
      one.rows.push_back({measured, {std::exp(log_y), std::exp(log_y - half), std::exp(log_y + half)}});
    }
    series.hold_outs.push_back(std::move(one));
  }
  for (const Posterior::Outlier& outlier : predictive.posterior().outliers())
    series.notes.push_back(
        fmt::format("size {:g} on data {:g}{} lies above what its neighbours say, as if trained too little: "
                    "it counts less",
                    outlier.size, outlier.data, points.has(variable::unique_data) ? " (effective)" : ""));
  for (const std::size_t i : far_below(points))
    series.notes.push_back(fmt::format(
        "{}, error {:g}, is far better than all other runs say: a wrong number, or tested on what it was "
        "trained on? It is fitted, and widens every interval",
        points.places.empty() ? fmt::format("run {}", i + 1) : points.places[i], points.y[i]));
  if (series.hold_outs.empty())
    series.notes.push_back(
        "too few scales for a rolling hold-out: the interval rests on the priors and on how the runs "
        "scatter");
  series.interval_source =
      "Values and intervals under the priors; name a law to have those of the runs alone.";
  series.surface = std::move(surface);
}

void fit_curve(SeriesFit& series, const FitConfig& config, std::uint64_t seed) {
  series.curve = Curve::fit(series.runs.column(series.curve_variable), series.runs.y);
  series.surface = std::make_unique<CurveSurface>(*series.curve, series.curve_variable, series.runs,
                                                  static_cast<int>(config.draws), seed);
  for (const CurveHoldOut& hidden : series.curve->hold_outs()) {
    HoldOut one;
    one.variable = series.curve_variable;
    one.fitted = hidden.fitted;
    one.hidden = hidden.x.size();
    for (std::size_t i = 0; i < hidden.x.size(); ++i)
      one.rows.push_back({hidden.measured[i], {hidden.predicted[i], NAN, NAN}});
    series.hold_outs.push_back(std::move(one));
  }
}

// A law by name keeps every run that it is given.
void leave_out_diverged(SeriesFit& series) {
  const Runs& runs = series.runs;
  const std::vector<std::size_t> diverged = diverged_runs(runs);
  if (diverged.empty()) return;
  std::vector<std::size_t> kept;
  for (std::size_t i = 0; i < runs.count(); ++i)
    if (std::find(diverged.begin(), diverged.end(), i) == diverged.end()) kept.push_back(i);
  for (const std::size_t i : diverged)
    series.notes.push_back(
        fmt::format("left out as diverged: {}, error {:g}, far above runs of its own scale or smaller; a law "
                    "by name keeps it",
                    runs.places.empty() ? fmt::format("run {}", i + 1) : runs.places[i], runs.y[i]));
  series.left_out = runs.select(diverged);
  series.runs = runs.select(kept);
}

// More runs than a fit can take in seconds: the largest tenth of what is kept, and of the others every so
// many in order of scale.
void thin(SeriesFit& series, const FitConfig& config) {
  const Runs& runs = series.runs;
  const auto most = static_cast<std::size_t>(config.most_runs);
  if (runs.count() <= most) return;
  std::vector<std::pair<double, std::size_t>> order;
  for (std::size_t i = 0; i < runs.count(); ++i) {
    double cost = 0;
    for (const auto& column : runs.columns) cost += std::log(column[i]);
    order.emplace_back(cost, i);
  }
  std::sort(order.begin(), order.end());
  const std::size_t top = most / 10, rest = most - top, below = runs.count() - top;
  std::vector<std::size_t> kept;
  for (std::size_t k = 0; k < rest; ++k) kept.push_back(order[k * below / rest].second);
  for (std::size_t k = below; k < runs.count(); ++k) kept.push_back(order[k].second);
  std::sort(kept.begin(), kept.end());
  series.notes.push_back(fmt::format(
      "{} of {} runs are fitted: the {} largest and every {:.3g}th of the others; most_runs says how many",
      kept.size(), runs.count(), top, double(below) / double(rest)));
  series.runs = runs.select(kept);
}

// The one variable that a curve goes along: what alone was varied. Empty: a joint law is needed.
std::string curve_variable(const Runs& runs, std::vector<std::string>& notes) {
  const auto size = runs.column_or_none(variable::size), data = runs.column_or_none(variable::data);
  const std::size_t sizes = distinct(size), amounts = distinct(data);
  if (sizes > 1 && amounts > 1) return "";
  if (amounts > 1) {
    if (sizes == 1)
      notes.push_back(fmt::format("one size only ({:g}): this is a learning curve of the data", size[0]));
    return variable::data;
  }
  if (sizes > 1) {
    if (amounts == 1) {
      notes.push_back(fmt::format("one amount of data only ({:g}): this is a curve of the size", data[0]));
    }
    return variable::size;
  }
  if (distinct(runs.column_or_none(variable::compute)) > 1) return variable::compute;
  throw UserError(
      runs.places.empty() ? "" : runs.places.front(),
      fmt::format("one scale only: all {} runs have the same size and the same data", runs.count()),
      "a law needs runs at several scales: at least three, better six, each twice the one before");
}

// Whether the runs are such as the average over laws of size and data knows, and nothing else was asked for.
bool is_default(const FitConfig& config, const Runs& runs) {
  const auto known = {variable::size, variable::data, variable::compute, variable::unique_data};
  return config.law == "auto" && config.expression.empty() && config.loss == "huber" &&
         config.fixed.empty() && config.parameters.empty() &&
         std::all_of(runs.names.begin(), runs.names.end(), [&](const std::string& name) {
           return std::find(known.begin(), known.end(), name) != known.end();
         });
}

// What the average of learning curves does not look at.
void refuse_for_curve(const FitConfig& config, const std::string& place) {
  const char* field = !config.fixed.empty()                       ? "fixed"
                      : !config.parameters.empty()                ? "parameters"
                      : config.loss != FitConfig().loss           ? "loss"
                      : config.intervals != FitConfig().intervals ? "intervals"
                                                                  : nullptr;
  if (field != nullptr)
    throw UserError(place + ":/" + field, "has no effect on the average of learning curves",
                    "--set 'expression=E + A/D^alpha' fits one law");
}

void fit_series(SeriesFit& series, const FitConfig& config, std::uint64_t seed, const std::string& place) {
  if (config.law == "auto" && !config.own_law()) leave_out_diverged(series);
  thin(series, config);
  if (!config.own_law()) series.curve_variable = curve_variable(series.runs, series.notes);
  if (series.runs.count() > 2 && distinct(series.runs.y) == 1)
    throw UserError(series.runs.places.empty() ? "" : series.runs.places.front(),
                    fmt::format("the error is the same ({:g}) in all {} runs: there is no law to fit",
                                series.runs.y[0], series.runs.count()),
                    "is it the right column? --set columns.error=NAME");
  if (config.law == "curve" && !config.own_law() && series.curve_variable.empty()) {
    throw UserError("", "a curve has one variable, but both size and data were varied",
                    "--set columns.size=none, or take a law of both");
  }
  if (!series.curve_variable.empty() && (config.law == "auto" || config.law == "curve")) {
    refuse_for_curve(config, place);
    if (!series.runs.weight.empty() || !series.runs.standard_error.empty())
      series.notes.push_back("weights and standard errors are not used by the average of learning curves");
    fit_curve(series, config, seed);
    return;
  }
  series.curve_variable.clear();
  if (is_default(config, series.runs)) {
    for (const char* field : {"intervals", "huber_delta"}) {
      const bool given = std::string(field) == "intervals" ? config.intervals != FitConfig().intervals
                                                           : config.huber_delta != FitConfig().huber_delta;
      if (given)
        throw UserError(place + ":/" + field, "has no effect on the average of laws",
                        "name a law: --set law=chinchilla");
    }
    fit_posterior(series, config, seed);
  } else {
    fit_laws(series, config, seed, place);
  }
  series.isoflop =
      measure_isoflop(part_runs(*series.surface, series.runs).fitted, config.cost, config.coverage, seed);
}

}  // namespace

FitOutcome run_fit(const Measurements& all, const FitConfig& config, std::uint64_t seed,
                   const std::string& place) {
  const Cost checked(config.cost, place + ":/cost");  // refused now rather than when a plan asks for it
  if (config.own_law() && config.law != "auto" && config.law != "expression")
    throw UserError(place + ":/law", fmt::format("'{}' has no effect beside an expression", config.law),
                    "give one of them");
  FitOutcome outcome;
  outcome.notes = all.notes;
  const auto rows_of_series = all.rows_by_series();
  for (std::size_t s = 0; s < rows_of_series.size(); ++s) {
    std::vector<std::size_t> fitted, held;
    for (const std::size_t i : rows_of_series[s])
      (!all.runs.held_out.empty() && all.runs.held_out[i] != 0 ? held : fitted).push_back(i);
    if (fitted.empty()) continue;
    SeriesFit series;
    series.group = all.series.empty() ? "" : all.series[s];
    series.runs = all.runs.select(fitted);
    series.held_out = all.runs.select(held);
    try {
      fit_by_metric(series, all, config, seed,
                    [&](SeriesFit& inner) { fit_series(inner, config, seed, place); });
    } catch (const UserError& error) {
      if (series.group.empty()) throw;
      throw UserError(error.place(), fmt::format("group '{}': {}", series.group, error.message()),
                      error.hint());
    }
    if (!series.surface->metric) series.surface->metric = all.metric;
    outcome.series.push_back(std::move(series));
  }
  if (outcome.series.empty()) {
    throw UserError("", "no row is left to fit: every row is held out by the train column",
                    "--set columns.train=none fits all rows");
  }
  return outcome;
}

}  // namespace frugal::fit
