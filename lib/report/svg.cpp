#include "report/svg.h"

#include <array>

#include "report/painter.h"

namespace frugal::report {

Plot::Plot(std::string title, Axis x, Axis y)
    : title_(std::move(title)), x_(std::move(x)), y_(std::move(y)) {}

std::string Plot::color(std::size_t index) {
  static const std::array<const char*, 8> okabe_ito = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                                       "#56b4e9", "#e69f00", "#5b5b5b", "#8c6d31"};
  return okabe_ito[index % okabe_ito.size()];
}

void Plot::line(const std::string& name, std::vector<double> x, std::vector<double> y,
                const std::string& color, bool dashed) {
  items_.push_back({Item::Kind::line, name, color, std::move(x), std::move(y), {}, {}, dashed});
}
void Plot::band(const std::string& name, std::vector<double> x, std::vector<double> low,
                std::vector<double> high, const std::string& color) {
  items_.push_back({Item::Kind::band, name, color, std::move(x), {}, std::move(low), std::move(high)});
}
void Plot::points(const std::string& name, std::vector<double> x, std::vector<double> y,
                  const std::string& color, char marker, std::vector<double> low, std::vector<double> high) {
  items_.push_back({Item::Kind::points, name, color, std::move(x), std::move(y), std::move(low),
                    std::move(high), false, marker});
}
void Plot::horizontal(const std::string& name, double y, const std::string& color) {
  items_.push_back({Item::Kind::horizontal, name, color, {}, {y}, {}, {}});
}
void Plot::vertical(const std::string& name, double x, const std::string& color) {
  items_.push_back({Item::Kind::vertical, name, color, {x}, {}, {}, {}});
}
void Plot::heat_map(std::vector<double> x, std::vector<double> y, std::vector<double> values,
                    const std::string& value_label, bool log_colors, std::vector<double> levels) {
  heat_ = HeatMap{std::move(x), std::move(y), std::move(values), std::move(levels), value_label, log_colors};
}

std::string Plot::svg(int width, int height) const { return Painter(*this, width, height).paint(); }

}  // namespace frugal::report
