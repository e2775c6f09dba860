#include "fit/command/measured_isoflop.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "base/random.h"
#include "fit/command/page_parts.h"

namespace frugal::fit {
namespace {

using report::Plot;

std::size_t sizes_of(const IsoflopBudget& budget, const Runs& runs) {
  std::set<double> sizes;
  for (const std::size_t row : budget.rows) sizes.insert(runs.column(variable::size)[row]);
  return sizes.size();
}

// The exponent under resampling of the runs within each budget.
Estimate exponent_interval(const MeasuredIsoflop& measured, double coverage, std::uint64_t seed) {
  if (!measured.fit.fitted) return {NAN, NAN, NAN};
  base::Random random(seed, "fit/isoflop");
  std::vector<double> draws;
  for (int draw = 0; draw < 200; ++draw) {
    std::vector<std::size_t> rows;
    for (const IsoflopBudget& budget : measured.fit.budgets) {
      for (std::size_t i = 0; i < budget.rows.size(); ++i)
        rows.push_back(budget.rows[random.below(budget.rows.size())]);
    }
    const Isoflop one = isoflop(measured.runs.select(rows));
    if (one.fitted) draws.push_back(one.size_exponent);
  }
  return estimate_of(measured.fit.size_exponent, std::move(draws), coverage);
}

}  // namespace

std::optional<MeasuredIsoflop> measure_isoflop(const Runs& runs, const std::string& cost_text,
                                               double coverage, std::uint64_t seed) {
  if (!runs.has(variable::size) || !runs.has(variable::data)) return std::nullopt;
  MeasuredIsoflop out;
  out.runs = runs;
  if (!runs.has(variable::compute)) {
    const Cost cost(cost_text);
    const auto size = runs.column(variable::size), data = runs.column(variable::data);
    std::vector<double> compute;
    for (std::size_t i = 0; i < runs.count(); ++i) compute.push_back(cost(size[i], data[i]));
    out.runs.set_column(variable::compute, std::move(compute));
  }
  out.fit = isoflop(out.runs);
  std::erase_if(out.fit.budgets, [&](const IsoflopBudget& one) { return sizes_of(one, out.runs) < 3; });
  if (out.fit.budgets.empty()) return std::nullopt;
  out.envelope = frontier(out.runs);
  out.size_exponent = exponent_interval(out, coverage, seed);
  return out;
}

nlohmann::ordered_json to_json(const MeasuredIsoflop& measured) {
  nlohmann::ordered_json out;
  out["budgets"] = nlohmann::ordered_json::array();
  for (const IsoflopBudget& budget : measured.fit.budgets) {
    nlohmann::ordered_json one = {{"compute", budget.compute}, {"runs", budget.rows.size()}};
    if (budget.refusal.empty()) {
      one["best_size"] = budget.best_size;
      one["best_data"] = budget.best_data;
      one["error"] = budget.best_y;
    } else {
      one["refused"] = budget.refusal;
    }
    out["budgets"].push_back(std::move(one));
  }
  if (measured.fit.fitted) {
    out["size_exponent"] = to_json(measured.size_exponent);
    out["data_exponent"] = measured.fit.data_exponent;
  } else {
    out["refused"] = "fewer than two budgets have a minimum inside their runs: no line through the minima";
  }
  out["caveat"] = Isoflop::caveat;
  out["envelope_rows"] = measured.envelope;
  return out;
}

void add_measured_isoflop(report::Page& page, const MeasuredIsoflop& measured, double coverage) {
  const auto size = measured.runs.column(variable::size), compute = measured.runs.column(variable::compute);
  Plot plot("Measured runs of equal compute", axis_of("size"), error_axis());
  Plot envelope("Lower envelope of the runs", axis_of("compute"), error_axis());
  std::vector<std::vector<std::string>> rows;
  for (std::size_t k = 0; k < measured.fit.budgets.size(); ++k) {
    const IsoflopBudget& budget = measured.fit.budgets[k];
    std::vector<double> x, y;
    for (const std::size_t row : budget.rows) {
      x.push_back(size[row]);
      y.push_back(measured.runs.y[row]);
    }
    const auto [low, high] = std::minmax_element(x.begin(), x.end());
    const std::vector<double> at = log_steps(*low, *high, 40);
    std::vector<double> parabola;
    for (const double one : at) {
      const double t = std::log(one) - budget.log_center;
      parabola.push_back(budget.c0 + budget.c1 * t + budget.c2 * t * t);
    }
    const std::string color = Plot::color(k);
    plot.points("", x, y, color);
    plot.line(fmt::format("compute {:.2g}", budget.compute), at, std::move(parabola), color);
    if (budget.refusal.empty()) plot.points("", {budget.best_size}, {budget.best_y}, "#000000", 'd');
    rows.push_back({shown(budget.compute), std::to_string(budget.rows.size()),
                    budget.refusal.empty() ? shown(budget.best_size) : "",
                    budget.refusal.empty() ? shown(budget.best_data) : "", budget.refusal});
  }
  std::vector<double> x, y;
  for (const std::size_t row : measured.envelope) {
    x.push_back(compute[row]);
    y.push_back(measured.runs.y[row]);
  }
  envelope.points("runs", {compute.begin(), compute.end()}, measured.runs.y, Plot::color(6), 'c');
  envelope.line("envelope", std::move(x), std::move(y), Plot::color(1));
  page.figure(plot.svg(), "A parabola in ln(size) a budget; diamonds are minima inside the runs.");
  page.table({"compute", "runs", "best size", "best data", ""}, rows,
             measured.fit.fitted
                 ? fmt::format(
                       "Best size grows as compute to the power {} ({}, {} interval from resampled runs). {}",
                       shown(measured.size_exponent.value), range(measured.size_exponent), share(coverage),
                       std::string("Caution: ") + Isoflop::caveat + ".")
                 : "Fewer than two budgets have a minimum inside their runs: no line through the minima.");
  page.figure(envelope.svg(), "No run of at most its compute has a lower error than a run on the envelope.");
}

}  // namespace frugal::fit
