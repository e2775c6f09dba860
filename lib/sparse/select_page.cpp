#include "sparse/select_page.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "ir/graph.h"
#include "report/html.h"
#include "report/svg.h"
#include "sparse/memory.h"

namespace frugal::sparse {
namespace {

using Json = nlohmann::ordered_json;
using report::Plot;

std::string shown(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

struct Series {
  std::vector<double> x, y;
};

Series series_of(const Json& curve, const char* bytes, const char* value) {
  Series series;
  for (const Json& point : curve) {
    if (point[value].is_null()) continue;
    series.x.push_back(point[bytes].get<double>() / 1024);
    series.y.push_back(point[value].get<double>());
  }
  return series;
}

void figure_under_limit(report::Page& page, const Json& result) {
  Plot plot("", {"memory beyond inference, KB", true, {}, {}}, {"predicted gain", false, {}, {}});
  const Series best = series_of(result["by_limit"], "limit_bytes", "predicted_gain");
  const Series biases = series_of(result["biases"], "extra_memory_bytes", "predicted_gain");
  plot.line("the optimum by limit", best.x, best.y, Plot::color(0));
  plot.line("biases of the last k layers alone", biases.x, biases.y, Plot::color(1), true);
  plot.points("chosen", {result["extra_memory_bytes"].get<double>() / 1024},
              {result["predicted_gain"].get<double>()}, Plot::color(2));
  plot.points("evolution", {result["limit_bytes"].get<double>() / 1024},
              {result["evolution_gain"].get<double>()}, Plot::color(3), 'x');
  plot.vertical("limit", result["limit_bytes"].get<double>() / 1024, Plot::color(4));
  page.figure(plot.svg(), "Gains as contributions add up; the curve is solved at each limit.");
  const double gap = result["proven_gap"];
  page.paragraph(gap == 0 ? "The choice by `exact` is the optimum."
                          : "The choice by `exact` is proven to be within " + shown(100 * gap) +
                                " % of the optimum (more `states` would prove more).");
  page.paragraph("Evolution reaches " + shown(result["evolution_gain"]) + " of " +
                 shown(result["exact_gain"]) + ": a gap of " +
                 shown(100 * result["evolution_gap"].get<double>()) + " %.");
}

void figure_of_freezing(report::Page& page, const Json& result) {
  Plot plot("", {"memory beyond inference, KB", true, {}, {}}, {"accuracy", false, {}, {}});
  const Series curve = series_of(result["curve"], "extra_memory_bytes", "accuracy");
  plot.line("", curve.x, curve.y, Plot::color(0));
  plot.points("one tensor more frozen", curve.x, curve.y, Plot::color(0));
  plot.points("chosen", {result["extra_memory_bytes"].get<double>() / 1024},
              {result["accuracy"].get<double>()}, Plot::color(2), 'd');
  plot.horizontal("threshold", result["threshold"], Plot::color(4));
  page.figure(plot.svg(), "Accuracy " + result["accuracy_is"].get<std::string>() +
                              "; from right to left, one weight tensor more is frozen at each point.");
}

std::vector<std::vector<std::string>> layer_rows(const Json& scheme, const ir::Graph& graph) {
  const auto layers = scheme_layers(graph);
  const ExtraMemory memory(graph);
  const std::int64_t first_bias = memory.layer_count() - scheme["bias_layers"].get<std::int64_t>();
  std::vector<std::vector<std::string>> rows;
  for (std::int64_t i = 0; i < memory.layer_count(); ++i) {
    std::string fraction = "–", bytes = "–";
    for (std::size_t k = 0; k < scheme["layers"].size(); ++k) {
      if (scheme["layers"][k] != i) continue;
      fraction = shown(scheme["fractions"][k]);
      bytes = std::to_string(memory.weight_bits(i, scheme["fractions"][k]) / 8);
    }
    const ir::Node& node = graph.nodes[static_cast<std::size_t>(layers[static_cast<std::size_t>(i)])];
    rows.push_back({std::to_string(i), graph.name_of(node), i >= first_bias ? "yes" : "–", fraction, bytes});
  }
  return rows;
}

}  // namespace

std::string select_page(const Json& result, const ir::Graph& graph) {
  report::Page page("What is updated of " + graph.name,
                    "method " + result["method"].get<std::string>() + ", contributions " +
                        result["contributions"].get<std::string>() + ", " +
                        result["extra_memory_bytes"].dump() + " bytes beyond inference");
  page.section("Gain and memory");
  if (result.contains("curve")) {
    figure_of_freezing(page, result);
  } else {
    figure_under_limit(page, result);
  }
  page.section("The scheme");
  page.table({"layer", "name", "bias", "fraction of weights", "bytes for them"},
             layer_rows(result["scheme"], graph));
  if (result.contains("failed")) {
    page.paragraph("Trainings that failed, and are not chosen:");
    page.list(result["failed"].get<std::vector<std::string>>());
  }
  if (result.contains("missing")) page.paragraph("Not measured: " + result["missing"].get<std::string>());
  page.details("Result", result.dump(2));
  return page.text();
}

}  // namespace frugal::sparse
