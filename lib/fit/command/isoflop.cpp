#include "fit/command/isoflop.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>

#include "base/random.h"
#include "fit/command/page_parts.h"
#include "fit/law/expression_law.h"
#include "fit/numeric/linear_algebra.h"
#include "report/svg.h"

namespace frugal::fit {

using report::Plot;

namespace {

// Rows by a column, ascending.
std::vector<std::size_t> by(std::span<const double> key) {
  std::vector<std::size_t> order(key.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return key[a] < key[b]; });
  return order;
}

void fit_parabola(const Runs& points, IsoflopBudget& budget) {
  const auto size = points.column(variable::size), data = points.column(variable::data);
  std::set<double> distinct;
  double low = 1e300, high = -1e300;
  for (const std::size_t i : budget.rows) {
    distinct.insert(size[i]);
    budget.log_center += std::log(size[i]) / double(budget.rows.size());
    low = std::min(low, std::log(size[i]));
    high = std::max(high, std::log(size[i]));
  }
  if (distinct.size() < 3) {
    budget.refusal = fmt::format("{} distinct sizes: a parabola needs 3", distinct.size());
    return;
  }
  double moment[5] = {}, right[3] = {}, log_data[3] = {};
  for (const std::size_t i : budget.rows) {
    const double t = std::log(size[i]) - budget.log_center;
    double power = 1;
    for (int k = 0; k < 5; ++k, power *= t) {
      moment[k] += power;
      if (k < 3) right[k] += power * points.y[i];
      if (k < 3) log_data[k] += power * std::log(data[i]);
    }
  }
  double normal[9];
  for (int r = 0; r < 3; ++r)
    for (int c = 0; c < 3; ++c) normal[r * 3 + c] = moment[r + c];
  if (!cholesky(normal, 3)) {
    budget.refusal = "sizes too close to each other for a parabola";
    return;
  }
  cholesky_solve(normal, 3, right);
  cholesky_solve(normal, 3, log_data);
  budget.c0 = right[0];
  budget.c1 = right[1];
  budget.c2 = right[2];
  if (!(budget.c2 > 0)) {
    budget.refusal = "no interior minimum: the loss does not curve upwards over size";
    return;
  }
  const double at = -budget.c1 / (2 * budget.c2);
  if (budget.log_center + at < low || budget.log_center + at > high) {
    budget.refusal = "no interior minimum: it lies beyond the sizes of this budget";
    return;
  }
  budget.best_size = std::exp(budget.log_center + at);
  // What the runs of this budget had, so that no formula of the cost is assumed.
  budget.best_data = std::exp(log_data[0] + log_data[1] * at + log_data[2] * at * at);
  budget.best_y = budget.c0 + budget.c1 * at + budget.c2 * at * at;
}

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

Isoflop isoflop(const Runs& points, double tolerance) {
  const auto compute = points.column(variable::compute);
  Isoflop result;
  double first = 0;
  for (const std::size_t i : by(compute)) {
    if (result.budgets.empty() || compute[i] > first * (1 + tolerance)) {
      result.budgets.emplace_back();
      first = compute[i];
    }
    result.budgets.back().rows.push_back(i);
  }
  std::vector<double> log_c, log_n, log_d;
  for (IsoflopBudget& budget : result.budgets) {
    double mean = 0;
    for (const std::size_t i : budget.rows) mean += std::log(compute[i]) / double(budget.rows.size());
    budget.compute = std::exp(mean);
    fit_parabola(points, budget);
    if (!budget.refusal.empty()) continue;
    log_c.push_back(mean);
    log_n.push_back(std::log(budget.best_size));
    log_d.push_back(std::log(budget.best_data));
  }
  if (log_c.size() < 2) return result;
  const double n = double(log_c.size());
  const double mean_c = std::accumulate(log_c.begin(), log_c.end(), 0.0) / n;
  const double mean_n = std::accumulate(log_n.begin(), log_n.end(), 0.0) / n;
  double cc = 0, cn = 0, cd = 0;
  for (std::size_t i = 0; i < log_c.size(); ++i) {
    cc += std::pow(log_c[i] - mean_c, 2);
    cn += (log_c[i] - mean_c) * (log_n[i] - mean_n);
    cd += (log_c[i] - mean_c) * log_d[i];
  }
  result.fitted = true;
  result.size_exponent = cn / cc;
  result.data_exponent = cd / cc;
  return result;
}

std::vector<std::size_t> frontier(const Runs& points) {
  const auto compute = points.column(variable::compute);
  std::vector<std::size_t> rows;
  double lowest = 1e300;
  for (const std::size_t i : by(compute)) {
    if (points.y[i] >= lowest) continue;
    lowest = points.y[i];
    if (!rows.empty() && compute[rows.back()] == compute[i]) rows.pop_back();
    rows.push_back(i);
  }
  return rows;
}

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
