// A learning curve's points as they are fitted.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "fit/curve/curve_law.h"

namespace frugal::fit {

// Sorted, points of equal x averaged, in logarithms relative to the edge.
struct CurveData {
  std::vector<double> t, log_y;  // t = ln(x / x_edge), ascending, the last 0
  double x_edge = 0;
  double noise = 0.01;      // standard deviation of ln y from point to point
  std::size_t dropped = 0;  // rows without a logarithm: x <= 0 or y <= 0
  CurveShape shape;
};

// x and y in any order, of equal length; more than most_points are averaged in cells of ln x. UserError where
// fewer than three distinct x > 0 with y > 0 remain.
CurveData prepare_curve(std::span<const double> x, std::span<const double> y, std::size_t most_points);

// The first `kept` points, relative to their own edge.
CurveData curve_head(const CurveData& data, std::size_t kept);

}  // namespace frugal::fit
