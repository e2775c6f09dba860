#include "ops/activation_table.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "ir/integer_scale.h"

namespace frugal::ops {
namespace {

// Value and slope at x.
struct Point {
  double value, slope;
};

Point h_sigmoid(double x) { return {std::clamp(x + 3, 0.0, 6.0) / 6, x > -3 && x < 3 ? 1.0 / 6 : 0}; }
Point h_swish(double x) {
  const Point gate = h_sigmoid(x);
  return {x * gate.value, gate.value + x * gate.slope};
}
Point sigmoid(double x) {
  const double value = 1 / (1 + std::exp(-x));
  return {value, value * (1 - value)};
}
Point hyperbolic_tangent(double x) {
  const double value = std::tanh(x);
  return {value, 1 - value * value};
}

struct Entry {
  const char* op;
  Point (*at)(double);
};
constexpr Entry table[] = {
    {"h_sigmoid", h_sigmoid}, {"h_swish", h_swish}, {"sigmoid", sigmoid}, {"tanh", hyperbolic_tangent}};

const Entry* find(const std::string& op) {
  for (const Entry& entry : table) {
    if (op == entry.op) return &entry;
  }
  return nullptr;
}

// Of each stored number: what it becomes before the clamp, and the slope of that.
std::vector<Point> stored_points(const std::string& op, const ir::Tensor& x, const ir::Tensor& y) {
  const Entry* entry = find(op);
  FRUGAL_ASSERT(entry != nullptr, "an activation without a table");
  const double x_scale = ir::scale_of(x), y_scale = ir::scale_of(y);
  std::vector<Point> points;
  for (std::int64_t stored = -128; stored < 128; ++stored) {
    const Point at = entry->at(x_scale * static_cast<double>(stored - ir::zero_point_of(x)));
    const double steps = std::clamp(at.value / y_scale, -1e6, 1e6);
    points.push_back(
        {std::nearbyint(steps) + static_cast<double>(ir::zero_point_of(y)), at.slope * x_scale / y_scale});
  }
  return points;
}

}  // namespace

bool has_activation_table(const std::string& op) { return find(op) != nullptr; }

std::array<std::int8_t, 256> activation_table(const std::string& op, const ir::Tensor& x,
                                              const ir::Tensor& y) {
  std::array<std::int8_t, 256> values{};
  const std::vector<Point> points = stored_points(op, x, y);
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<std::int8_t>(std::clamp(points[i].value, -128.0, 127.0));
  return values;
}

std::vector<double> activation_slopes(const std::string& op, const ir::Tensor& x, const ir::Tensor& y) {
  std::vector<double> slopes;
  for (const Point& point : stored_points(op, x, y))
    slopes.push_back(point.value < -128 || point.value > 127 ? 0 : point.slope);
  return slopes;
}

}  // namespace frugal::ops
