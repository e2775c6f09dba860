#include "report/painter_heat.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "report/html.h"

namespace frugal::report {
namespace {

// Viridis at nine places (Smith, van der Walt 2015): equal steps of value look equal, also in grey.
constexpr std::array<std::array<int, 3>, 9> viridis = {{{68, 1, 84},
                                                        {71, 45, 123},
                                                        {59, 82, 139},
                                                        {44, 114, 142},
                                                        {33, 145, 140},
                                                        {40, 174, 128},
                                                        {94, 201, 98},
                                                        {173, 220, 48},
                                                        {253, 231, 37}}};

std::string ramp(double share) {
  const double at = std::clamp(share, 0.0, 1.0) * (viridis.size() - 1);
  const auto i = std::min(static_cast<std::size_t>(at), viridis.size() - 2);
  const double t = at - static_cast<double>(i);
  std::array<int, 3> c{};
  for (std::size_t k = 0; k < 3; ++k) {
    c[k] = static_cast<int>(std::lround(viridis[i][k] + t * (viridis[i + 1][k] - viridis[i][k])));
  }
  return fmt::format("#{:02x}{:02x}{:02x}", c[0], c[1], c[2]);
}

// Cell edges halfway between grid points, in the axis's own measure.
std::vector<double> edges(const std::vector<double>& at, bool log) {
  std::vector<double> out;
  const auto middle = [log](double a, double b) { return log ? std::sqrt(a * b) : (a + b) / 2; };
  for (std::size_t i = 0; i <= at.size(); ++i) {
    out.push_back(i == 0 ? at.front() : i == at.size() ? at.back() : middle(at[i - 1], at[i]));
  }
  return out;
}

}  // namespace

using paint::axis_color;
using paint::text_color;
using paint::xy;

Plot::Painter::Heat::Heat(const HeatMap& map, const paint::Mapping& x, const paint::Mapping& y, double top,
                          double right, std::string& out)
    : map_(map), x_(x), y_(y), top_(top), right_(right), out_(out) {
  paint::Limits limits;
  for (const double value : map.values) limits.take(value, map.log);
  paint::settle({"", map.log, {}, {}}, limits, true, range_);
}

void Plot::Painter::Heat::put(const std::string& line) { out_ += line + "\n"; }

void Plot::Painter::Heat::cells() {
  const std::vector<double> ex = edges(map_.x, x_.log), ey = edges(map_.y, y_.log);
  for (std::size_t r = 0; r < map_.y.size(); ++r) {
    for (std::size_t c = 0; c < map_.x.size(); ++c) {
      const double value = map_.values[r * map_.x.size() + c];
      if (!range_.shows(value)) continue;
      const double x0 = x_.at(ex[c]), x1 = x_.at(ex[c + 1]), y0 = y_.at(ey[r + 1]), y1 = y_.at(ey[r]);
      // Half a pixel of overlap hides the seams between cells.
      put(fmt::format(R"(<rect x="{:.2f}" y="{:.2f}" width="{:.2f}" height="{:.2f}" fill="{}"/>)", x0, y0,
                      x1 - x0 + 0.5, y1 - y0 + 0.5, ramp(range_.at(value))));
    }
  }
  for (const double level : map_.levels) contour(level);
}

// Marching squares: where each cell's edges cross the level, joined by a segment.
void Plot::Painter::Heat::contour(double level) {
  std::string path;
  std::vector<std::pair<double, double>> line;
  const std::size_t columns = map_.x.size();
  for (std::size_t r = 0; r + 1 < map_.y.size(); ++r) {
    for (std::size_t c = 0; c + 1 < columns; ++c) {
      const std::array<std::pair<std::size_t, std::size_t>, 4> corner = {
          {{r, c}, {r, c + 1}, {r + 1, c + 1}, {r + 1, c}}};
      std::vector<std::pair<double, double>> crossings;
      for (std::size_t k = 0; k < 4; ++k) {
        const auto [r0, c0] = corner[k];
        const auto [r1, c1] = corner[(k + 1) % 4];
        const double v0 = map_.values[r0 * columns + c0], v1 = map_.values[r1 * columns + c1];
        if (!std::isfinite(v0) || !std::isfinite(v1) || (v0 < level) == (v1 < level)) continue;
        const double t = (level - v0) / (v1 - v0);
        const double ax = x_.at(map_.x[c0]), bx = x_.at(map_.x[c1]), ay = y_.at(map_.y[r0]),
                     by = y_.at(map_.y[r1]);
        crossings.emplace_back(ax + t * (bx - ax), ay + t * (by - ay));
      }
      for (std::size_t k = 0; k + 1 < crossings.size(); k += 2) {
        path += "M" + xy(crossings[k].first, crossings[k].second) + "L" +
                xy(crossings[k + 1].first, crossings[k + 1].second);
        line.insert(line.end(), {crossings[k], crossings[k + 1]});
      }
    }
  }
  if (path.empty()) return;
  put(fmt::format(R"(<path d="{}" fill="none" stroke="#ffffff" stroke-width="1.2" stroke-opacity="0.9"/>)",
                  path));
  label(level, std::move(line));
}

// As far right as no other label stands; a line without room has none, and the colour bar says its value.
void Plot::Painter::Heat::label(double level, std::vector<std::pair<double, double>> line) {
  constexpr double height = 13, digit = 6.3;
  const std::string text = fmt::format("{:.4g}", level);
  const double width = digit * static_cast<double>(text.size()) + 4;
  std::stable_sort(line.begin(), line.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  for (const auto& [px, py] : line) {
    const double x = std::min(px, right_ - 4), y = std::clamp(py - 3, top_ + height, y_.from - 4);
    const bool inside = x - width >= x_.from;
    const bool taken = std::any_of(labels_.begin(), labels_.end(), [&](const auto& other) {
      return std::abs(other.first - x) < width + 4 && std::abs(other.second - y) < height;
    });
    if (!inside || taken) continue;
    labels_.emplace_back(x, y);
    put(fmt::format(
        R"(<text x="{:.1f}" y="{:.1f}" font-size="11" text-anchor="end" fill="#ffffff" stroke="{}" stroke-width="2.6" )"
        R"(paint-order="stroke">{}</text>)",
        x, y, text_color, text));
    return;
  }
}

void Plot::Painter::Heat::color_bar() {
  const double x = right_ + 18, height = y_.from - top_;
  constexpr int steps = 60;
  for (int i = 0; i < steps; ++i) {
    put(fmt::format(R"(<rect x="{:.1f}" y="{:.2f}" width="14" height="{:.2f}" fill="{}"/>)", x,
                    y_.from - height * (i + 1) / steps, height / steps + 0.5, ramp((i + 0.5) / steps)));
  }
  const Ticks ticks = make_ticks(range_.low, range_.high, map_.log, 6);
  for (std::size_t i = 0; i < ticks.major.size(); ++i) {
    const double y = y_.from - height * range_.at(ticks.major[i]);
    put(fmt::format(R"(<path d="M{} h4" stroke="{}"/><text x="{:.1f}" y="{:.1f}">{}</text>)", xy(x + 14, y),
                    axis_color, x + 21, y + 4, ticks.labels[i]));
  }
  put(fmt::format(R"(<text x="{:.1f}" y="{}" text-anchor="middle">{}</text>)", x + 22, top_ - 8,
                  escape(map_.label)));
}

}  // namespace frugal::report
