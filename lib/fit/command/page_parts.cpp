#include "fit/command/page_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "base/progress.h"
#include "fit/decide/allocation.h"
#include "fit/decide/decide.h"
#include "fit/runs/roles.h"

namespace frugal::fit {

using report::Axis;
using report::Page;
using report::Plot;

std::string shown(double value) {
  if (!std::isfinite(value)) return "—";
  return value >= 1e4 && value < 1e7 ? fmt::format("{:.0f}", value) : fmt::format("{:.4g}", value);
}
std::string share(double value) { return fmt::format("{:.4g} %", 100 * value); }
std::string range(const Estimate& e) { return fmt::format("{} … {}", shown(e.low), shown(e.high)); }

std::vector<double> log_steps(double low, double high, int count) {
  std::vector<double> out;
  for (int i = 0; i < count; ++i)
    out.push_back(low * std::pow(high / low, static_cast<double>(i) / (count - 1)));
  return out;
}

Axis axis_of(const std::string& variable) {
  const Role* role = scale_role(variable);
  const std::string unit = role != nullptr ? role->unit : "";
  return {variable + (unit.empty() ? "" : " (" + unit + ")"), true, {}, {}};
}

Axis cost_axis(const std::string& label, const Cost& cost) {
  const bool flops = cost.text() == "6*N*D";
  return {
      fmt::format("{} ({})", label, flops ? "6·N·D floating-point operations" : cost.text()), true, {}, {}};
}

Axis error_axis() { return {"error or loss", true, {}, {}}; }

void EstimateSeries::add(double at, const Estimate& estimate) {
  x.push_back(at);
  value.push_back(estimate.value);
  low.push_back(estimate.low);
  high.push_back(estimate.high);
}
void EstimateSeries::draw_line(Plot& plot, const std::string& name, const std::string& color,
                               bool band) const {
  if (band) plot.band("", x, low, high, color);
  plot.line(name, x, value, color);
}
void EstimateSeries::draw_points(Plot& plot, const std::string& name, const std::string& color,
                                 char marker) const {
  plot.points(name, x, value, color, marker, low, high);
}

void draw_curve(Plot& plot, const Surface& surface, RunScale at, const std::string& variable,
                const std::vector<double>& x, const std::string& name, const std::string& color,
                double coverage, bool band) {
  EstimateSeries line;
  for (const double value : x) {
    at.vary(variable, value);
    line.add(value, surface.predict(at, band ? coverage : 0));
  }
  line.draw_line(plot, name, color, band);
}

std::vector<double> some_of(std::span<const double> values, std::size_t most) {
  const std::set<double> sorted(values.begin(), values.end());
  const std::vector<double> all(sorted.begin(), sorted.end());
  const std::size_t wanted = std::min(most, all.size());
  std::vector<double> some;
  for (std::size_t k = 0; k < wanted; ++k)
    some.push_back(all[wanted == 1 ? 0 : k * (all.size() - 1) / (wanted - 1)]);
  return some;
}

namespace {

void add_points(Plot& plot, const std::string& name, const Runs& runs, const std::string& variable,
                const std::string& color, char marker, double only_size = 0) {
  std::vector<double> x, y;
  for (std::size_t i = 0; i < runs.count(); ++i) {
    const RunScale scale = runs.scale(i);
    if (only_size > 0 && scale.size != only_size) continue;
    x.push_back(scale.of(variable));
    y.push_back(runs.y[i]);
  }
  if (!x.empty()) plot.points(name, std::move(x), std::move(y), color, marker);
}

std::vector<RunScale> scales_of(const Runs& runs) {
  std::vector<RunScale> scales;
  for (std::size_t i = 0; i < runs.count(); ++i) scales.push_back(runs.scale(i));
  return scales;
}

}  // namespace

Parted part_runs(const Surface& surface, const Runs& runs) {
  std::vector<std::size_t> fitted, aside;
  for (std::size_t i = 0; i < runs.count(); ++i)
    (surface.set_aside(runs.scale(i)) ? aside : fitted).push_back(i);
  return {runs.select(fitted), runs.select(aside)};
}

void add_learning_curves(Page& page, const Surface& surface, double coverage, const Runs& held_out,
                         const std::vector<RunScale>& marks, const Runs& left_out) {
  const std::string variable = surface.uses("data") ? "data" : surface.variables().front();
  const bool by_size = surface.uses("size") && variable != "size";
  const auto [runs, aside] = part_runs(surface, surface.measured());
  double far = surface.largest().of(variable) * 10;
  for (const auto& scales : {scales_of(held_out), marks}) {
    for (const RunScale& scale : scales) far = std::max(far, scale.of(variable) * 1.5);
  }
  Plot plot(by_size ? "Learning curves by size" : "Learning curve", axis_of(variable), error_axis());
  const std::vector<double> x = log_steps(surface.smallest().of(variable), far, 60);
  if (by_size) {
    const std::vector<double> some = some_of(runs.column(variable::size), 6);
    for (std::size_t k = 0; k < some.size(); ++k) {
      RunScale at = surface.largest();
      at.size = some[k];
      draw_curve(plot, surface, at, variable, x, "size " + base::human_count(some[k]), Plot::color(k),
                 coverage, k == 0 || k + 1 == some.size());
      add_points(plot, "", runs, variable, Plot::color(k), 'o', some[k]);
    }
    // The curve that each predicted size would have.
    std::vector<double> asked;
    for (const RunScale& mark : marks) {
      if (std::find(some.begin(), some.end(), mark.size) == some.end()) asked.push_back(mark.size);
    }
    for (const double size : some_of(asked, 3)) {
      RunScale at = surface.largest();
      at.size = size;
      std::vector<double> y;
      for (const double value : x) {
        at.of(variable) = value;
        y.push_back(surface.error(at, Surface::estimate, true));
      }
      plot.line("sizes predicted", x, std::move(y), "#444444", true);
    }
  } else {
    draw_curve(plot, surface, surface.largest(), variable, x, "fit", Plot::color(0), coverage, true);
    add_points(plot, "fitted runs", runs, variable, Plot::color(6), 'o');
  }
  EstimateSeries predicted;
  for (const RunScale& mark : marks) predicted.add(mark.of(variable), surface.predict(mark, coverage));
  if (!marks.empty()) predicted.draw_points(plot, "predicted", "#000000", 'd');
  for (const Runs& out : {aside, left_out}) add_points(plot, "left out", out, variable, "#777777", 'x');
  add_points(plot, "held out", held_out, variable, "#b00020", 'x');
  plot.vertical("largest fitted", surface.largest().of(variable), "#777777");
  page.figure(plot.svg(),
              fmt::format("Points are runs, lines the fit, bands and bars {} prediction intervals.",
                          share(coverage)));
}

void add_error_surface(Page& page, const Surface& surface, const std::vector<RunScale>& marks) {
  const RunScale &low = surface.smallest(), &high = surface.largest();
  double data_end = high.data * 10, size_end = high.size * 10;
  for (const RunScale& mark : marks) {
    data_end = std::max(data_end, mark.data * 2);
    size_end = std::max(size_end, mark.size * 2);
  }
  const std::vector<double> x = log_steps(low.data / 2, data_end, 60),
                            y = log_steps(low.size / 2, size_end, 45);
  std::vector<double> values;
  double least = INFINITY, most = 0;
  for (const double size : y) {
    for (const double data : x) {
      RunScale at = high;
      at.size = size;
      at.set_new_data(data);
      values.push_back(surface.error(at, Surface::estimate, true));
      least = std::min(least, values.back());
      most = std::max(most, values.back());
    }
  }
  std::vector<double> levels = report::make_ticks(least, most, most > 3 * least, 7).major;
  Plot plot("Predicted error", axis_of("data"), axis_of("size"));
  plot.heat_map(x, y, std::move(values), "error", most > 3 * least, std::move(levels));
  const auto put = [&plot](const char* name, const std::vector<RunScale>& scales, const char* color,
                           char marker) {
    std::vector<double> px, py;
    for (const RunScale& run : scales) {
      px.push_back(run.data);
      py.push_back(run.size);
    }
    if (!px.empty()) plot.points(name, std::move(px), std::move(py), color, marker);
  };
  const auto [runs, aside] = part_runs(surface, surface.measured());
  put("fitted runs", scales_of(runs), "#1b1b1b", 'c');
  put("left out", scales_of(aside), "#bbbbbb", 'x');
  put("predicted", marks, "#d55e00", 'd');
  page.figure(plot.svg(820, 440), "Lines join equal error; circles are the fitted runs.");
}

void add_isoflop_and_frontier(Page& page, const Surface& surface, const Cost& cost,
                              const std::vector<double>& budgets, double coverage) {
  Plot isoflop("Error at equal training cost", axis_of("size"), error_axis());
  Plot frontier("Compute-optimal size and data", cost_axis("training cost", cost),
                {"size (parameters), data (examples or tokens)", true, {}, {}});
  EstimateSeries best, size, data;
  std::vector<std::vector<std::string>> rows;
  for (std::size_t k = 0; k < budgets.size(); ++k) {
    const Allocation optimum = optimal_allocation(surface, cost, budgets[k], coverage);
    EstimateSeries curve;
    for (const IsoFlopPoint& point : isoflop_curve(surface, cost, budgets[k], 25, coverage))
      curve.add(point.size, point.error);
    curve.draw_line(isoflop, fmt::format("cost {:.2g}", budgets[k]), Plot::color(k),
                    2 * k + 1 == budgets.size());
    best.add(optimum.size.value, optimum.error);
    size.add(budgets[k], optimum.size);
    data.add(budgets[k], optimum.data);
    rows.push_back({shown(budgets[k]), shown(optimum.size.value), range(optimum.size),
                    shown(optimum.data.value), range(optimum.data), shown(optimum.error.value),
                    range(optimum.error), optimum.interior ? "" : "no interior minimum: at the edge"});
  }
  best.draw_points(isoflop, "minima", "#000000", 'd');
  size.draw_line(frontier, "size", Plot::color(0), true);
  data.draw_line(frontier, "data", Plot::color(1), true);
  frontier.vertical("costliest run", compute_spent(surface, &cost).largest, "#777777");
  page.figure(
      isoflop.svg(),
      fmt::format("The data is what the rest of the cost buys. Bars at the minima and the band of the "
                  "middle cost are {} intervals.",
                  share(coverage)));
  if (budgets.size() > 1)
    page.figure(frontier.svg(), fmt::format("Bands are {} intervals over the draws.", share(coverage)));
  page.table({"training cost", "size", "interval", "data", "interval", "error", "interval", ""}, rows);
}

using report::Plot;

Judgement judge(const std::vector<Judged>& rows) {
  Judgement out;
  const double count = static_cast<double>(rows.size());
  for (const Judged& row : rows) {
    out.rmse += std::pow(row.predicted.value - row.measured, 2) / count;
    out.log_rmse += std::pow(std::log(row.predicted.value / row.measured), 2) / count;
    out.covered += row.covered() ? 1 : 0;
    out.mean_log_width += std::log(row.predicted.high / row.predicted.low) / count;
  }
  out.rmse = std::sqrt(out.rmse);
  out.log_rmse = std::sqrt(out.log_rmse);
  return out;
}

nlohmann::ordered_json to_json(const std::vector<Judged>& rows) {
  nlohmann::ordered_json out = nlohmann::ordered_json::array();
  for (const Judged& row : rows)
    out.push_back({{"measured", row.measured}, {"predicted", to_json(row.predicted)}});
  return out;
}

void JudgedSeries::draw(Plot& plot) const {
  if (!inside.x.empty()) inside.draw_points(plot, "interval holds", Plot::color(0), 'o');
  if (!outside.x.empty()) outside.draw_points(plot, "interval misses", Plot::color(1), 'd');
}

void add_predicted_against_measured(report::Page& page, const std::vector<Judged>& rows, double coverage,
                                    const std::string& caption) {
  if (rows.empty()) return;
  Plot plot("Predicted against measured", {"measured error or loss", true, {}, {}},
            {"predicted error or loss", true, {}, {}});
  JudgedSeries judged;
  double low = INFINITY, high = 0;
  for (const Judged& row : rows) {
    judged.add(row.measured, row.predicted, row.covered());
    low = std::min({low, row.measured, row.predicted.value});
    high = std::max({high, row.measured, row.predicted.value});
  }
  plot.line("right", {low, high}, {low, high}, "#777777", true);
  judged.draw(plot);
  page.figure(plot.svg(760, 460),
              fmt::format("{} Bars are {} prediction intervals.", caption, share(coverage)));
}

}  // namespace frugal::fit
