#include "search/run/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>

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

// A row a class, a column an answer; nothing where there was none.
void add_matrix(report::Page& page, const ClassAnswers& classes) {
  std::vector<std::string> header{"is \\ was said"};
  header.insert(header.end(), classes.names.begin(), classes.names.end());
  std::vector<std::vector<std::string>> rows;
  for (std::size_t c = 0; c < classes.names.size(); ++c) {
    std::vector<std::string> row{classes.names[c]};
    for (const std::int64_t count : classes.counts[c]) row.push_back(count > 0 ? std::to_string(count) : "");
    rows.push_back(std::move(row));
  }
  page.table(header, rows);
}

// What is taken for what, most often first.
void add_mistakes(report::Page& page, const ClassAnswers& classes) {
  constexpr std::size_t most_shown = 10;
  struct Mistake {
    std::size_t is, said;
    std::int64_t count, of;
  };
  std::vector<Mistake> mistakes;
  for (std::size_t is = 0; is < classes.names.size(); ++is) {
    const std::vector<std::int64_t>& row = classes.counts[is];
    const std::int64_t of = std::accumulate(row.begin(), row.end(), std::int64_t{0});
    for (std::size_t said = 0; said < row.size(); ++said)
      if (said != is && row[said] > 0) mistakes.push_back({is, said, row[said], of});
  }
  std::stable_sort(mistakes.begin(), mistakes.end(),
                   [](const Mistake& a, const Mistake& b) { return a.count > b.count; });
  if (mistakes.size() > most_shown) mistakes.resize(most_shown);
  std::vector<std::vector<std::string>> rows;
  for (const Mistake& one : mistakes)
    rows.push_back(
        {classes.names[one.is], classes.names[one.said], fmt::format("{} of {}", one.count, one.of)});
  if (!rows.empty()) page.table({"class", "is taken for", "held-out images"}, rows);
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
  if (!report.classes.names.empty()) {
    constexpr std::size_t widest_matrix = 12;
    page.section("Which classes are told apart");
    if (report.classes.names.size() <= widest_matrix) add_matrix(page, report.classes);
    add_mistakes(page, report.classes);
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
