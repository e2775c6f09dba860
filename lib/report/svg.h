// Plots as SVG text that stands inside an HTML page and needs nothing else: linear and logarithmic axes with
// round ticks, lines, bands, points with error bars, boxes, heat maps with contour lines, a legend. Colours
// are those of Okabe and Ito (2008), which colour-blind readers tell apart; text is dark.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace frugal::report {

struct Axis {
  std::string label;
  bool log = false;
  std::optional<double> low, high;  // else from the data
};

class Plot {
 public:
  Plot(std::string title, Axis x, Axis y);

  // A colour of the palette by number (they repeat after eight), or text for `color` below.
  static std::string color(std::size_t index);

  // Names that are empty stay out of the legend; values that the axes cannot show (NaN, ≤ 0 on a log axis)
  // are left out, and a line breaks there.
  void line(const std::string& name, std::vector<double> x, std::vector<double> y, const std::string& color,
            bool dashed = false);
  void band(const std::string& name, std::vector<double> x, std::vector<double> low, std::vector<double> high,
            const std::string& color);
  // marker: 'o' disc, 'x' cross, 'd' diamond, 'c' open circle. low, high: error bars, or empty.
  void points(const std::string& name, std::vector<double> x, std::vector<double> y, const std::string& color,
              char marker = 'o', std::vector<double> low = {}, std::vector<double> high = {});
  // Rectangles from (left, low) to (right, high), with text that shows under the pointer, one each or none.
  void boxes(const std::string& name, std::vector<double> left, std::vector<double> right,
             std::vector<double> low, std::vector<double> high, const std::string& color,
             std::vector<std::string> texts = {});
  void horizontal(const std::string& name, double y, const std::string& color);
  void vertical(const std::string& name, double x, const std::string& color);

  // values[row * columns + column] at the grid points x[column], y[row]; drawn as cells around them with a
  // colour bar, and lines of equal value at `levels`.
  void heat_map(std::vector<double> x, std::vector<double> y, std::vector<double> values,
                const std::string& value_label, bool log_colors, std::vector<double> levels);

  std::string svg(int width = 720, int height = 430) const;

 private:
  struct Item {
    enum class Kind { line, band, points, horizontal, vertical, boxes } kind;
    std::string name, color;
    std::vector<double> x, y, low, high;  // boxes: x is left, y is right
    bool dashed = false;
    char marker = 'o';
    std::vector<std::string> texts = {};  // of boxes
  };
  struct HeatMap {
    std::vector<double> x, y, values, levels;
    std::string label;
    bool log = false;
  };
  class Painter;

  std::string title_;
  Axis x_, y_;
  std::vector<Item> items_;
  std::optional<HeatMap> heat_;
};

// Round positions for an axis from low to high (low < high; both > 0 on a log axis): majors carry labels.
struct Ticks {
  std::vector<double> major, minor;
  std::vector<std::string> labels;  // of the majors
};
Ticks make_ticks(double low, double high, bool log, int wanted = 6);

}  // namespace frugal::report
