#include "report/painter.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "base/random.h"
#include "report/html.h"
#include "report/painter_heat.h"

namespace frugal::report {

using paint::axis_color;
using paint::grid_color;
using paint::Limits;
using paint::text_color;
using paint::xy;

namespace {

constexpr std::size_t most_names = 10;  // in a legend

std::size_t characters(const std::string& utf8) {
  return static_cast<std::size_t>(
      std::count_if(utf8.begin(), utf8.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

}  // namespace

std::string paint::xy(double x, double y) { return fmt::format("{:.2f},{:.2f}", x, y); }

void paint::settle(const Axis& axis, Limits limits, bool tight, Mapping& mapping) {
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

Plot::Painter::Painter(const Plot& plot, int width, int height)
    : plot_(plot), width_(width), height_(height) {
  Limits x, y;
  for (const Item& item : plot.items_) {
    const bool flat = item.kind == Item::Kind::boxes;
    for (const double value : item.x) x.take(value, plot.x_.log);
    for (const double value : item.y) flat ? x.take(value, plot.x_.log) : y.take(value, plot.y_.log);
    for (const auto* values : {&item.low, &item.high}) {
      for (const double value : *values) y.take(value, plot.y_.log);
    }
  }
  if (plot.heat_) {
    for (const double value : plot.heat_->x) x.take(value, plot.x_.log);
    for (const double value : plot.heat_->y) y.take(value, plot.y_.log);
  }
  const bool tight = plot.heat_.has_value();
  paint::settle(plot.x_, x, tight, x_);
  paint::settle(plot.y_, y, tight, y_);
  right_ = width - 16 - (legend_names().empty() ? 0 : legend_width()) - (plot.heat_ ? 92 : 0);
  x_.from = left_;
  x_.to = right_;
  y_.from = height - bottom_;
  y_.to = top_;
}

std::string Plot::Painter::paint() {
  put(fmt::format(
      R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {} {}" width="{}" height="{}" role="img" )"
      R"(font-family="Helvetica, Arial, sans-serif" font-size="12" fill="{}">)",
      width_, height_, width_, height_, text_color));
  put(fmt::format("<title>{}</title>", escape(plot_.title_)));
  put(fmt::format(R"(<rect width="{}" height="{}" fill="#ffffff"/>)", width_, height_));
  const std::string clip = "clip" + base::hash_hex(plot_.title_ + plot_.x_.label);
  put(fmt::format(R"(<clipPath id="{}"><rect x="{}" y="{}" width="{:.1f}" height="{:.1f}"/></clipPath>)",
                  clip, left_, top_, right_ - left_, y_.from - top_));
  put(fmt::format(R"(<text x="{}" y="22" font-size="15" font-weight="bold">{}</text>)", left_,
                  escape(plot_.title_)));
  axes();
  put(fmt::format(R"svg(<g clip-path="url(#{})">)svg", clip));
  std::optional<Heat> heat;
  if (plot_.heat_) heat.emplace(*plot_.heat_, x_, y_, top_, right_, out_);
  if (heat) heat->cells();
  for (const Item& item : plot_.items_) {
    if (item.kind == Item::Kind::band) band(item);
  }
  for (const Item& item : plot_.items_) draw(item);
  put("</g>");
  if (heat) heat->color_bar();
  legend();
  put("</svg>\n");
  return std::move(out_);
}

void Plot::Painter::put(const std::string& line) { out_ += line + "\n"; }

void Plot::Painter::axes() {
  const double base = y_.from;
  const Ticks xs = make_ticks(x_.low, x_.high, x_.log, 6), ys = make_ticks(y_.low, y_.high, y_.log, 6);
  for (const double value : xs.minor) {
    put(fmt::format(R"(<path d="M{} v4" stroke="{}"/>)", xy(x_.at(value), base), axis_color));
  }
  for (const double value : ys.minor) {
    put(fmt::format(R"(<path d="M{} h-4" stroke="{}"/>)", xy(left_, y_.at(value)), axis_color));
  }
  for (std::size_t i = 0; i < xs.major.size(); ++i) {
    const double px = x_.at(xs.major[i]);
    put(fmt::format(R"(<path d="M{} V{}" stroke="{}"/><path d="M{} v6" stroke="{}"/>)", xy(px, base), top_,
                    grid_color, xy(px, base), axis_color));
    put(fmt::format(R"(<text x="{:.1f}" y="{:.1f}" text-anchor="middle">{}</text>)", px, base + 20,
                    xs.labels[i]));
  }
  for (std::size_t i = 0; i < ys.major.size(); ++i) {
    const double py = y_.at(ys.major[i]);
    put(fmt::format(R"(<path d="M{} H{:.1f}" stroke="{}"/><path d="M{} h-6" stroke="{}"/>)", xy(left_, py),
                    right_, grid_color, xy(left_, py), axis_color));
    put(fmt::format(R"(<text x="{}" y="{:.1f}" text-anchor="end">{}</text>)", left_ - 9, py + 4,
                    ys.labels[i]));
  }
  put(fmt::format(R"(<path d="M{} V{:.1f} H{:.1f}" fill="none" stroke="{}"/>)", xy(left_, top_), base, right_,
                  axis_color));
  put(fmt::format(R"(<text x="{:.1f}" y="{}" text-anchor="middle" font-size="13">{}</text>)",
                  (left_ + right_) / 2, height_ - 12, escape(plot_.x_.label)));
  put(fmt::format(
      R"svg(<text transform="translate(18 {:.1f}) rotate(-90)" text-anchor="middle" font-size="13">{}</text>)svg",
      (top_ + base) / 2, escape(plot_.y_.label)));
}

void Plot::Painter::band(const Item& item) {
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
      put(fmt::format(R"(<path d="{}Z" fill="{}" fill-opacity="0.2"/>)", path, item.color));
    }
    start = std::max(end, start + 1);
  }
}

void Plot::Painter::draw(const Item& item) {
  switch (item.kind) {
    case Item::Kind::line:
      line(item);
      break;
    case Item::Kind::points:
      points(item);
      break;
    case Item::Kind::horizontal:
      if (y_.shows(item.y[0])) {
        put(fmt::format(R"(<path d="M{} H{:.1f}" stroke="{}" stroke-width="1.5" stroke-dasharray="5 4"/>)",
                        xy(left_, y_.at(item.y[0])), right_, item.color));
      }
      break;
    case Item::Kind::vertical:
      if (x_.shows(item.x[0])) {
        put(fmt::format(R"(<path d="M{} V{}" stroke="{}" stroke-width="1.5" stroke-dasharray="5 4"/>)",
                        xy(x_.at(item.x[0]), y_.from), top_, item.color));
      }
      break;
    case Item::Kind::boxes:
      boxes(item);
      break;
    case Item::Kind::band:
      break;
  }
}

void Plot::Painter::boxes(const Item& item) {
  for (std::size_t i = 0; i < item.x.size(); ++i) {
    const double left = item.x[i], right = item.y[i], low = item.low[i], high = item.high[i];
    if (!x_.shows(left) || !x_.shows(right) || !y_.shows(low) || !y_.shows(high)) continue;
    const double width = x_.at(right) - x_.at(left), height = y_.at(low) - y_.at(high);
    if (!(width > 0) || !(height > 0)) continue;
    // A thin line of white keeps neighbours apart where there is room for it.
    put(fmt::format(R"(<rect x="{:.2f}" y="{:.2f}" width="{:.2f}" height="{:.2f}" fill="{}"{}>{}</rect>)",
                    x_.at(left), y_.at(high), width, height, item.color,
                    std::min(width, height) > 3 ? R"( stroke="#ffffff" stroke-width="0.6")" : "",
                    i < item.texts.size() ? "<title>" + escape(item.texts[i]) + "</title>" : ""));
  }
}

void Plot::Painter::line(const Item& item) {
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
  put(fmt::format(R"(<path d="{}" fill="none" stroke="{}" stroke-width="2"{}/>)", path, item.color,
                  item.dashed ? " stroke-dasharray=\"6 4\"" : ""));
}

void Plot::Painter::points(const Item& item) {
  for (std::size_t i = 0; i < item.x.size(); ++i) {
    if (!x_.shows(item.x[i]) || !y_.shows(item.y[i])) continue;
    const double px = x_.at(item.x[i]), py = y_.at(item.y[i]);
    if (!item.low.empty() && y_.shows(item.low[i]) && y_.shows(item.high[i])) {
      put(fmt::format(R"(<path d="M{} V{:.2f} m-4,0 h8 M{} h8" stroke="{}" stroke-width="1.3" fill="none"/>)",
                      xy(px, y_.at(item.low[i])), y_.at(item.high[i]), xy(px - 4, y_.at(item.low[i])),
                      item.color));
    }
    marker(item.marker, px, py, item.color);
  }
}

void Plot::Painter::marker(char kind, double x, double y, const std::string& color) {
  switch (kind) {
    case 'x':
      put(fmt::format(R"(<path d="M{} l8,8 m0,-8 l-8,8" stroke="{}" stroke-width="2"/>)", xy(x - 4, y - 4),
                      color));
      break;
    case 'd':
      put(fmt::format(R"(<path d="M{} l5,6 l-5,6 l-5,-6 Z" fill="{}" stroke="#ffffff" stroke-width="0.8"/>)",
                      xy(x, y - 6), color));
      break;
    case 'c':
      put(fmt::format(
          R"(<circle cx="{:.2f}" cy="{:.2f}" r="3.6" fill="#ffffff" stroke="{}" stroke-width="1.5"/>)", x, y,
          color));
      break;
    default:
      put(fmt::format(
          R"(<circle cx="{:.2f}" cy="{:.2f}" r="3.6" fill="{}" stroke="#ffffff" stroke-width="0.8"/>)", x, y,
          color));
  }
}

std::vector<const Plot::Item*> Plot::Painter::legend_names() const {
  std::vector<const Item*> named;
  std::set<std::string> seen;
  for (const Item& item : plot_.items_) {
    if (!item.name.empty() && seen.insert(item.name + item.color).second) named.push_back(&item);
  }
  return named;
}

double Plot::Painter::legend_width() const {
  std::size_t longest = 0;
  for (const Item* item : legend_names()) longest = std::max(longest, characters(item->name));
  return std::min(40.0 + 6.4 * static_cast<double>(longest), 260.0);
}

void Plot::Painter::legend() {
  double y = top_ + 8;
  const double x = right_ + (plot_.heat_ ? 96 : 14);
  const std::vector<const Item*> named = legend_names();
  const std::size_t shown = named.size() > most_names ? most_names - 1 : named.size();
  for (std::size_t k = 0; k < shown; ++k) {
    const Item* item = named[k];
    if (item->kind == Item::Kind::points) {
      marker(item->marker, x + 10, y, item->color);
    } else if (item->kind == Item::Kind::band || item->kind == Item::Kind::boxes) {
      put(fmt::format(R"(<rect x="{:.1f}" y="{:.1f}" width="20" height="10" fill="{}"{}/>)", x, y - 5,
                      item->color, item->kind == Item::Kind::band ? R"( fill-opacity="0.25")" : ""));
    } else {
      const bool dashed = item->dashed || item->kind != Item::Kind::line;
      put(fmt::format(R"(<path d="M{} h20" stroke="{}" stroke-width="2"{}/>)", xy(x, y), item->color,
                      dashed ? " stroke-dasharray=\"5 4\"" : ""));
    }
    put(fmt::format(R"(<text x="{:.1f}" y="{:.1f}">{}</text>)", x + 26, y + 4, escape(item->name)));
    y += 19;
  }
  if (shown < named.size())
    put(fmt::format(R"(<text x="{:.1f}" y="{:.1f}">and {} more</text>)", x + 26, y + 4,
                    named.size() - shown));
}

}  // namespace frugal::report
