#include "adapt/contribute_page.h"

#include <fmt/format.h>

#include <cmath>

#include "ir/model.h"
#include "report/html.h"
#include "report/svg.h"

namespace frugal::adapt {
namespace {

using report::Plot;
using sparse::Part;

std::string biases_plot(const sparse::Contributions& contributions, const char* gain) {
  std::vector<double> k, value;
  for (std::int64_t i = 1; i <= contributions.setup.layers; ++i) {
    const sparse::Contribution* entry = contributions.find({Part::Kind::bias, i, 0});
    k.push_back(static_cast<double>(i));
    value.push_back(entry == nullptr ? NAN : entry->gain);
  }
  Plot plot("", {"biases of the last k layers", false, {}, {}}, {gain, false, {}, {}});
  plot.line("", k, value, Plot::color(0));
  plot.points("", k, value, Plot::color(0));
  return plot.svg();
}

std::string weights_plot(const sparse::Contributions& contributions, const char* gain) {
  Plot plot("", {"layer", false, {}, {}}, {gain, false, {}, {}});
  for (std::size_t f = 0; f < contributions.setup.fractions.size(); ++f) {
    const double fraction = contributions.setup.fractions[f];
    std::vector<double> layer, value;
    for (std::int64_t i = 0; i < contributions.setup.layers; ++i) {
      const sparse::Contribution* entry = contributions.find({Part::Kind::weights, i, fraction});
      layer.push_back(static_cast<double>(i));
      value.push_back(entry == nullptr ? NAN : entry->gain);
    }
    plot.line("", layer, value, Plot::color(f));
    plot.points(fmt::format("{} of the channels", fraction), layer, value, Plot::color(f));
  }
  return plot.svg();
}

}  // namespace

std::string contribute_page(const sparse::Contributions& contributions, const ir::Graph& graph) {
  const bool measured = contributions.setup.method == "measured";
  const char* gain = measured ? "gain in accuracy" : "expected fall of the loss, nats";
  report::Page page("Contributions to learning of " + graph.name,
                    fmt::format("{}, {} layers", contributions.setup.method, contributions.setup.layers));
  page.section("Biases");
  page.figure(biases_plot(contributions, gain), measured ? "Above training the head alone." : "");
  page.section("Weights");
  page.figure(weights_plot(contributions, gain),
              measured ? fmt::format("Above training the biases of the last {} layers.",
                                     contributions.setup.bias_base)
                       : "");
  std::vector<std::string> failed;
  for (const sparse::Contribution& entry : contributions.entries) {
    if (!entry.failed.empty()) failed.push_back(sparse::describe(entry.part) + ": " + entry.failed);
  }
  if (!failed.empty()) {
    page.section("Trainings that failed");
    page.list(failed);
  }
  page.details("How they were made", contributions.setup.config);
  return page.text();
}

}  // namespace frugal::adapt
