#include "config/visitor.h"

#include <fmt/format.h>

#include <cmath>

namespace frugal::config {

bool Range::contains(double value) const {
  if (std::isnan(value)) return false;
  return (low_open ? value > low : value >= low) && (high_open ? value < high : value <= high);
}

std::string Range::text() const {
  const bool has_low = std::isfinite(low), has_high = std::isfinite(high);
  if (has_low && has_high) {
    return fmt::format("must be in {}{}, {}{}", low_open ? '(' : '[', low, high, high_open ? ')' : ']');
  }
  if (has_low) return fmt::format("must be {} {}", low_open ? ">" : ">=", low);
  if (has_high) return fmt::format("must be {} {}", high_open ? "<" : "<=", high);
  return "";
}

Range any_number() { return {}; }
Range at_least(double low) {
  Range range;
  range.low = low;
  return range;
}
Range greater_than(double low) {
  Range range = at_least(low);
  range.low_open = true;
  return range;
}
Range between(double low, double high) {
  Range range;
  range.low = low;
  range.high = high;
  return range;
}
Range between_open(double low, double high) {
  Range range = between(low, high);
  range.low_open = range.high_open = true;
  return range;
}
Range fraction() { return between(0, 1); }

}  // namespace frugal::config
