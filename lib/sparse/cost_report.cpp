#include "sparse/cost_report.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace frugal::sparse {
namespace {

using Ordered = nlohmann::ordered_json;

Ordered numbers_of(const LayerCost& cost) {
  return {{"macs_forward", cost.forward_macs},
          {"macs_input_gradient", cost.input_gradient_macs},
          {"macs_weight_gradient", cost.weight_gradient_macs},
          {"weight_bytes", cost.weight_bytes},
          {"updated_bytes", cost.updated_bytes},
          {"mask_bytes", cost.mask_bytes},
          {"kept_bytes", cost.kept_bytes}};
}

Ordered layers_of(const TrainingCost& cost) {
  Ordered layers = Ordered::array();
  for (const LayerCost& layer : cost.layers) {
    Ordered json{{"name", layer.name}, {"operator", layer.op}};
    if (layer.number >= 0) json["layer"] = layer.number;
    json.update(numbers_of(layer));
    layers.push_back(std::move(json));
  }
  return layers;
}

Ordered peak_of(const TrainingCost& cost) {
  Ordered tensors = Ordered::array();
  for (const TensorLife& life : cost.at_peak())
    tensors.push_back({{"name", life.name}, {"use", name_of(life.use)}, {"bytes", life.bytes}});
  const auto at = static_cast<std::size_t>(cost.peak);
  return {{"step", cost.peak},
          {"computes", cost.steps[at]},
          {"pass", cost.peak < cost.forward_end ? "forward" : "backward"},
          {"alive_bytes", cost.alive_bytes[at]},
          {"tensors", std::move(tensors)}};
}

std::string text_of(const Ordered& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string padded_row(const std::string& first, std::size_t width, const std::vector<std::string>& cells) {
  std::string line = fmt::format("{:<{}}", first, width);
  for (const std::string& cell : cells) line += fmt::format(" {:>13}", cell);
  return line + "\n";
}

const std::vector<const char*>& columns() {
  static const std::vector<const char*> keys{"macs_forward", "macs_input_gradient", "macs_weight_gradient",
                                             "weight_bytes", "updated_bytes",       "mask_bytes",
                                             "kept_bytes"};
  return keys;
}

std::vector<std::string> cells_of(const Ordered& numbers) {
  std::vector<std::string> cells;
  for (const char* key : columns()) cells.push_back(numbers[key].dump());
  return cells;
}

}  // namespace

Ordered to_json(const TrainingCost& cost, const UpdateScheme& scheme, const std::string& name,
                const ir::Graph& graph) {
  Ordered tensors = Ordered::array();
  for (const TensorLife& life : cost.tensors) {
    tensors.push_back({{"name", life.name},
                       {"use", name_of(life.use)},
                       {"bytes", life.bytes},
                       {"offset", life.offset},
                       {"steps", {life.first, life.last}}});
  }
  return {
      {"name", name},
      {"scheme", to_json(scheme, graph)},
      {"layers", layers_of(cost)},
      {"totals", numbers_of(cost.all)},
      {"memory",
       {{"extra_memory_bytes", (cost.extra_bits + 7) / 8},
        {"forward_peak_bytes", cost.forward_peak_bytes},
        {"step_peak_bytes", cost.step_peak_bytes},
        {"scratch_bytes", cost.scratch_bytes},
        {"batch_gradient_bytes", cost.gradient_bytes},
        {"peak", peak_of(cost)}}},
      {"steps",
       {{"backward_from", cost.forward_end}, {"computes", cost.steps}, {"alive_bytes", cost.alive_bytes}}},
      {"tensors", std::move(tensors)}};
}

std::string comparison_table(const Ordered& schemes) {
  std::size_t width = 8;
  for (const Ordered& scheme : schemes) width = std::max(width, scheme["name"].get<std::string>().size());
  std::string text = padded_row("scheme", width,
                                {"beyond inf. B", "forward B", "step B", "kept B", "masks B", "updated B",
                                 "MACs forward", "MACs backward"});
  for (const Ordered& scheme : schemes) {
    const Ordered &memory = scheme["memory"], &totals = scheme["totals"];
    const std::int64_t backward = totals["macs_input_gradient"].get<std::int64_t>() +
                                  totals["macs_weight_gradient"].get<std::int64_t>();
    text += padded_row(
        scheme["name"], width,
        {text_of(memory["extra_memory_bytes"]), text_of(memory["forward_peak_bytes"]),
         text_of(memory["step_peak_bytes"]), text_of(totals["kept_bytes"]), text_of(totals["mask_bytes"]),
         text_of(totals["updated_bytes"]), text_of(totals["macs_forward"]), std::to_string(backward)});
  }
  return text;
}

std::string layer_table(const Ordered& scheme) {
  std::size_t width = 6;
  for (const Ordered& layer : scheme["layers"])
    width = std::max(width, layer["name"].get<std::string>().size());
  width += 5;
  std::string text = fmt::format("scheme {}\n", scheme["name"].get<std::string>());
  text += padded_row(
      "layer", width,
      {"MACs forward", "input grad.", "weight grad.", "weights B", "updated B", "masks B", "kept B"});
  for (const Ordered& layer : scheme["layers"]) {
    const std::string number = layer.contains("layer") ? layer["layer"].dump() : "";
    text += padded_row(fmt::format("{:>3}  {}", number, layer["name"].get<std::string>()), width,
                       cells_of(layer));
  }
  text += padded_row("all", width, cells_of(scheme["totals"]));
  const Ordered &memory = scheme["memory"], &peak = memory["peak"];
  text += fmt::format(
      "memory at once: forward pass {} B, training step {} B, and {} B for the kernels\n"
      "beyond inference, by the published formula: {} B\n"
      "most at step {} of {} ({}), {} B:\n",
      memory["forward_peak_bytes"].dump(), memory["step_peak_bytes"].dump(), memory["scratch_bytes"].dump(),
      memory["extra_memory_bytes"].dump(), peak["step"].dump(), scheme["steps"]["computes"].size(),
      peak["computes"].get<std::string>(), peak["alive_bytes"].dump());
  constexpr std::size_t most = 6;
  for (std::size_t i = 0; i < std::min(most, peak["tensors"].size()); ++i) {
    const Ordered& tensor = peak["tensors"][i];
    text += fmt::format("  {:>9} B  {}, {}\n", tensor["bytes"].dump(), tensor["name"].get<std::string>(),
                        tensor["use"].get<std::string>());
  }
  return text;
}

}  // namespace frugal::sparse
