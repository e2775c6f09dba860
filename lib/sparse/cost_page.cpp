#include "sparse/cost_page.h"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "report/html.h"
#include "report/svg.h"

namespace frugal::sparse {
namespace {

using Ordered = nlohmann::ordered_json;
using report::Plot;

struct Stack {
  const char* key;
  const char* label;
};

// Bars over the layers, the series one above the other.
std::string stacked_bars(const Ordered& layers, const std::vector<Stack>& stacks, const std::string& y_label,
                         double unit) {
  std::vector<double> base(layers.size(), 0);
  Plot plot("", {"layer, in the order they run", false, -0.6, static_cast<double>(layers.size()) - 0.4},
            {y_label, false, 0, {}});
  for (std::size_t s = 0; s < stacks.size(); ++s) {
    std::vector<double> left, right, low, high;
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < layers.size(); ++i) {
      const double value = layers[i][stacks[s].key].get<double>() / unit;
      left.push_back(static_cast<double>(i) - 0.4);
      right.push_back(static_cast<double>(i) + 0.4);
      low.push_back(base[i]);
      high.push_back(base[i] += value);
      texts.push_back(fmt::format("{}: {} {}", layers[i]["name"].get<std::string>(), stacks[s].label,
                                  layers[i][stacks[s].key].dump()));
    }
    plot.boxes(stacks[s].label, left, right, low, high, Plot::color(s), texts);
  }
  return plot.svg(960, 300);
}

constexpr std::array<const char*, 5> use_names{"activation", "kept for gradients", "mask", "gradient",
                                               "gradient of weights"};

// Every tensor of a step where it lies, from the step that makes it to the last that reads it.
std::string memory_picture(const Ordered& scheme) {
  const Ordered& steps = scheme["steps"];
  const auto count = static_cast<double>(steps["computes"].size());
  Plot plot("", {"step", false, 0, count}, {"place in memory, KB", false, 0, {}});
  for (std::size_t u = 0; u < use_names.size(); ++u) {
    std::vector<double> left, right, low, high;
    std::vector<std::string> texts;
    for (const Ordered& tensor : scheme["tensors"]) {
      if (tensor["use"] != use_names[u]) continue;
      left.push_back(tensor["steps"][0]);
      right.push_back(tensor["steps"][1].get<double>() + 1);
      low.push_back(tensor["offset"].get<double>() / 1024);
      high.push_back(low.back() + tensor["bytes"].get<double>() / 1024);
      texts.push_back(fmt::format("{} ({}): {} bytes", tensor["name"].get<std::string>(), use_names[u],
                                  tensor["bytes"].dump()));
    }
    if (!left.empty()) plot.boxes(use_names[u], left, right, low, high, Plot::color(u), texts);
  }
  plot.vertical("backward begins", steps["backward_from"], "#1b1b1b");
  plot.horizontal("needed at once", scheme["memory"]["step_peak_bytes"].get<double>() / 1024, Plot::color(6));
  return plot.svg(960, 430);
}

std::string alive_picture(const Ordered& schemes) {
  Plot plot("", {"step", false, 0, {}}, {"alive, KB", false, 0, {}});
  for (std::size_t s = 0; s < schemes.size(); ++s) {
    std::vector<double> x, y;
    for (const Ordered& bytes : schemes[s]["steps"]["alive_bytes"]) {
      for (const double end : {0.0, 1.0}) {
        x.push_back(static_cast<double>(y.size() / 2) + end);
        y.push_back(bytes.get<double>() / 1024);
      }
    }
    plot.line(schemes[s]["name"], x, y, Plot::color(s));
  }
  return plot.svg(960, 300);
}

void add_comparison(report::Page& page, const Ordered& schemes) {
  std::vector<std::vector<std::string>> rows;
  for (const Ordered& scheme : schemes) {
    const Ordered &memory = scheme["memory"], &totals = scheme["totals"];
    rows.push_back({scheme["name"], memory["extra_memory_bytes"].dump(), memory["step_peak_bytes"].dump(),
                    totals["kept_bytes"].dump(), totals["mask_bytes"].dump(), totals["updated_bytes"].dump(),
                    totals["macs_input_gradient"].dump(), totals["macs_weight_gradient"].dump()});
  }
  page.section("Schemes");
  page.table(
      {"scheme", "beyond inference, B", "step, B", "kept, B", "masks, B", "updated, B",
       "MACs of input gradients", "of weight gradients"},
      rows,
      "Beyond inference: by the published formula. Step: one block that holds every tensor of a training "
      "step at batch 1, with each update applied as soon as its gradient is there.");
  page.figure(alive_picture(schemes), "Memory over the steps of a training step.");
}

void add_scheme(report::Page& page, const Ordered& scheme) {
  page.section("Scheme " + scheme["name"].get<std::string>());
  page.figure(stacked_bars(scheme["layers"],
                           {{"macs_forward", "forward"},
                            {"macs_input_gradient", "gradient of the input"},
                            {"macs_weight_gradient", "gradient of the weights"}},
                           "multiply-accumulates, M", 1e6),
              "Compute of a training step.");
  page.figure(
      stacked_bars(
          scheme["layers"],
          {{"kept_bytes", "kept for gradients"}, {"mask_bytes", "masks"}, {"updated_bytes", "updated"}},
          "bytes, KB", 1024),
      "What training adds to each layer.");
  page.figure(memory_picture(scheme),
              "Every tensor of a step: left to right from the step that makes it to the last that reads it, "
              "upwards where it lies. Names show under the pointer.");
  std::vector<std::vector<std::string>> rows;
  const Ordered& peak = scheme["memory"]["peak"];
  for (const Ordered& tensor : peak["tensors"])
    rows.push_back({tensor["name"], tensor["use"], tensor["bytes"].dump()});
  page.table({"tensor", "use", "bytes"}, rows,
             fmt::format("Alive at the peak, step {} ({}): {} bytes.", peak["step"].dump(),
                         peak["computes"].get<std::string>(), peak["alive_bytes"].dump()));
}

}  // namespace

std::string cost_page(const Ordered& result) {
  const Ordered& totals = result["totals"];
  report::Page page(
      "What " + result["name"].get<std::string>() + " costs",
      fmt::format("{} operators, {} multiply-accumulates, {} bytes of weights", totals["operators"].dump(),
                  totals["macs"].dump(), totals["weight_bytes"].dump()));
  page.section("The network");
  page.figure(stacked_bars(result["layers"], {{"macs", "forward"}}, "multiply-accumulates, M", 1e6));
  page.figure(stacked_bars(result["layers"],
                           {{"weight_bytes", "weights"}, {"alive_bytes", "activations alive"}}, "bytes, KB",
                           1024));
  if (result.contains("schemes")) {
    add_comparison(page, result["schemes"]);
    for (const Ordered& scheme : result["schemes"]) add_scheme(page, scheme);
  }
  Ordered shortened = result;
  if (shortened.contains("schemes")) {
    for (Ordered& scheme : shortened["schemes"]) {
      scheme.erase("tensors");
      scheme.erase("steps");
    }
  }
  page.details("Result", shortened.dump(2));
  return page.text();
}

}  // namespace frugal::sparse
