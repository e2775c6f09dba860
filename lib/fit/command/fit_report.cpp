#include "fit/command/fit_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <tuple>

#include "fit/command/answer.h"
#include "fit/command/citations.h"
#include "fit/command/page_parts.h"
#include "fit/decide/decide.h"
#include "fit/runs/repeats.h"

namespace frugal::fit {
namespace {

using Json = nlohmann::ordered_json;

Json certificate_of(const Certificate& c) {
  return {{"converged", c.converged},
          {"projected_gradient", finite_json(c.projected_gradient)},
          {"predicted_decrease", finite_json(c.predicted_decrease)},
          {"starts", c.starts},
          {"agreeing", c.agreeing},
          {"share", c.share},
          {"condition", finite_json(c.condition)},
          {"at_bound", c.at_bound},
          {"unidentified", c.unidentified}};
}

// What the fit says of each law beside what the surface wrote: intervals, certificate, residuals.
void add_results(const SeriesFit& series, Json& laws) {
  for (std::size_t k = 0; k < series.laws.size(); ++k) {
    const FitResult& result = series.laws[k];
    Json& law = laws[k];
    for (std::size_t p = 0; k < series.intervals.size() && p < result.theta.size(); ++p) {
      const ParameterInterval& interval = series.intervals[k][p];
      law["parameters"][p]["low"] = interval.open_below ? Json() : finite_json(interval.lower);
      law["parameters"][p]["high"] = interval.open_above ? Json() : finite_json(interval.upper);
    }
    law["objective"] = result.objective;
    law["certificate"] = certificate_of(result.certificate);
    law["residuals"] = {{"mu", result.mu}, {"sigma", result.sigma}, {"log_rmse", result.log_rmse}};
  }
}

Json hold_outs_of(const SeriesFit& series) {
  Json list = Json::array();
  for (const HoldOut& one : series.hold_outs) {
    Json errors = Json::array();
    for (const double value : one.log_rmse) errors.push_back(finite_json(value));
    list.push_back({{"beyond_in", one.variable},
                    {"fitted", one.fitted},
                    {"hidden", one.hidden},
                    {"beyond", one.beyond},
                    {"log_rmse", errors},
                    {"average_log_rmse", finite_json(one.average_log_rmse)}});
  }
  return list;
}

// How the runs that the train column held out came out.
Json held_out_of(const SeriesFit& series, const FitConfig& config) {
  const Runs& runs = series.held_out;
  std::vector<Judged> rows;
  for (std::size_t i = 0; i < runs.count(); ++i)
    rows.push_back({runs.y[i], series.surface->predict(runs.scale(i), config.coverage)});
  const Judgement judgement = judge(rows);
  return {{"runs", rows.size()},
          {"log_rmse", judgement.log_rmse},
          {"covered", static_cast<double>(judgement.covered) / static_cast<double>(rows.size())},
          {"mean_log_width", judgement.mean_log_width}};
}

using report::Page;
using report::Plot;

void add_residuals(Page& page, const SeriesFit& series, const Cost& cost) {
  const Surface& surface = *series.surface;
  const Runs runs = part_runs(surface, series.runs).fitted;
  std::vector<double> x, y;
  for (std::size_t i = 0; i < runs.count(); ++i) {
    x.push_back(run_cost(surface, &cost, runs.scale(i)));
    y.push_back(std::log(runs.y[i] / surface.error(runs.scale(i), Surface::estimate, true)));
  }
  Plot plot("Residuals",
            surface.variables().size() > 1 ? cost_axis("cost of the run", cost)
                                           : axis_of(surface.variables().front()),
            {"ln(measured / fitted)", false, {}, {}});
  plot.horizontal("", 0, "#777777");
  plot.points("", std::move(x), std::move(y), Plot::color(0));
  page.figure(plot.svg(720, 320), "A trend here is misfit: the law bends where the runs do not.");
}

// What each rolling hold-out predicted of the runs that it hid.
void add_hold_outs(Page& page, const SeriesFit& series, double coverage) {
  double low = INFINITY, high = 0;
  for (const HoldOut& one : series.hold_outs) {
    for (const Judged& row : one.rows) {
      low = std::min({low, row.measured, row.predicted.value});
      high = std::max({high, row.measured, row.predicted.value});
    }
  }
  if (high == 0) return;
  Plot plot("Rolling hold-outs: predicted against measured", {"measured error or loss", true, {}, {}},
            {"predicted error or loss", true, {}, {}});
  plot.line("right", {low, high}, {low, high}, "#777777", true);
  bool bars = false;
  for (std::size_t k = 0; k < series.hold_outs.size(); ++k) {
    const HoldOut& one = series.hold_outs[k];
    EstimateSeries points;
    for (const Judged& row : one.rows) {
      points.add(row.measured, row.predicted);
      bars = bars || std::isfinite(row.predicted.high);
    }
    points.draw_points(plot, fmt::format("from {} runs", one.fitted), Plot::color(k), 'o');
  }
  page.figure(plot.svg(760, 460),
              "Each colour hides the largest runs and predicts them from the others." +
                  (bars ? fmt::format(" Bars are {} prediction intervals.", share(coverage)) : ""));
}

// Whom to cite: the laws that count.
void add_citations(Page& page, const SeriesFit& series) {
  std::vector<std::string> laws;
  for (const SurfaceComponent& component : series.surface->components())
    if (component.weight > 0) laws.push_back(component.law->name);
  if (series.curve) {
    for (const CurveCandidate& candidate : series.curve->candidates())
      if (candidate.weight > 0) laws.emplace_back(candidate.law->name);
  }
  const std::vector<std::string> texts = citations_of(laws);
  if (!texts.empty()) page.paragraph("The laws are those of:").list(texts);
}

// The costliest run, and ten and a hundred times less and more.
std::vector<double> budgets_around(const Surface& surface, const Cost& cost) {
  const double largest = compute_spent(surface, &cost).largest;
  std::vector<double> budgets;
  for (int k = -2; k <= 2; ++k) budgets.push_back(largest * std::pow(10.0, k));
  return budgets;
}

// The largest run that is held out, if any: its prediction stands beside it.
std::vector<RunScale> largest_of(const Runs& held_out) {
  std::vector<RunScale> largest;
  for (std::size_t i = 0; i < held_out.count(); ++i) {
    const RunScale scale = held_out.scale(i);
    if (largest.empty() || std::tie(largest[0].size, largest[0].data) < std::tie(scale.size, scale.data))
      largest = {scale};
  }
  return largest;
}

void add_joint_tables(Page& page, const SeriesFit& series, const FitConfig& config) {
  const Surface& surface = *series.surface;
  std::vector<std::vector<std::string>> forms, parameters;
  for (std::size_t k = 0; k < surface.components().size(); ++k) {
    const SurfaceComponent& component = surface.components()[k];
    const FitResult& fit = series.laws[k];
    const Certificate& c = fit.certificate;
    forms.push_back({component.label, component.law->formula, component.law->source, share(component.weight),
                     shown(fit.log_rmse), fmt::format("{} of {}", c.agreeing, c.starts),
                     shown(c.projected_gradient), shown(c.condition)});
    for (std::size_t p = 0; p < component.theta.size(); ++p) {
      const bool has_interval = k < series.intervals.size();
      const ParameterInterval interval = has_interval ? series.intervals[k][p] : ParameterInterval{};
      const std::string low = interval.open_below ? "open" : shown(interval.lower);
      const std::string high = interval.open_above ? "open" : shown(interval.upper);
      const bool bound = std::count(c.at_bound.begin(), c.at_bound.end(), fit.names[p]) > 0;
      const bool loose = std::count(c.unidentified.begin(), c.unidentified.end(), fit.names[p]) > 0;
      const std::string& meaning = component.law->parameters[p].meaning;
      parameters.push_back(
          {component.label + " " + fit.names[p] + (meaning.empty() ? "" : " (" + meaning + ")"),
           shown(component.theta[p]), has_interval ? low + " … " + high : "",
           loose   ? "not identified by the data"
           : bound ? "at its bound"
                   : ""});
    }
  }
  page.table(
      {"law", "form", "source", "weight", "RMSE of ln error", "starts that agree", "gradient", "condition"},
      forms,
      "Loss: " + config.loss +
          (config.loss == "huber" ? fmt::format(", delta {:g}", config.huber_delta) : "") +
          ", summed over runs.");
  page.table({"parameter", "value", share(config.coverage) + " interval", ""}, parameters,
             series.interval_source);
  if (series.hold_outs.empty()) return;
  std::vector<std::vector<std::string>> rows;
  for (const HoldOut& one : series.hold_outs) {
    rows.push_back({fmt::format("{} runs", one.fitted), std::to_string(one.hidden),
                    shown(one.beyond) + " in " + one.variable, shown(one.average_log_rmse)});
  }
  page.table({"fitted", "hidden", "times beyond", "RMSE of ln error"}, rows,
             "Rolling hold-out: the costliest runs hidden, and predicted from the others.");
}

void add_curve_table(Page& page, const SeriesFit& series) {
  std::vector<std::vector<std::string>> rows;
  for (const CurveCandidate& candidate : series.curve->candidates()) {
    std::string parameters;
    for (const double value : candidate.published(series.curve->data().x_edge)) {
      parameters += (parameters.empty() ? "" : ", ") + shown(value);
    }
    rows.push_back(
        {std::string(candidate.law->name) + (candidate.with_discrepancy ? " (with discrepancy)" : ""),
         std::string(candidate.law->formula), parameters, share(candidate.averaged ? candidate.weight : 0),
         shown(candidate.in_fit), candidate.hold_out < 0 ? "—" : shown(candidate.hold_out)});
  }
  page.table({"law", "form", "parameters", "weight", "RMSE of ln error", "held out"}, rows,
             "The prediction is the average of ln error by these weights (rolling hold-out).");
}

}  // namespace

void add_to_result(const FitOutcome& outcome, const FitConfig& config, Json& result) {
  result["notes"] = outcome.notes;
  result["fits"] = Json::array();
  for (const SeriesFit& series : outcome.series) {
    Json fit;
    if (!series.group.empty()) fit["group"] = series.group;
    fit["kind"] = series.surface->kind();
    fit["variables"] = series.surface->variables();
    fit["loss"] = series.curve ? "log" : config.loss;
    fit["runs_fitted"] = series.runs.count();
    const Repeats repeats = find_repeats(series.runs);
    if (repeats.repeated_cells > 0) {
      fit["repeats"] = {{"scales", repeats.cells},
                        {"repeated", repeats.repeated_cells},
                        {"log_error_sd", repeats.log_error_sd}};
    }
    series.surface->write(fit);
    if (const auto& metric = series.surface->metric)
      fit["metric"] = {{"name", metric->name},
                       {"rises", metric->rises},
                       {"unit", metric->unit},
                       {"chance", metric->chance}};
    if (!series.laws.empty()) {
      add_results(series, fit["laws"]);
      fit["hold_outs"] = hold_outs_of(series);
    }
    if (series.isoflop) fit["isoflop"] = to_json(*series.isoflop);
    if (series.held_out.count() > 0) fit["held_out"] = held_out_of(series, config);
    fit["notes"] = series.notes;
    fit["runs"] = to_json(series.runs);
    std::vector<double> predicted;
    for (std::size_t i = 0; i < series.runs.count(); ++i) {
      predicted.push_back(series.surface->error(series.runs.scale(i), Surface::estimate, true));
    }
    fit["runs"]["predicted"] = predicted;
    result["fits"].push_back(std::move(fit));
  }
}

std::string fit_page(const FitOutcome& outcome, const FitConfig& config, std::uint64_t seed) {
  Page page("Scaling fit", fmt::format("scalefit {}, seed {}", FRUGAL_VERSION, seed));
  page.paragraph(first_line(fit_answer(outcome, config)));
  page.section("Data").list(outcome.notes);
  const Cost cost(config.cost);
  for (const SeriesFit& series : outcome.series) {
    page.section(series.group.empty() ? "Fit" : "Fit of " + series.group);
    page.paragraph(fmt::format("{} runs fitted, {} held out.", series.runs.count(), series.held_out.count()));
    if (!series.notes.empty()) page.paragraph("What this fit cannot say:").list(series.notes);
    if (series.curve) {
      add_curve_table(page, series);
    } else {
      add_joint_tables(page, series, config);
    }
    add_learning_curves(page, *series.surface, config.coverage, series.held_out, largest_of(series.held_out),
                        series.left_out);
    add_hold_outs(page, series, config.coverage);
    add_residuals(page, series, cost);
    if (series.surface->is_joint()) {
      add_error_surface(page, *series.surface, {});
      add_isoflop_and_frontier(page, *series.surface, cost, budgets_around(*series.surface, cost),
                               config.coverage);
    }
    if (series.isoflop) add_measured_isoflop(page, *series.isoflop, config.coverage);
    add_citations(page, series);
  }
  return page.text();
}

}  // namespace frugal::fit
