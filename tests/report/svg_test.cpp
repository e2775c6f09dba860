#include "report/svg.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

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
  // What is round at the very ends has its tick.
  CHECK(report::make_ticks(1, 100, true).major == std::vector<double>{1, 2, 5, 10, 20, 50, 100});
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

TEST_CASE("a band is drawn on both sides of what cannot be shown", "[report]") {
  const auto bands = [](std::vector<double> low) {
    report::Plot plot("bands", {"x", true, {}, {}}, {"y", true, {}, {}});
    plot.band("", {1, 10, 100, 1000, 10000}, std::move(low), {6, 5, 4, 3, 2}, "#112233");
    const std::string svg = plot.svg();
    std::size_t count = 0;
    for (std::size_t at = 0; (at = svg.find("Z\" fill=\"#112233\"", at)) != std::string::npos; ++at) ++count;
    return count;
  };
  CHECK(bands({4, 3, 2, 1, 0.5}) == 1);
  CHECK(bands({4, 3, -1, 1, 0.5}) == 2);
  CHECK(bands({-1, 3, 2, -1, 0.5}) == 1);
}

TEST_CASE("boxes lie where their corners say, and carry their text", "[report]") {
  report::Plot plot("boxes", {"step", false, 0, 10}, {"bytes", false, 0, 8});
  plot.boxes("kept", {2, 4, 5, 7}, {4, 8, NAN, 7}, {0, 4, 0, 0}, {4, 8, 1, 1}, "#112233", {"a < b"});
  const std::string svg = plot.svg();
  CHECK(well_formed(svg));
  std::vector<std::vector<double>> drawn;
  for (std::size_t at = svg.find("<rect x="); at != std::string::npos; at = svg.find("<rect x=", at + 1)) {
    std::vector<double> box(4);
    REQUIRE(std::sscanf(svg.c_str() + at, R"(<rect x="%lf" y="%lf" width="%lf" height="%lf")", &box[0],
                        &box[1], &box[2], &box[3]) == 4);
    if (svg.compare(svg.find("fill=", at) + 6, 7, "#112233") == 0) drawn.push_back(box);
  }
  REQUIRE(drawn.size() == 3);  // two of the four can be seen, and the one of the legend
  CHECK(drawn[1][2] == Approx(2 * drawn[0][2]));
  CHECK(drawn[1][3] == Approx(drawn[0][3]));
  CHECK(drawn[1][0] == Approx(drawn[0][0] + drawn[0][2]).margin(0.02));
  CHECK(drawn[1][1] + drawn[1][3] == Approx(drawn[0][1]).margin(0.02));
  CHECK(svg.find("<title>a &lt; b</title>") != std::string::npos);
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
  const auto cells = [](const std::vector<double>& y, const std::vector<double>& values) {
    report::Plot one("surface", {"data", true, {}, {}}, {"size", true, {}, {}});
    one.heat_map({1, 10, 100}, y, values, "error", true, {});
    const std::string text = one.svg();
    int count = 0;
    for (std::size_t at = text.find("<rect"); at != std::string::npos; at = text.find("<rect", at + 1))
      ++count;
    return count;
  };
  CHECK(cells({1, 10, 100}, {3, 2, 1, 2, 1.5, 0.5, 1, 1, 1}) == cells({1, 10}, {3, 2, 1, 2, 1.5, 0.5}) + 3);
}

TEST_CASE("the colours of a heat map go from viridis' first to its last") {
  report::Plot plot("surface", {"data", false, {}, {}}, {"size", false, {}, {}});
  plot.heat_map({1, 2, 3}, {1, 2}, {0, 1, 2, 3, 4, 8}, "error", false, {});
  const std::string svg = plot.svg();
  for (const char* color : {"#440154", "#472d7b", "#21918c", "#fde725"}) {  // of 0, 1, 4 and 8
    CAPTURE(color);
    CHECK(svg.find(color) != std::string::npos);
  }
}

TEST_CASE("labels of lines of equal value stay apart and inside the plot") {
  std::vector<double> x, y, values;
  for (int i = 0; i < 30; ++i) x.push_back(std::pow(10, i / 10.0)), y.push_back(1 + i);
  for (std::size_t r = 0; r < 30; ++r)
    for (std::size_t c = 0; c < 30; ++c)
      values.push_back(100 - static_cast<double>(r) - static_cast<double>(c));
  std::vector<double> levels;
  for (double level = 45; level < 99; level += 1.5) levels.push_back(level);
  report::Plot plot("dense", {"data", true, {}, {}}, {"size", false, {}, {}});
  plot.heat_map(x, y, values, "error", false, levels);
  const std::string svg = plot.svg();
  std::vector<std::pair<double, double>> labels;
  for (std::size_t at = svg.find("font-size=\"11\""); at != std::string::npos;
       at = svg.find("font-size=\"11\"", at + 1)) {
    const std::size_t start = svg.rfind("<text", at);
    double px = 0, py = 0;
    REQUIRE(std::sscanf(svg.c_str() + start, "<text x=\"%lf\" y=\"%lf\"", &px, &py) == 2);
    labels.emplace_back(px, py);
  }
  REQUIRE(labels.size() > 10);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    CHECK(labels[i].first > 76 + 20);
    CHECK(labels[i].second < 430 - 58);
    for (std::size_t j = 0; j < i; ++j) {
      const bool apart = std::fabs(labels[i].first - labels[j].first) >= 20 ||
                         std::fabs(labels[i].second - labels[j].second) >= 12;
      CHECK(apart);
    }
  }
}

TEST_CASE("a legend names ten things at most, and says how many more there are") {
  report::Plot plot("many", {"x", false, {}, {}}, {"y", false, {}, {}});
  for (int i = 0; i < 14; ++i)
    plot.line("line " + std::to_string(i), {0, 1}, {0.0, double(i)}, report::Plot::color(std::size_t(i)));
  const std::string svg = plot.svg();
  CHECK(svg.find(">line 8<") != std::string::npos);
  CHECK(svg.find(">line 9<") == std::string::npos);
  CHECK(svg.find(">and 5 more<") != std::string::npos);
}

TEST_CASE("cells of a table of many columns carry their column's name, for a phone") {
  const std::string page = report::Page("p", "")
                               .table({"a", "b", "c", "d", ""}, {{"1", "2", "3", "4", "note"}})
                               .table({"a", "b"}, {{"1", "2"}})
                               .text();
  CHECK(page.find("<table class=\"wide\">") != std::string::npos);
  CHECK(page.find("<td data-label=\"d\">4</td><td>note</td>") != std::string::npos);
  CHECK(page.find("<td>1</td><td>2</td>") != std::string::npos);
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
