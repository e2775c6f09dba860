#include "fit/fit_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/progress.h"
#include "fit/decide.h"
#include "report/html.h"
#include "report/svg.h"

namespace frugal::fit {
namespace {

using report::Page;
using report::Plot;

std::string shown(double value) { return std::isfinite(value) ? fmt::format("{:.4g}", value) : "—"; }
std::string share(double value) { return fmt::format("{:.1f} %", 100 * value); }
std::string range(const Estimate& e) { return fmt::format("{} … {}", shown(e.low), shown(e.high)); }

double value_or_zero(const std::vector<double>& values, std::size_t i) {
  return values.empty() ? 0 : values[i];
}
RunScale scale_of(const Measurements& m, std::size_t i) {
  return {value_or_zero(m.size, i), value_or_zero(m.data, i), value_or_zero(m.compute, i),
          value_or_zero(m.unique_data, i), value_or_zero(m.density, i)};
}

std::vector<double> log_steps(double low, double high, int count) {
  std::vector<double> out;
  for (int i = 0; i < count; ++i)
    out.push_back(low * std::pow(high / low, static_cast<double>(i) / (count - 1)));
  return out;
}

// A line and its band along one variable.
void draw_curve(Plot& plot, const Surface& surface, RunScale at, const std::string& variable,
                const std::vector<double>& x, const std::string& name, const std::string& color,
                double coverage, bool band) {
  std::vector<double> y, low, high;
  for (const double value : x) {
    at.of(variable) = value;
    if (surface.uses("unique_data") && variable == "data") at.unique_data = value;
    const Estimate e = surface.predict(at, band ? coverage : 0);
    y.push_back(e.value);
    low.push_back(e.low);
    high.push_back(e.high);
  }
  if (band) plot.band("", x, std::move(low), std::move(high), color);
  plot.line(name, x, std::move(y), color);
}

void add_points(Plot& plot, const std::string& name, const Measurements& m, const std::string& variable,
                const std::string& color, char marker, double only_size = 0) {
  std::vector<double> x, y;
  for (std::size_t i = 0; i < m.count(); ++i) {
    if (only_size > 0 && m.size[i] != only_size) continue;
    x.push_back(scale_of(m, i).of(variable));
    y.push_back(m.error[i]);
  }
  if (!x.empty()) plot.points(name, std::move(x), std::move(y), color, marker);
}

void add_learning_curves(Page& page, const SeriesFit& series, const FitConfig& config) {
  const Surface& surface = *series.surface;
  const std::string variable = series.curve           ? series.curve_variable
                               : surface.uses("data") ? "data"
                                                      : surface.variables().front();
  const double low = surface.smallest().of(variable), high = surface.largest().of(variable);
  double far = high * 10;
  for (std::size_t i = 0; i < series.held_out.count(); ++i) {
    far = std::max(far, scale_of(series.held_out, i).of(variable) * 1.5);
  }
  Plot plot(series.curve ? "Learning curve" : "Learning curves by size", {variable, true, {}, {}},
            {"error or loss", true, {}, {}});
  const std::vector<double> x = log_steps(low, far, 60);
  if (series.curve || !surface.uses("size") || variable == "size") {
    draw_curve(plot, surface, surface.largest(), variable, x, "average of laws", Plot::color(0),
               config.coverage, true);
    add_points(plot, "fitted runs", series.measurements, variable, Plot::color(6), 'o');
    add_points(plot, "held out", series.held_out, variable, Plot::color(1), 'd');
  } else {
    std::set<double> sizes(series.measurements.size.begin(), series.measurements.size.end());
    std::vector<double> shown_sizes(sizes.begin(), sizes.end());
    // At most six, evenly among them, with both ends.
    std::vector<double> some;
    const std::size_t wanted = std::min<std::size_t>(6, shown_sizes.size());
    for (std::size_t k = 0; k < wanted; ++k) {
      some.push_back(shown_sizes[wanted == 1 ? 0 : k * (shown_sizes.size() - 1) / (wanted - 1)]);
    }
    for (std::size_t k = 0; k < some.size(); ++k) {
      RunScale at = surface.largest();
      at.size = some[k];
      draw_curve(plot, surface, at, variable, x, "size " + base::human_count(some[k]), Plot::color(k),
                 config.coverage, k == 0 || k + 1 == some.size());
      add_points(plot, "", series.measurements, variable, Plot::color(k), 'o', some[k]);
    }
    if (series.held_out.count() > 0) add_points(plot, "held out", series.held_out, variable, "#000000", 'x');
  }
  plot.vertical("largest fitted", high, "#777777");
  page.figure(plot.svg(), fmt::format("Points are runs, lines the fit, bands {} prediction intervals.",
                                      share(config.coverage)));
}

void add_residuals(Page& page, const SeriesFit& series, const Cost& cost) {
  const Measurements& m = series.measurements;
  const Surface& surface = *series.surface;
  std::vector<double> x, y;
  for (std::size_t i = 0; i < m.count(); ++i) {
    x.push_back(run_cost(surface, &cost, scale_of(m, i)));
    y.push_back(std::log(m.error[i] / surface.error(scale_of(m, i), Surface::estimate, false)));
  }
  Plot plot("Residuals",
            {surface.variables().size() > 1 ? "cost of the run" : surface.variables().front(), true, {}, {}},
            {"ln(measured / fitted)", false, {}, {}});
  plot.horizontal("", 0, "#777777");
  plot.points("", std::move(x), std::move(y), Plot::color(0));
  page.figure(plot.svg(720, 320), "A trend here is misfit: the law bends where the runs do not.");
}

void add_surface(Page& page, const SeriesFit& series) {
  const Surface& surface = *series.surface;
  const RunScale &low = surface.smallest(), &high = surface.largest();
  const std::vector<double> x = log_steps(low.data / 2, high.data * 10, 60),
                            y = log_steps(low.size / 2, high.size * 10, 45);
  std::vector<double> values;
  double least = INFINITY, most = 0;
  for (const double size : y) {
    for (const double data : x) {
      RunScale at = high;
      at.size = size;
      at.data = data;
      at.unique_data = data;
      values.push_back(surface.error(at, Surface::estimate, false));
      least = std::min(least, values.back());
      most = std::max(most, values.back());
    }
  }
  std::vector<double> levels = report::make_ticks(least, most, most > 3 * least, 7).major;
  Plot plot("Predicted error", {"data", true, {}, {}}, {"size", true, {}, {}});
  plot.heat_map(x, y, std::move(values), "error", most > 3 * least, std::move(levels));
  std::vector<double> px, py;
  for (const RunScale& run : surface.measured().scale) {
    px.push_back(run.data);
    py.push_back(run.size);
  }
  plot.points("fitted runs", std::move(px), std::move(py), "#1b1b1b", 'c');
  page.figure(plot.svg(760, 440), "Lines join equal error; circles are the fitted runs.");
}

void add_budgets(Page& page, const SeriesFit& series, const Cost& cost, double coverage) {
  const Surface& surface = *series.surface;
  const double largest = compute_spent(surface, &cost, surface.largest()).largest;
  Plot isoflop("Error at equal training cost", {"size", true, {}, {}}, {"error or loss", true, {}, {}});
  Plot frontier("Compute-optimal size and data", {"training cost", true, {}, {}},
                {"size, data", true, {}, {}});
  std::vector<double> budgets, best_x, best_y, low_x, high_x;
  for (int k = -2; k <= 2; ++k) budgets.push_back(largest * std::pow(10.0, k));
  std::vector<double> size, size_low, size_high, data, data_low, data_high;
  std::vector<std::vector<std::string>> rows;
  for (std::size_t k = 0; k < budgets.size(); ++k) {
    const Allocation best = optimal_allocation(surface, cost, budgets[k], coverage);
    std::vector<double> x, y, low, high;
    for (const IsoFlopPoint& point : isoflop_curve(surface, cost, budgets[k], 25, coverage)) {
      x.push_back(point.size);
      y.push_back(point.error.value);
      low.push_back(point.error.low);
      high.push_back(point.error.high);
    }
    if (k == 2) isoflop.band("", x, low, high, Plot::color(k));
    isoflop.line(fmt::format("cost {:.2g}", budgets[k]), x, y, Plot::color(k));
    best_x.push_back(best.size.value);
    best_y.push_back(best.error.value);
    size.push_back(best.size.value);
    size_low.push_back(best.size.low);
    size_high.push_back(best.size.high);
    data.push_back(best.data.value);
    data_low.push_back(best.data.low);
    data_high.push_back(best.data.high);
    rows.push_back({shown(budgets[k]), shown(best.size.value), range(best.size), shown(best.data.value),
                    range(best.data), shown(best.error.value), range(best.error)});
  }
  isoflop.points("minima", best_x, best_y, "#000000", 'd');
  frontier.band("", budgets, size_low, size_high, Plot::color(0));
  frontier.line("size", budgets, size, Plot::color(0));
  frontier.band("", budgets, data_low, data_high, Plot::color(1));
  frontier.line("data", budgets, data, Plot::color(1));
  frontier.vertical("largest run", largest, "#777777");
  page.figure(isoflop.svg(),
              fmt::format("Cost is {}; the band belongs to the cost of the largest run.", cost.text()));
  page.figure(frontier.svg(), fmt::format("Bands are {} intervals over the draws.", share(coverage)));
  page.table({"training cost", "size", "interval", "data", "interval", "error", "interval"}, rows);
}

void add_joint_tables(Page& page, const SeriesFit& series, const FitConfig& config) {
  const auto& surface = dynamic_cast<const JointSurface&>(*series.surface);
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
      parameters.push_back({component.label + " " + fit.names[p], shown(component.theta[p]),
                            has_interval ? low + " … " + high : "",
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
             surface.posterior()
                 ? "Values and intervals under the priors; name a law to have those of the runs alone."
             : config.intervals == "profile"
                 ? "Intervals by profile likelihood."
                 : fmt::format("Intervals from {} refits to resampled runs.", surface.draws()));
  if (series.hold_outs.empty()) return;
  std::vector<std::vector<std::string>> rows;
  for (const HoldOut& one : series.hold_outs) {
    rows.push_back({fmt::format("{} runs", one.fitted), std::to_string(one.hidden),
                    shown(one.beyond) + " in " + one.variable, shown(one.average_log_rmse)});
  }
  page.table({"fitted", "hidden", "times beyond", "RMSE of ln error"}, rows,
             "Rolling hold-out: the dearest runs hidden, and predicted from the others.");
}

void add_curve_table(Page& page, const SeriesFit& series) {
  std::vector<std::vector<std::string>> rows;
  for (const CurveCandidate& candidate : series.curve->candidates()) {
    std::string parameters;
    for (const double value : candidate.published(series.curve->data().x_edge)) {
      parameters += (parameters.empty() ? "" : ", ") + shown(value);
    }
    rows.push_back({std::string(candidate.law->name) + (candidate.wanders ? " (wandering)" : ""),
                    std::string(candidate.law->formula), parameters,
                    share(candidate.averaged ? candidate.weight : 0), shown(candidate.in_fit),
                    candidate.hold_out < 0 ? "—" : shown(candidate.hold_out)});
  }
  page.table({"law", "form", "parameters", "weight", "RMSE of ln error", "held out"}, rows,
             "The prediction is the average of ln error by these weights (rolling hold-out).");
}

}  // namespace

std::string fit_page(const FitOutcome& outcome, const FitConfig& config, std::uint64_t seed) {
  Page page("Scaling fit", fmt::format("scalefit {}, seed {}", FRUGAL_VERSION, seed));
  page.section("Data").list(outcome.notes);
  const Cost cost(config.cost);
  for (const SeriesFit& series : outcome.series) {
    page.section(series.group.empty() ? "Fit" : "Fit of " + series.group);
    page.paragraph(
        fmt::format("{} runs fitted, {} held out.", series.measurements.count(), series.held_out.count()));
    if (!series.notes.empty()) page.paragraph("What this fit cannot say:").list(series.notes);
    if (series.curve) {
      add_curve_table(page, series);
    } else {
      add_joint_tables(page, series, config);
    }
    add_learning_curves(page, series, config);
    add_residuals(page, series, cost);
    if (series.surface->uses("size") && series.surface->uses("data")) {
      add_surface(page, series);
      add_budgets(page, series, cost, config.coverage);
    }
  }
  return page.text();
}

}  // namespace frugal::fit
