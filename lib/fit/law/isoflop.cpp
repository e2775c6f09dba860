#include "fit/law/isoflop.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "fit/numeric/linear_algebra.h"

namespace frugal::fit {
namespace {

std::vector<double> compute_of(const Runs& points, double cost) {
  if (points.has(variable::compute)) {
    const auto column = points.column(variable::compute);
    return {column.begin(), column.end()};
  }
  const auto size = points.column(variable::size), data = points.column(variable::data);
  std::vector<double> compute(points.count());
  for (std::size_t i = 0; i < compute.size(); ++i) compute[i] = cost * size[i] * data[i];
  return compute;
}

std::vector<std::size_t> by(const std::vector<double>& key) {
  std::vector<std::size_t> order(key.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return key[a] < key[b]; });
  return order;
}

void fit_parabola(const Runs& points, double cost, IsoflopBudget& budget) {
  const auto size = points.column(variable::size);
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
  double moment[5] = {}, right[3] = {};
  for (const std::size_t i : budget.rows) {
    const double t = std::log(size[i]) - budget.log_center;
    double power = 1;
    for (int k = 0; k < 5; ++k, power *= t) {
      moment[k] += power;
      if (k < 3) right[k] += power * points.y[i];
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
  budget.best_data = budget.compute / (cost * budget.best_size);
  budget.best_y = budget.c0 + budget.c1 * at + budget.c2 * at * at;
}

}  // namespace

Isoflop isoflop(const Runs& points, double cost, double tolerance) {
  const auto compute = compute_of(points, cost);
  Isoflop result;
  double first = 0;
  for (const std::size_t i : by(compute)) {
    if (result.budgets.empty() || compute[i] > first * (1 + tolerance)) {
      result.budgets.emplace_back();
      first = compute[i];
    }
    result.budgets.back().rows.push_back(i);
  }
  std::vector<double> log_c, log_n;
  for (IsoflopBudget& budget : result.budgets) {
    double mean = 0;
    for (const std::size_t i : budget.rows) mean += std::log(compute[i]) / double(budget.rows.size());
    budget.compute = std::exp(mean);
    fit_parabola(points, cost, budget);
    if (budget.refusal.empty()) {
      log_c.push_back(mean);
      log_n.push_back(std::log(budget.best_size));
    } else {
      result.warnings.push_back(fmt::format("budget {:.3g}: {}", budget.compute, budget.refusal));
    }
  }
  if (log_c.size() < 2) {
    result.warnings.push_back(
        "fewer than two budgets have a minimum inside their runs: no line through the minima");
    return result;
  }
  const double n = double(log_c.size());
  const double mean_c = std::accumulate(log_c.begin(), log_c.end(), 0.0) / n;
  const double mean_n = std::accumulate(log_n.begin(), log_n.end(), 0.0) / n;
  double cc = 0, cn = 0;
  for (std::size_t i = 0; i < log_c.size(); ++i) {
    cc += std::pow(log_c[i] - mean_c, 2);
    cn += (log_c[i] - mean_c) * (log_n[i] - mean_n);
  }
  result.fitted = true;
  result.size_exponent = cn / cc;
  result.size_intercept = mean_n - result.size_exponent * mean_c;
  result.data_exponent = 1 - result.size_exponent;  // C = cost · N · D
  result.data_intercept = -std::log(cost) - result.size_intercept;
  return result;
}

std::vector<std::size_t> frontier(const Runs& points, double cost) {
  const auto compute = compute_of(points, cost);
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

}  // namespace frugal::fit
