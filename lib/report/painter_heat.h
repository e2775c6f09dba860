// Draws the heat map of a plot: cells, lines of equal value, the colour bar. Of lib/report/painter.cpp alone.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "report/painter.h"

namespace frugal::report {

class Plot::Painter::Heat {
 public:
  // Axes as the plot maps them; `top` and `right` are its frame's, in pixels. SVG is added to `out`.
  Heat(const HeatMap& map, const paint::Mapping& x, const paint::Mapping& y, double top, double right,
       std::string& out);
  void cells();  // and the lines of equal value on them
  void color_bar();

 private:
  void put(const std::string& line);
  void contour(double level);
  void label(double level, std::vector<std::pair<double, double>> line);

  const HeatMap& map_;
  const paint::Mapping &x_, &y_;
  paint::Mapping range_;  // of the values
  double top_, right_;
  std::vector<std::pair<double, double>> labels_;  // where the lines' labels stand: right ends of text
  std::string& out_;
};

}  // namespace frugal::report
