#include "sparse/inspect.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "ir/count.h"
#include "ir/operator.h"
#include "network/import/load.h"
#include "quant/head.h"
#include "sparse/cost_report.h"

namespace frugal::sparse {
namespace {

using base::UserError;
using Json = nlohmann::ordered_json;

bool is_convolution(const ir::Node& node) {
  const std::string op = node.op->name;
  return op == "conv" || op == "depthwise_conv";
}

// One entry an operator. "convolution" counts them from 0, as update schemes do.
Json layers_of(const ir::Graph& graph) {
  const std::vector<std::int64_t> alive = ir::sram_by_node(graph);
  Json layers = Json::array();
  int convolutions = 0;
  for (ir::NodeId n = 0; n < ir::whole(graph).end; ++n) {
    const ir::Node& node = graph.nodes[static_cast<std::size_t>(n)];
    const ir::NodeRange one{n, n + 1};
    const ir::Tensor& out = graph.tensor(node.output);
    Json layer{{"name", out.name}, {"operator", node.op->name}};
    if (is_convolution(node)) layer["convolution"] = convolutions++;
    layer["in"] = graph.tensor(node.inputs.front()).shape;
    layer["out"] = out.shape;
    layer["type"] = ir::name_of(out.type);
    layer["macs"] = ir::mac_count(graph, one);
    layer["parameters"] = ir::parameter_count(graph, one);
    layer["weight_bytes"] = ir::flash_bytes(graph, one);
    layer["activation_bytes"] = ir::elements(out.shape);
    layer["alive_bytes"] = alive[static_cast<std::size_t>(n)];
    layers.push_back(std::move(layer));
  }
  return layers;
}

Json totals_of(const ir::Graph& graph) {
  const ir::NodeRange all = ir::whole(graph);
  return {{"operators", graph.nodes.size()},
          {"macs", ir::mac_count(graph, all)},
          {"parameters", ir::parameter_count(graph, all)},
          {"weight_bytes", ir::flash_bytes(graph, all)},
          {"peak_activation_bytes", ir::sram_bytes(graph, all)}};
}

// What a training step costs under each scheme. The head is counted as `adapt` trains it, in float.
Json schemes_of(const ir::Model& model, const std::vector<std::string>& names, const std::string& origin) {
  if (scheme_layers(model.graph).empty())
    throw UserError(origin, "has no layers on integers, which a scheme counts",
                    "`tinytrain-compile quantize` makes them");
  const ir::Model trained = quant::with_float_head(model, 0, 0, origin);
  Json schemes = Json::array();
  for (const std::string& name : names) {
    const UpdateScheme scheme = scheme_given(name, trained.graph);
    schemes.push_back(to_json(training_cost(trained, scheme, origin), scheme, name, trained.graph));
  }
  return schemes;
}

std::string shape_text(const Json& shape) {
  std::string text;
  for (std::size_t i = 1; i < shape.size(); ++i) text += (i > 1 ? "×" : "") + shape[i].dump();
  return text;
}

// Of one scheme its layers, of several a line each.
std::string text_of_schemes(const Json& schemes) {
  return schemes.size() == 1 ? layer_table(schemes.front()) : comparison_table(schemes);
}

}  // namespace

Json inspect(const std::string& path, const std::string& weights, const std::vector<std::string>& schemes) {
  const network::Imported imported = network::load_model(path, weights);
  const ir::Graph& graph = imported.model.graph;
  Json result{{"name", graph.name},
              {"format", imported.format},
              {"notes", imported.notes},
              {"layers", layers_of(graph)},
              {"totals", totals_of(graph)}};
  if (!schemes.empty()) result["schemes"] = schemes_of(imported.model, schemes, path);
  return result;
}

std::string inspection_table(const Json& result) {
  if (result.contains("schemes")) return text_of_schemes(result["schemes"]);
  std::string text;
  const auto add = [&text](auto... columns) {
    text += fmt::format("{:<28} {:<20} {:>14} {:>12} {:>10} {:>10}\n", columns...);
  };
  add("layer", "operator", "out", "MACs", "weights B", "alive B");
  for (const Json& layer : result["layers"]) {
    add(layer["name"].get<std::string>(), layer["operator"].get<std::string>(), shape_text(layer["out"]),
        layer["macs"].dump(), layer["weight_bytes"].dump(), layer["alive_bytes"].dump());
  }
  const Json& totals = result["totals"];
  add("all", "", "", totals["macs"].dump(), totals["weight_bytes"].dump(),
      totals["peak_activation_bytes"].dump());
  for (const Json& note : result["notes"]) text += "note: " + note.get<std::string>() + "\n";
  return text;
}

}  // namespace frugal::sparse
