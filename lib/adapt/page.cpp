#include "adapt/page.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "ir/graph.h"
#include "ir/model.h"
#include "report/html.h"
#include "report/svg.h"
#include "sparse/scheme.h"

namespace frugal::adapt {
namespace {

using Json = nlohmann::ordered_json;

std::string percent(double share) { return fmt::format("{:.2f} %", 100 * share); }

std::string accuracy_plot(const Json& curve) {
  std::vector<double> epochs, accuracy;
  for (const Json& point : curve) {
    epochs.push_back(point["epoch"]);
    accuracy.push_back(100 * point["accuracy"].get<double>());
  }
  report::Plot plot("", {"epoch", false, {}, {}}, {"accuracy on held-out images, %", false, {}, {}});
  plot.line("", epochs, accuracy, report::Plot::color(0));
  plot.points("", epochs, accuracy, report::Plot::color(0));
  return plot.svg();
}

// What of each layer is trained.
std::vector<std::vector<std::string>> layer_rows(const Json& scheme, const ir::Graph& graph) {
  const auto layers = sparse::scheme_layers(graph);
  const std::int64_t bias_from =
      static_cast<std::int64_t>(layers.size()) - scheme["bias_layers"].get<std::int64_t>();
  std::vector<std::vector<std::string>> rows;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const ir::Node& node = graph.nodes[static_cast<std::size_t>(layers[i])];
    std::string weights = "–";
    for (std::size_t k = 0; k < scheme["layers"].size(); ++k) {
      if (scheme["layers"][k] == i)
        weights = fmt::format("{:g} of the channels", scheme["fractions"][k].get<double>());
    }
    const bool bias = static_cast<std::int64_t>(i) >= bias_from;
    if (bias || weights != "–")
      rows.push_back({std::to_string(i), graph.name_of(node), bias ? "yes" : "–", weights});
  }
  return rows;
}

// Accuracy on old classes before and after each task, and on its own.
std::string stream_plot(const Json& tasks) {
  std::vector<double> numbers, old_after, own;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    if (tasks[i]["old_after"].is_null() || tasks[i]["new_after"].is_null()) continue;
    numbers.push_back(static_cast<double>(i + 1));
    old_after.push_back(100 * tasks[i]["old_after"].get<double>());
    own.push_back(100 * tasks[i]["new_after"].get<double>());
  }
  report::Plot plot("", {"task", false, {}, {}}, {"accuracy after it, %", false, {}, {}});
  plot.line("classes before it", numbers, old_after, report::Plot::color(0));
  plot.points("", numbers, old_after, report::Plot::color(0));
  plot.line("its own classes", numbers, own, report::Plot::color(1));
  plot.points("", numbers, own, report::Plot::color(1));
  return plot.svg();
}

std::string percent_or_dash(const Json& share) {
  return share.is_null() ? "–" : percent(share.get<double>());
}

void add_stream(report::Page& page, const Json& line) {
  const Json& stream = line["stream"];
  page.section("Classes one after the other");
  page.paragraph(fmt::format(
      "Classes {} were known before. Accuracy on them: {} before, {} after. What was lost of "
      "each class since it was learnt, in the mean: {}. New classes: {}.",
      stream["known"].dump(), percent_or_dash(stream["known_before"]), percent_or_dash(stream["known_after"]),
      percent_or_dash(stream["forgetting"]), percent_or_dash(stream["new_after"])));
  if (line.contains("replay")) {
    const Json& replay = line["replay"];
    page.paragraph(fmt::format("Replayed: {} examples of {} bytes, activations of {}, {} for each new image.",
                               replay["examples"].dump(), replay["example_bytes"].dump(),
                               replay["layer"].get<std::string>(), replay["ratio"].dump()));
  }
  page.figure(stream_plot(stream["tasks"]));
  std::vector<std::vector<std::string>> rows;
  for (const Json& task : stream["tasks"]) {
    rows.push_back({task["classes"].dump(), percent_or_dash(task["old_before"]),
                    percent_or_dash(task["old_after"]), percent_or_dash(task["new_after"])});
  }
  page.table({"classes", "older ones before", "older ones after", "its own after"}, rows, "By task.");
}

}  // namespace

std::string page(const Json& line, const Json& scheme, const ir::Graph& graph) {
  report::Page page("Adaptation of " + graph.name,
                    fmt::format("{} images learnt, scheme {}, {}", line["train_examples"].dump(),
                                line["scheme"].get<std::string>(), line["method"].get<std::string>()));
  page.section("Accuracy");
  page.paragraph(fmt::format("{} before, {} after, on {} images that were not learnt.",
                             percent(line["before"]["accuracy"]), percent(line["accuracy"]),
                             line["before"]["images"].dump()));
  page.figure(accuracy_plot(line["curve"]));
  if (line.contains("stream")) add_stream(page, line);
  page.section("What is trained");
  page.table({"layer", "name", "biases", "weights"}, layer_rows(scheme, graph),
             line.contains("extra_memory_bytes")
                 ? fmt::format("And the head. Beyond inference this takes {} bytes (published formula).",
                               line["extra_memory_bytes"].dump())
                 : "And the head; all in float.");
  if (!line["untrained_channels"].empty()) {
    page.section("Left as they are");
    page.paragraph("Channels whose scale is degenerate (all weights 0, or a bias at the ends of 32 bits):");
    page.list(line["untrained_channels"].get<std::vector<std::string>>());
  }
  page.details("The run's line", line.dump(2));
  return page.text();
}

}  // namespace frugal::adapt
