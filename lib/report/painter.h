// Draws one plot (report/svg.h); a class so that the pieces share the two mappings and the text being
// written. Of lib/report alone.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "report/svg.h"

namespace frugal::report {

namespace paint {

constexpr const char* text_color = "#1b1b1b";
constexpr const char* grid_color = "#e4e4e4";
constexpr const char* axis_color = "#4a4a4a";

std::string xy(double x, double y);  // "12.34,56.78"

// Values to pixels along one axis.
struct Mapping {
  double low = 0, high = 1, from = 0, to = 1;
  bool log = false;
  bool shows(double value) const { return std::isfinite(value) && (!log || value > 0); }
  double at(double value) const {
    const double share = log ? std::log(value / low) / std::log(high / low) : (value - low) / (high - low);
    // Far outside values stay finite numbers for the renderer; the clip path hides them.
    return from + std::clamp(share, -20.0, 20.0) * (to - from);
  }
};

struct Limits {
  double low = INFINITY, high = -INFINITY;
  void take(double value, bool log) {
    if (!std::isfinite(value) || (log && value <= 0)) return;
    low = std::min(low, value);
    high = std::max(high, value);
  }
};

// Ends of an axis: the limits with a margin, or as they are where `tight`, or those that the axis names.
void settle(const Axis& axis, Limits limits, bool tight, Mapping& mapping);

}  // namespace paint

class Plot::Painter {
 public:
  Painter(const Plot& plot, int width, int height);
  std::string paint();

 private:
  class Heat;  // report/painter_heat.h

  void put(const std::string& line);

  void axes();
  void band(const Item& item);
  void draw(const Item& item);
  void line(const Item& item);
  void points(const Item& item);
  void boxes(const Item& item);
  void marker(char kind, double x, double y, const std::string& color);

  std::vector<const Item*> legend_names() const;
  double legend_width() const;
  void legend();

  const Plot& plot_;
  int width_, height_;
  double left_ = 76, top_ = 38, right_ = 0, bottom_ = 58;
  paint::Mapping x_, y_;
  std::string out_;
};

}  // namespace frugal::report
