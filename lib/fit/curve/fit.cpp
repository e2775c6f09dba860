#include "fit/curve/fit.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/error.h"
#include "fit/numeric/levenberg.h"

namespace frugal::fit {
namespace {

// Ordinary least squares over points [from, to): slope, and level at t = 0.
std::pair<double, double> line(const CurveData& data, std::size_t from, std::size_t to) {
  const double n = double(to - from);
  double t = 0, y = 0, tt = 0, ty = 0;
  for (std::size_t i = from; i < to; ++i) t += data.t[i] / n, y += data.log_y[i] / n;
  for (std::size_t i = from; i < to; ++i) {
    tt += (data.t[i] - t) * (data.t[i] - t);
    ty += (data.t[i] - t) * (data.log_y[i] - y);
  }
  const double slope = tt > 0 ? ty / tt : 0;
  return {slope, y - slope * t};
}

// The upper share of the curve in ln x, at least half an e-fold and three points; all where that is too few.
std::pair<double, double> tail_line(const CurveData& data, double share) {
  const double from = -std::max(0.5, share * data.shape.span);
  std::size_t first = 0;
  while (first < data.t.size() && data.t[first] < from) ++first;
  if (data.t.size() - first < 3) first = 0;
  return line(data, first, data.t.size());
}

// Each point against the line through its neighbours: the median is not fooled by a bend or a break.
double point_noise(const CurveData& data) {
  if (data.t.size() < 6) return 0.01;
  std::vector<double> miss;
  for (std::size_t i = 1; i + 1 < data.t.size(); ++i) {
    const double w = (data.t[i] - data.t[i - 1]) / (data.t[i + 1] - data.t[i - 1]);
    const double e = data.log_y[i] - (1 - w) * data.log_y[i - 1] - w * data.log_y[i + 1];
    miss.push_back(std::abs(e) / std::sqrt(1 + w * w + (1 - w) * (1 - w)));
  }
  const std::size_t half = miss.size() / 2;
  std::nth_element(miss.begin(), miss.begin() + std::ptrdiff_t(half), miss.end());
  return std::clamp(1.4826 * miss[half], 0.003, 0.1);
}

void describe(CurveData& data) {
  const std::size_t n = data.t.size();
  CurveShape& shape = data.shape;
  shape.span = -data.t.front();
  shape.highest = *std::max_element(data.log_y.begin(), data.log_y.end());
  shape.last = n > 4 ? (data.log_y[n - 1] + data.log_y[n - 2] + data.log_y[n - 3]) / 3 : data.log_y[n - 1];
  shape.tail_slope = tail_line(data, 0.5).first;
  shape.steep_slope = tail_line(data, 0.3).first;
  const std::size_t head = std::max<std::size_t>(2, n / 4);
  shape.head_slope = head > 2 ? line(data, 0, head).first : shape.steep_slope;
  data.noise = point_noise(data);
}

CurveCandidate fit_one(const CurveLaw& law, const CurveData& data, const Discrepancy& discrepancy,
                       const std::vector<Theta>& starts) {
  const std::size_t n = data.t.size(), p = law.size;
  std::vector<double> rows(n * (p + 1)), jac(n * p);
  LeastSquares problem;
  problem.residuals = n + law.prior_count;
  problem.parameters = p;
  problem.evaluate = [&](const double* theta, double* residual, double* jacobian) {
    law.evaluate(theta, data.t, residual, jac.data());
    for (std::size_t i = 0; i < n; ++i) {
      rows[i * (p + 1)] = residual[i] - data.log_y[i];
      std::copy_n(&jac[i * p], p, &rows[i * (p + 1) + 1]);
    }
    discrepancy.whiten(rows.data(), p + 1);
    for (std::size_t i = 0; i < n; ++i) {
      residual[i] = rows[i * (p + 1)];
      std::copy_n(&rows[i * (p + 1) + 1], p, jacobian + i * p);
    }
    law.prior(theta, data.shape, residual + n, jacobian + n * p);
  };

  // A short descent from every start, a long one from the two best.
  std::vector<LevenbergResult> ends;
  for (const Theta& start : starts) ends.push_back(levenberg(problem, start, 8));
  std::stable_sort(ends.begin(), ends.end(), [](const auto& a, const auto& b) { return a.cost < b.cost; });
  for (std::size_t k = 0; k < std::min<std::size_t>(2, ends.size()); ++k)
    if (!ends[k].converged && std::isfinite(ends[k].cost)) ends[k] = levenberg(problem, ends[k].theta, 60);
  std::stable_sort(ends.begin(), ends.end(), [](const auto& a, const auto& b) { return a.cost < b.cost; });

  CurveCandidate result;
  result.law = &law;
  result.theta = ends.front().theta;
  result.gradient_norm = ends.front().gradient_norm;
  for (const LevenbergResult& end : ends)
    if (end.cost <= ends.front().cost * (1 + 1e-3) + 1e-9) result.agreement += 1.0 / double(ends.size());
  result.residual.resize(n);
  law.evaluate(result.theta.data(), data.t, result.residual.data(), nullptr);
  double square = 0;
  for (std::size_t i = 0; i < n; ++i) {
    result.residual[i] = data.log_y[i] - result.residual[i];
    square += result.residual[i] * result.residual[i];
  }
  result.in_fit = std::sqrt(square / double(n));
  result.discrepancy_weights = discrepancy.solve(result.residual);
  return result;
}

}  // namespace

CurveData prepare_curve(std::span<const double> x, std::span<const double> y, std::size_t most_points) {
  FRUGAL_ASSERT(x.size() == y.size(), "one y for every x");
  CurveData data;
  std::vector<std::pair<double, double>> points;  // ln x, ln y
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (x[i] > 0 && y[i] > 0 && std::isfinite(x[i]) && std::isfinite(y[i]))
      points.emplace_back(std::log(x[i]), std::log(y[i]));
    else
      ++data.dropped;
  }
  std::sort(points.begin(), points.end());
  const double edge = points.empty() ? 0 : points.back().first;
  const double span = points.empty() ? 0 : edge - points.front().first;
  // Equal x are one point; so are the points of one cell of ln x where there are too many.
  const double cell = points.size() > most_points ? span / double(most_points) : 0;
  for (std::size_t i = 0; i < points.size();) {
    std::size_t j = i;
    double t = 0, v = 0;
    const auto index = [&](double u) { return cell > 0 ? std::floor((edge - u) / cell) : edge - u; };
    while (j < points.size() && index(points[j].first) == index(points[i].first))
      t += points[j].first - edge, v += points[j].second, ++j;
    data.t.push_back(t / double(j - i));
    data.log_y.push_back(v / double(j - i));
    i = j;
  }
  if (data.t.size() < 3)
    throw base::UserError("",
                          "a learning curve needs three distinct x > 0 with y > 0, got " +
                              std::to_string(data.t.size()) + " (" + std::to_string(data.dropped) +
                              " rows have no logarithm)",
                          "measure at more scales, evenly spaced in log x");
  const double last = data.t.back();
  for (double& t : data.t) t -= last;
  data.x_edge = std::exp(edge + last);
  describe(data);
  return data;
}

CurveData curve_head(const CurveData& data, std::size_t kept) {
  CurveData part;
  part.t.assign(data.t.begin(), data.t.begin() + std::ptrdiff_t(kept));
  part.log_y.assign(data.log_y.begin(), data.log_y.begin() + std::ptrdiff_t(kept));
  part.x_edge = data.x_edge * std::exp(part.t.back());
  const double last = part.t.back();
  for (double& t : part.t) t -= last;
  describe(part);
  return part;
}

std::vector<CurveCandidate> fit_candidates(const CurveData& data, DiscrepancyKernel kernel,
                                           bool averaged_only) {
  const Discrepancy independent(data.t, data.noise, {}), correlated(data.t, data.noise, kernel);
  std::vector<CurveCandidate> result;
  for (const CurveLaw& law : curve_laws()) {
    if (averaged_only && !law.averaged_plain && !law.averaged_with_discrepancy) {
      result.emplace_back();
      continue;
    }
    std::vector<Theta> starts = law.starts(data.shape);
    result.push_back(fit_one(law, data, independent, starts));
    result.back().averaged = law.averaged_plain;
    if (!law.averaged_with_discrepancy) continue;
    starts.push_back(result.back().theta);
    result.push_back(fit_one(law, data, correlated, starts));
    result.back().with_discrepancy = result.back().averaged = true;
  }
  return result;
}

std::vector<double> predict_candidate(const CurveCandidate& candidate, const CurveData& data,
                                      DiscrepancyKernel kernel, std::span<const double> t) {
  std::vector<double> result(t.size());
  candidate.law->evaluate(candidate.theta.data(), t, result.data(), nullptr);
  for (std::size_t i = 0; i < t.size(); ++i)
    result[i] += expected_discrepancy(kernel, data.t, candidate.discrepancy_weights, t[i]);
  return result;
}

}  // namespace frugal::fit
