#include "report/svg.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "report/painter.h"

namespace frugal::report {
namespace {

// Round tick positions and their labels. A log axis of less than about a decade and a half takes round
// numbers within the decade, since powers of ten alone would leave it with one label or none.

std::string superscript(int value) {
  static const char* digits[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
  std::string out = value < 0 ? "⁻" : "";
  for (const char c : std::to_string(std::abs(value))) out += digits[c - '0'];
  return out;
}

std::string label_of(double value) {
  const double size = std::fabs(value);
  if (value == 0) return "0";
  if (size >= 1e-3 && size < 1e4) return fmt::format("{:.6g}", value);
  int exponent = static_cast<int>(std::floor(std::log10(size) + 1e-9));
  const double mantissa = value / std::pow(10.0, exponent);
  if (std::fabs(mantissa - 1) < 1e-9) return "10" + superscript(exponent);
  return fmt::format("{:.4g}·10{}", mantissa, superscript(exponent));
}

Ticks linear_ticks(double low, double high, int wanted) {
  Ticks ticks;
  const double raw = (high - low) / wanted;
  const double decade = std::pow(10.0, std::floor(std::log10(raw)));
  double step = decade * 10;
  for (const double candidate : {1.0, 2.0, 2.5, 5.0}) {
    if (candidate * decade >= raw) {
      step = candidate * decade;
      break;
    }
  }
  const double first = std::ceil(low / step - 1e-9);
  for (int i = 0; i <= 4 * wanted + 4; ++i) {
    double value = (first + i) * step;
    if (value > high + step * 1e-9) break;
    if (std::fabs(value) < step * 1e-9) value = 0;
    ticks.major.push_back(value);
    ticks.labels.push_back(label_of(value));
  }
  return ticks;
}

}  // namespace

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
void Plot::boxes(const std::string& name, std::vector<double> left, std::vector<double> right,
                 std::vector<double> low, std::vector<double> high, const std::string& color,
                 std::vector<std::string> texts) {
  items_.push_back({Item::Kind::boxes, name, color, std::move(left), std::move(right), std::move(low),
                    std::move(high), false, 'o', std::move(texts)});
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

Ticks make_ticks(double low, double high, bool log, int wanted) {
  if (!log) return linear_ticks(low, high, wanted);
  const double decades = std::log10(high / low);
  if (decades < 0.7) return linear_ticks(low, high, wanted);
  Ticks ticks;
  const int first = static_cast<int>(std::floor(std::log10(low) - 1e-9));
  const int last = static_cast<int>(std::ceil(std::log10(high) + 1e-9));
  const int stride = std::max(1, static_cast<int>(std::ceil(decades / (wanted + 2))));
  for (int exponent = first; exponent <= last; ++exponent) {
    for (int digit = 1; digit <= 9; ++digit) {
      const double value = digit * std::pow(10.0, exponent);
      if (value < low * (1 - 1e-9) || value > high * (1 + 1e-9)) continue;
      const bool round = digit == 1 && ((exponent % stride) + stride) % stride == 0;
      const bool between = decades < 2.2 && (digit == 2 || digit == 5);
      if (round || between) {
        ticks.major.push_back(value);
        ticks.labels.push_back(label_of(value));
      } else if (stride == 1) {
        ticks.minor.push_back(value);
      }
    }
  }
  return ticks;
}

}  // namespace frugal::report
