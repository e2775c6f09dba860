#include "search/run/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "report/html.h"
#include "report/svg.h"

namespace frugal::search {
namespace {

std::string latency_plot(const SearchReport& report) {
  report::Plot plot("Predicted against measured latency", {"measured, ms", false, {}, {}},
                    {"predicted, ms", false, {}, {}});
  const auto [low, high] = std::minmax_element(report.measured_ms.begin(), report.measured_ms.end());
  plot.line("equal", {*low, *high}, {*low, *high}, report::Plot::color(0), true);
  plot.points("held-out networks", report.measured_ms, report.predicted_ms, report::Plot::color(1), 'o');
  return plot.svg(520, 420);
}

// Not dominated: no other point is both faster and more accurate.
std::vector<NetworkPoint> front_of(std::vector<NetworkPoint> points) {
  std::sort(points.begin(), points.end(), [](const NetworkPoint& a, const NetworkPoint& b) {
    return a.latency_ms != b.latency_ms ? a.latency_ms < b.latency_ms : a.accuracy > b.accuracy;
  });
  std::vector<NetworkPoint> front;
  for (const NetworkPoint& point : points) {
    if (front.empty() || point.accuracy > front.back().accuracy) front.push_back(point);
  }
  return front;
}

std::string front_plot(const std::vector<NetworkPoint>& networks) {
  report::Plot plot("Accuracy and latency", {"latency, ms", false, {}, {}}, {"accuracy", false, {}, {}});
  std::vector<std::string> order;
  std::map<std::string, std::pair<std::vector<double>, std::vector<double>>> series;
  for (const NetworkPoint& point : networks) {
    if (!series.contains(point.series)) order.push_back(point.series);
    series[point.series].first.push_back(point.latency_ms);
    series[point.series].second.push_back(point.accuracy);
  }
  constexpr char markers[] = {'d', 'o', 'x', 'c'};
  std::size_t index = 0;
  for (const std::string& name : order) {
    plot.points(name, series[name].first, series[name].second, report::Plot::color(index + 1),
                markers[index % sizeof markers]);
    ++index;
  }
  std::vector<double> x, y;
  for (const NetworkPoint& point : front_of(networks)) {
    x.push_back(point.latency_ms);
    y.push_back(point.accuracy);
  }
  plot.line("front", x, y, report::Plot::color(0), true);
  return plot.svg();
}

std::string expectation_plot(const SearchReport& report) {
  std::vector<double> step, latency;
  for (const PathSnapshot& one : report.path) {
    step.push_back(static_cast<double>(one.step));
    latency.push_back(one.expected_latency_ms);
  }
  report::Plot plot("Expected latency", {"step", false, {}, {}}, {"ms", false, {}, {}});
  plot.line("expected over paths", step, latency, report::Plot::color(1));
  if (report.latency_limit_ms > 0) plot.horizontal("limit", report.latency_limit_ms, report::Plot::color(0));
  return plot.svg(720, 300);
}

}  // namespace

std::string search_page(const SearchSpace& space, const SearchReport& report) {
  report::Page page(report.title, report.subtitle);
  if (!report.facts.empty()) {
    std::vector<std::vector<std::string>> rows;
    for (const auto& [name, value] : report.facts) rows.push_back({name, value});
    page.table({"what", "value"}, rows);
  }
  if (!report.choice.empty()) {
    page.section("The network");
    page.figure(network_picture(space, report.choice),
                "A box a block, a bar a stage: height is the kernel, width the expansion, the number the "
                "channels that it gives. Dotted: the block is skipped.");
    page.paragraph(space.text(report.choice));
  }
  if (report.path.size() > 1) {
    page.section("How the paths moved");
    page.figure(path_picture(space, report.path),
                "Probability of each candidate, block by block, from the first step to the last.");
    const bool timed = std::any_of(report.path.begin(), report.path.end(),
                                   [](const PathSnapshot& one) { return one.expected_latency_ms > 0; });
    if (timed) page.figure(expectation_plot(report));
  }
  if (!report.measured_ms.empty()) {
    page.section("Latency");
    page.figure(latency_plot(report), "Whole networks that were measured and not fitted on.");
  }
  if (!report.networks.empty()) {
    page.section("Accuracy and latency");
    page.figure(front_plot(report.networks));
    std::vector<std::vector<std::string>> rows;
    for (const NetworkPoint& point : report.networks) {
      rows.push_back({point.series, point.name, fmt::format("{:.3f}", point.latency_ms),
                      fmt::format("{:.4f}", point.accuracy)});
    }
    page.table({"series", "network", "latency, ms", "accuracy"}, rows);
  }
  if (!report.memory_mib.empty()) {
    page.section("Memory");
    std::vector<std::vector<std::string>> rows;
    for (const auto& [name, mib] : report.memory_mib) rows.push_back({name, fmt::format("{:.0f}", mib)});
    page.table({"what was run", "peak, MiB"}, rows);
  }
  if (!report.config.empty()) page.details("Config", report.config);
  return page.text();
}

}  // namespace frugal::search
