#include "fit/curve/data.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "base/error.h"

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

}  // namespace frugal::fit
