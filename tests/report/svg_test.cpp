#include "report/svg.h"

#include <algorithm>
#include <cmath>

#include "report/html.h"
#include "support/test.h"

using namespace frugal;

namespace {

// Elements are closed in the order they were opened, and attributes are quoted: what a browser needs.
bool well_formed(const std::string& xml) {
  std::vector<std::string> open;
  for (std::size_t at = xml.find('<'); at != std::string::npos; at = xml.find('<', at + 1)) {
    const std::size_t end = xml.find('>', at);
    if (end == std::string::npos) return false;
    const std::string tag = xml.substr(at + 1, end - at - 1);
    if (std::count(tag.begin(), tag.end(), '"') % 2 != 0) return false;
    if (tag[0] == '/') {
      if (open.empty() || open.back() != tag.substr(1)) return false;
      open.pop_back();
    } else if (tag.back() != '/') {
      open.push_back(tag.substr(0, tag.find(' ')));
    }
  }
  return open.empty();
}

}  // namespace

TEST_CASE("ticks are round, inside the axis, and enough of them carry labels") {
  const report::Ticks decades = report::make_ticks(3e5, 2e9, true);
  CHECK(decades.major == std::vector<double>{1e6, 1e7, 1e8, 1e9});
  CHECK(decades.labels.front() == "10⁶");
  const report::Ticks narrow = report::make_ticks(2.9, 3.6, true);
  CHECK(narrow.major.size() >= 3);
  CHECK(report::make_ticks(0, 1, false).labels.front() == "0");
  for (const double low : {1e-300, 1e-5, 0.3, 7.0, 1e8}) {
    for (const double ratio : {1.001, 1.3, 4.0, 12.0, 1e3, 1e9, 1e40}) {
      for (const bool log : {true, false}) {
        const report::Ticks ticks = report::make_ticks(low, low * ratio, log);
        INFO(low << " times " << ratio << (log ? " log" : " linear"));
        CHECK(ticks.major.size() >= 2);
        CHECK(ticks.major.size() <= 12);
        REQUIRE(ticks.labels.size() == ticks.major.size());
        for (const double at : ticks.major) {
          CHECK(at >= low - 1e-6 * (low * ratio - low));
          CHECK(at <= low * ratio + 1e-6 * (low * ratio - low));
        }
      }
    }
  }
}

TEST_CASE("a plot is well-formed whatever it is given") {
  report::Plot plot("error <of> \"x\" & y", {"examples", true, {}, {}}, {"error", true, {}, {}});
  plot.line("fit", {1, 10, 100}, {0.5, NAN, 0.1}, report::Plot::color(0));
  plot.band("95 %", {1, 10, 100}, {0.4, 0.2, -1}, {0.6, 0.3, 0.2}, report::Plot::color(0));
  plot.points("runs", {1, 0, 100}, {0.5, 0.2, INFINITY}, report::Plot::color(1), 'd', {0.4, 0.1, 0.1},
              {0.6, 0.3, 0.2});
  plot.horizontal("floor", 0.05, report::Plot::color(2));
  plot.vertical("", 50, report::Plot::color(2));
  const std::string svg = plot.svg();
  CHECK(well_formed(svg));
  CHECK(svg.find("nan") == std::string::npos);
  CHECK(svg.find("inf") == std::string::npos);
  CHECK(svg.find("error &lt;of&gt; &quot;x&quot; &amp; y") != std::string::npos);
  CHECK(well_formed(report::Plot("empty", {}, {}).svg()));
}

TEST_CASE("a heat map draws a cell a value and lines of equal value where they pass") {
  report::Plot plot("surface", {"data", true, {}, {}}, {"size", true, {}, {}});
  plot.heat_map({1, 10, 100}, {1, 10}, {3, 2, 1, 2, 1.5, 0.5}, "error", true, {1.2, 99});
  const std::string svg = plot.svg();
  CHECK(well_formed(svg));
  std::size_t labels = 0;
  for (std::size_t at = svg.find("paint-order"); at != std::string::npos;
       at = svg.find("paint-order", at + 1))
    ++labels;
  CHECK(labels == 1);  // 99 is nowhere
}

TEST_CASE("a page escapes text and needs no network") {
  report::Page page("a < b");
  page.section("s")
      .paragraph("<script>")
      .list({"x & y"})
      .table({"h"}, {{"1 > 0"}})
      .details("more", "{\"a\": 1}");
  const std::string html = page.text();
  CHECK(html.find("<script>") == std::string::npos);
  CHECK(html.find("http") == std::string::npos);
  CHECK(html.find("src=") == std::string::npos);
  CHECK(html.find("1 &gt; 0") != std::string::npos);
}
