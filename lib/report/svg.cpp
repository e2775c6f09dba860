#include "report/svg.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "base/random.h"
#include "report/html.h"

namespace frugal::report {
namespace {

constexpr const char* text_color = "#1b1b1b";
constexpr const char* grid_color = "#e4e4e4";
constexpr const char* axis_color = "#4a4a4a";

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

std::string xy(double x, double y) { return fmt::format("{:.2f},{:.2f}", x, y); }

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

void settle(const Axis& axis, Limits limits, bool tight, Mapping& mapping) {
  mapping.log = axis.log;
  if (!(limits.low <= limits.high)) limits = axis.log ? Limits{1, 10} : Limits{0, 1};
  double low = limits.low, high = limits.high;
  if (low == high) {
    const double margin = axis.log ? 0 : std::max(std::fabs(low) * 0.1, 1e-12);
    low = axis.log ? low / 1.5 : low - margin;
    high = axis.log ? high * 1.5 : high + margin;
  } else if (!tight) {
    const double margin = 0.05;
    if (axis.log) {
      const double factor = std::pow(high / low, margin);
      low /= factor;
      high *= factor;
    } else {
      const double width = high - low;
      low -= margin * width;
      high += margin * width;
    }
  }
  mapping.low = axis.low.value_or(low);
  mapping.high = axis.high.value_or(high);
}

}  // namespace

// Draws one plot; a class so that the pieces share the two mappings and the text being written.
class Plot::Painter {
 public:
  Painter(const Plot& plot, int width, int height) : plot_(plot), width_(width), height_(height) {
    Limits x, y;
    for (const Item& item : plot.items_) {
      for (const double value : item.x) x.take(value, plot.x_.log);
      for (const auto* values : {&item.y, &item.low, &item.high}) {
        for (const double value : *values) y.take(value, plot.y_.log);
      }
    }
    if (plot.heat_) {
      for (const double value : plot.heat_->x) x.take(value, plot.x_.log);
      for (const double value : plot.heat_->y) y.take(value, plot.y_.log);
    }
    const bool tight = plot.heat_.has_value();
    settle(plot.x_, x, tight, x_);
    settle(plot.y_, y, tight, y_);
    right_ = width - 16 - (legend_names().empty() ? 0 : legend_width()) - (plot.heat_ ? 92 : 0);
    x_.from = left_;
    x_.to = right_;
    y_.from = height - bottom_;
    y_.to = top_;
  }

  std::string paint() {
    put(R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {} {}" width="{}" height="{}" role="img" )"
        R"(font-family="Helvetica, Arial, sans-serif" font-size="12" fill="{}">)",
        width_, height_, width_, height_, text_color);
    put("<title>{}</title>", escape(plot_.title_));
    put(R"(<rect width="{}" height="{}" fill="#ffffff"/>)", width_, height_);
    const std::string clip = "clip" + base::hash_hex(plot_.title_ + plot_.x_.label);
    put(R"(<clipPath id="{}"><rect x="{}" y="{}" width="{:.1f}" height="{:.1f}"/></clipPath>)", clip, left_,
        top_, right_ - left_, y_.from - top_);
    put(R"(<text x="{}" y="22" font-size="15" font-weight="bold">{}</text>)", left_, escape(plot_.title_));
    axes();
    put(R"svg(<g clip-path="url(#{})">)svg", clip);
    if (plot_.heat_) heat();
    for (const Item& item : plot_.items_) {
      if (item.kind == Item::Kind::band) band(item);
    }
    for (const Item& item : plot_.items_) draw(item);
    put("</g>");
    if (plot_.heat_) color_bar();
    legend();
    put("</svg>\n");
    return std::move(out_);
  }

 private:
  template <class... T>
  void put(fmt::format_string<T...> format, T&&... arguments) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<T>(arguments)...);
    out_ += '\n';
  }

  void axes() {
    const double base = y_.from;
    const Ticks xs = make_ticks(x_.low, x_.high, x_.log, 6), ys = make_ticks(y_.low, y_.high, y_.log, 6);
    for (const double value : xs.minor) {
      put(R"(<path d="M{} v4" stroke="{}"/>)", xy(x_.at(value), base), axis_color);
    }
    for (const double value : ys.minor) {
      put(R"(<path d="M{} h-4" stroke="{}"/>)", xy(left_, y_.at(value)), axis_color);
    }
    for (std::size_t i = 0; i < xs.major.size(); ++i) {
      const double px = x_.at(xs.major[i]);
      put(R"(<path d="M{} V{}" stroke="{}"/><path d="M{} v6" stroke="{}"/>)", xy(px, base), top_, grid_color,
          xy(px, base), axis_color);
      put(R"(<text x="{:.1f}" y="{:.1f}" text-anchor="middle">{}</text>)", px, base + 20, xs.labels[i]);
    }
    for (std::size_t i = 0; i < ys.major.size(); ++i) {
      const double py = y_.at(ys.major[i]);
      put(R"(<path d="M{} H{:.1f}" stroke="{}"/><path d="M{} h-6" stroke="{}"/>)", xy(left_, py), right_,
          grid_color, xy(left_, py), axis_color);
      put(R"(<text x="{}" y="{:.1f}" text-anchor="end">{}</text>)", left_ - 9, py + 4, ys.labels[i]);
    }
    put(R"(<path d="M{} V{:.1f} H{:.1f}" fill="none" stroke="{}"/>)", xy(left_, top_), base, right_,
        axis_color);
    put(R"(<text x="{:.1f}" y="{}" text-anchor="middle" font-size="13">{}</text>)", (left_ + right_) / 2,
        height_ - 12, escape(plot_.x_.label));
    put(R"svg(<text transform="translate(18 {:.1f}) rotate(-90)" text-anchor="middle" font-size="13">{}</text>)svg",
        (top_ + base) / 2, escape(plot_.y_.label));
  }

  void band(const Item& item) {
    // Up along the high edge and back along the low one, in runs of values that can be shown.
    for (std::size_t start = 0; start < item.x.size();) {
      std::size_t end = start;
      while (end < item.x.size() && x_.shows(item.x[end]) && y_.shows(item.low[end]) &&
             y_.shows(item.high[end]))
        ++end;
      if (end > start + 1) {
        std::string path;
        for (std::size_t i = start; i < end; ++i) {
          path += (i == start ? "M" : "L") + xy(x_.at(item.x[i]), y_.at(item.high[i]));
        }
        for (std::size_t i = end; i-- > start;) path += "L" + xy(x_.at(item.x[i]), y_.at(item.low[i]));
        put(R"(<path d="{}Z" fill="{}" fill-opacity="0.2"/>)", path, item.color);
      }
      start = std::max(end, start + 1);
    }
  }

  void draw(const Item& item) {
    switch (item.kind) {
      case Item::Kind::line:
        line(item);
        break;
      case Item::Kind::points:
        points(item);
        break;
      case Item::Kind::horizontal:
        if (y_.shows(item.y[0])) {
          put(R"(<path d="M{} H{:.1f}" stroke="{}" stroke-width="1.5" stroke-dasharray="5 4"/>)",
              xy(left_, y_.at(item.y[0])), right_, item.color);
        }
        break;
      case Item::Kind::vertical:
        if (x_.shows(item.x[0])) {
          put(R"(<path d="M{} V{}" stroke="{}" stroke-width="1.5" stroke-dasharray="5 4"/>)",
              xy(x_.at(item.x[0]), y_.from), top_, item.color);
        }
        break;
      case Item::Kind::band:
        break;
    }
  }

  void line(const Item& item) {
    std::string path;
    bool pen_down = false;
    for (std::size_t i = 0; i < item.x.size(); ++i) {
      if (!x_.shows(item.x[i]) || !y_.shows(item.y[i])) {
        pen_down = false;
        continue;
      }
      path += (pen_down ? "L" : "M") + xy(x_.at(item.x[i]), y_.at(item.y[i]));
      pen_down = true;
    }
    if (path.empty()) return;
    put(R"(<path d="{}" fill="none" stroke="{}" stroke-width="2"{}/>)", path, item.color,
        item.dashed ? " stroke-dasharray=\"6 4\"" : "");
  }

  void points(const Item& item) {
    for (std::size_t i = 0; i < item.x.size(); ++i) {
      if (!x_.shows(item.x[i]) || !y_.shows(item.y[i])) continue;
      const double px = x_.at(item.x[i]), py = y_.at(item.y[i]);
      if (!item.low.empty() && y_.shows(item.low[i]) && y_.shows(item.high[i])) {
        put(R"(<path d="M{} V{:.2f} m-4,0 h8 M{} h8" stroke="{}" stroke-width="1.3" fill="none"/>)",
            xy(px, y_.at(item.low[i])), y_.at(item.high[i]), xy(px - 4, y_.at(item.low[i])), item.color);
      }
      marker(item.marker, px, py, item.color);
    }
  }

  void marker(char kind, double x, double y, const std::string& color) {
    switch (kind) {
      case 'x':
        put(R"(<path d="M{} l8,8 m0,-8 l-8,8" stroke="{}" stroke-width="2"/>)", xy(x - 4, y - 4), color);
        break;
      case 'd':
        put(R"(<path d="M{} l5,6 l-5,6 l-5,-6 Z" fill="{}" stroke="#ffffff" stroke-width="0.8"/>)",
            xy(x, y - 6), color);
        break;
      case 'c':
        put(R"(<circle cx="{:.2f}" cy="{:.2f}" r="3.6" fill="#ffffff" stroke="{}" stroke-width="1.5"/>)", x,
            y, color);
        break;
      default:
        put(R"(<circle cx="{:.2f}" cy="{:.2f}" r="3.6" fill="{}" stroke="#ffffff" stroke-width="0.8"/>)", x,
            y, color);
    }
  }

  // Cell edges halfway between grid points, in the axis's own measure.
  static std::vector<double> edges(const std::vector<double>& at, bool log) {
    std::vector<double> out;
    const auto middle = [log](double a, double b) { return log ? std::sqrt(a * b) : (a + b) / 2; };
    for (std::size_t i = 0; i <= at.size(); ++i) {
      out.push_back(i == 0 ? at.front() : i == at.size() ? at.back() : middle(at[i - 1], at[i]));
    }
    return out;
  }

  double heat_share(double value) const { return heat_range_.at(value); }

  void heat() {
    const HeatMap& map = *plot_.heat_;
    Limits limits;
    for (const double value : map.values) limits.take(value, map.log);
    settle({"", map.log, {}, {}}, limits, true, heat_range_);
    const std::vector<double> ex = edges(map.x, x_.log), ey = edges(map.y, y_.log);
    for (std::size_t r = 0; r < map.y.size(); ++r) {
      for (std::size_t c = 0; c < map.x.size(); ++c) {
        const double value = map.values[r * map.x.size() + c];
        if (!heat_range_.shows(value)) continue;
        const double x0 = x_.at(ex[c]), x1 = x_.at(ex[c + 1]), y0 = y_.at(ey[r + 1]), y1 = y_.at(ey[r]);
        // Half a pixel of overlap hides the seams between cells.
        put(R"(<rect x="{:.2f}" y="{:.2f}" width="{:.2f}" height="{:.2f}" fill="{}"/>)", x0, y0,
            x1 - x0 + 0.5, y1 - y0 + 0.5, ramp(heat_share(value)));
      }
    }
    for (const double level : map.levels) contour(map, level);
  }

  // Marching squares: where each cell's edges cross the level, joined by a segment.
  void contour(const HeatMap& map, double level) {
    std::string path;
    std::optional<std::pair<double, double>> label_at;
    const std::size_t columns = map.x.size();
    for (std::size_t r = 0; r + 1 < map.y.size(); ++r) {
      for (std::size_t c = 0; c + 1 < columns; ++c) {
        const std::array<std::pair<std::size_t, std::size_t>, 4> corner = {
            {{r, c}, {r, c + 1}, {r + 1, c + 1}, {r + 1, c}}};
        std::vector<std::pair<double, double>> crossings;
        for (std::size_t k = 0; k < 4; ++k) {
          const auto [r0, c0] = corner[k];
          const auto [r1, c1] = corner[(k + 1) % 4];
          const double v0 = map.values[r0 * columns + c0], v1 = map.values[r1 * columns + c1];
          if (!std::isfinite(v0) || !std::isfinite(v1) || (v0 < level) == (v1 < level)) continue;
          const double t = (level - v0) / (v1 - v0);
          const double ax = x_.at(map.x[c0]), bx = x_.at(map.x[c1]), ay = y_.at(map.y[r0]),
                       by = y_.at(map.y[r1]);
          crossings.emplace_back(ax + t * (bx - ax), ay + t * (by - ay));
        }
        for (std::size_t k = 0; k + 1 < crossings.size(); k += 2) {
          path += "M" + xy(crossings[k].first, crossings[k].second) + "L" +
                  xy(crossings[k + 1].first, crossings[k + 1].second);
          if (!label_at || crossings[k].first > label_at->first) label_at = crossings[k];
        }
      }
    }
    if (path.empty()) return;
    put(R"(<path d="{}" fill="none" stroke="#ffffff" stroke-width="1.2" stroke-opacity="0.9"/>)", path);
    put(R"(<text x="{:.1f}" y="{:.1f}" font-size="11" text-anchor="end" fill="#ffffff" stroke="{}" stroke-width="2.6" )"
        R"(paint-order="stroke">{:.4g}</text>)",
        std::min(label_at->first, right_ - 4), std::max(label_at->second - 3, top_ + 10), text_color, level);
  }

  void color_bar() {
    const HeatMap& map = *plot_.heat_;
    const double x = right_ + 18, height = y_.from - top_;
    constexpr int steps = 60;
    for (int i = 0; i < steps; ++i) {
      put(R"(<rect x="{:.1f}" y="{:.2f}" width="14" height="{:.2f}" fill="{}"/>)", x,
          y_.from - height * (i + 1) / steps, height / steps + 0.5, ramp((i + 0.5) / steps));
    }
    const Ticks ticks = make_ticks(heat_range_.low, heat_range_.high, map.log, 6);
    for (std::size_t i = 0; i < ticks.major.size(); ++i) {
      const double y = y_.from - height * heat_range_.at(ticks.major[i]);
      put(R"(<path d="M{} h4" stroke="{}"/><text x="{:.1f}" y="{:.1f}">{}</text>)", xy(x + 14, y), axis_color,
          x + 21, y + 4, ticks.labels[i]);
    }
    put(R"(<text x="{:.1f}" y="{}" text-anchor="middle">{}</text>)", x + 22, top_ - 8, escape(map.label));
  }

  std::vector<const Item*> legend_names() const {
    std::vector<const Item*> named;
    std::set<std::string> seen;
    for (const Item& item : plot_.items_) {
      if (!item.name.empty() && seen.insert(item.name + item.color).second) named.push_back(&item);
    }
    return named;
  }
  double legend_width() const {
    std::size_t longest = 0;
    for (const Item* item : legend_names()) longest = std::max(longest, item->name.size());
    return std::min(40.0 + 6.4 * static_cast<double>(longest), 260.0);
  }
  void legend() {
    double y = top_ + 8;
    const double x = right_ + (plot_.heat_ ? 96 : 14);
    for (const Item* item : legend_names()) {
      if (y > height_ - 20) break;
      if (item->kind == Item::Kind::points) {
        marker(item->marker, x + 10, y, item->color);
      } else if (item->kind == Item::Kind::band) {
        put(R"(<rect x="{:.1f}" y="{:.1f}" width="20" height="10" fill="{}" fill-opacity="0.25"/>)", x, y - 5,
            item->color);
      } else {
        const bool dashed = item->dashed || item->kind != Item::Kind::line;
        put(R"(<path d="M{} h20" stroke="{}" stroke-width="2"{}/>)", xy(x, y), item->color,
            dashed ? " stroke-dasharray=\"5 4\"" : "");
      }
      put(R"(<text x="{:.1f}" y="{:.1f}">{}</text>)", x + 26, y + 4, escape(item->name));
      y += 19;
    }
  }

  const Plot& plot_;
  int width_, height_;
  double left_ = 76, top_ = 38, right_ = 0, bottom_ = 58;
  Mapping x_, y_, heat_range_;
  std::string out_;
};

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
