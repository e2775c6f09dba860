#include "sparse/scheme.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <numeric>

#include "autodiff/backward.h"
#include "base/error.h"
#include "config/config.h"
#include "ir/model.h"
#include "ir/operator.h"
#include "sparse/memory.h"

namespace frugal::sparse {
namespace {

using ir::NodeId;

const ir::Node& node_of(const ir::Graph& graph, NodeId id) {
  return graph.nodes[static_cast<std::size_t>(id)];
}

bool is_depthwise(const ir::Node& node) { return ir::is(node, "depthwise_conv"); }

// Rising numbers of the channels with the largest norms of their real weights; a tie goes to the first.
std::vector<std::int64_t> largest_channels(const ir::Model& model, const ir::Node& node, std::int64_t count) {
  const ir::Tensor& weight = model.graph.tensor(node.inputs[1]);
  const auto values = model.values<std::int8_t>(node.inputs[1]);
  const auto outputs = static_cast<std::size_t>(weight.shape[0]);
  const auto inputs = static_cast<std::size_t>(weight.shape[1]);
  const std::size_t area = values.size() / outputs / inputs;
  const bool depthwise = is_depthwise(node);
  std::vector<double> norms(depthwise ? outputs : inputs, 0.0);
  const auto& scales = weight.quantization->scale;
  for (std::size_t o = 0; o < outputs; ++o) {
    const double scale = scales[scales.size() == 1 ? 0 : o];
    for (std::size_t i = 0; i < inputs * area; ++i) {
      const double w = scale * values[o * inputs * area + i];
      norms[depthwise ? o : i / area] += w * w;
    }
  }
  std::vector<std::int64_t> order(norms.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
    return norms[static_cast<std::size_t>(a)] > norms[static_cast<std::size_t>(b)];
  });
  order.resize(static_cast<std::size_t>(count));
  std::sort(order.begin(), order.end());
  return order;
}

std::int64_t layer_of(const config::JsonNode& node, const ir::Graph& graph,
                      const std::vector<NodeId>& layers) {
  if (!node.json().is_string()) {
    const std::int64_t layer = node.integer(config::at_least(0));
    if (layer >= static_cast<std::int64_t>(layers.size()))
      node.fail("is no layer of the network: " + std::to_string(layer),
                "its layers are 0 to " + std::to_string(layers.size() - 1));
    return layer;
  }
  std::vector<std::string> names;
  for (const NodeId id : layers) names.push_back(graph.name_of(node_of(graph, id)));
  const auto found = std::find(names.begin(), names.end(), node.text());
  if (found == names.end())
    node.fail("is no layer of the network: '" + node.text() + "'", base::suggest(node.text(), names));
  return found - names.begin();
}

}  // namespace

std::vector<NodeId> scheme_layers(const ir::Graph& graph) {
  std::vector<NodeId> layers = autodiff::layers_with_weights(graph);
  std::erase_if(layers, [&](NodeId id) {
    return graph.tensor(node_of(graph, id).inputs[1]).type != ir::DataType::int8;
  });
  return layers;
}

UpdateScheme read_scheme(const config::JsonNode& node, const ir::Graph& graph) {
  if (const auto inner = node.find("scheme")) return read_scheme(*inner, graph);
  const std::vector<NodeId> layers = scheme_layers(graph);
  UpdateScheme scheme;
  scheme.bias_layers =
      node.integer_or("bias_layers", 0, config::between(0, static_cast<double>(layers.size())));
  const auto named = node.find("layers");
  const auto fractions = node.find("fractions");
  const std::size_t count = named ? named->size() : 0;
  if ((fractions ? fractions->size() : 0) != count)
    node.fail("needs as many fractions as layers", "\"layers\": [24, 27], \"fractions\": [0.25, 0.5]");
  for (std::size_t i = 0; i < count; ++i) {
    const std::int64_t layer = layer_of((*named)[i], graph, layers);
    const double fraction = (*fractions)[i].number(config::fraction());
    const auto same = [&](const UpdateScheme::Weights& other) { return other.layer == layer; };
    if (std::any_of(scheme.weights.begin(), scheme.weights.end(), same)) (*named)[i].fail("stands twice");
    if (fraction > 0) scheme.weights.push_back({layer, fraction});
  }
  for (const char* note : {"label_kb", "formula_kib", "name", "extra_memory_bytes", "layer_names"})
    node.ignore(note);
  node.refuse_unknown();
  return scheme;
}

nlohmann::ordered_json to_json(const UpdateScheme& scheme, const ir::Graph& graph) {
  const std::vector<NodeId> layers = scheme_layers(graph);
  nlohmann::ordered_json json{{"bias_layers", scheme.bias_layers},
                              {"layers", nlohmann::ordered_json::array()},
                              {"fractions", nlohmann::ordered_json::array()},
                              {"layer_names", nlohmann::ordered_json::array()}};
  for (const UpdateScheme::Weights& weights : scheme.weights) {
    json["layers"].push_back(weights.layer);
    json["fractions"].push_back(weights.fraction);
    json["layer_names"].push_back(
        graph.name_of(node_of(graph, layers[static_cast<std::size_t>(weights.layer)])));
  }
  json["extra_memory_bytes"] = (extra_memory_bits(graph, scheme) + 7) / 8;
  return json;
}

UpdateScheme scheme_named(const std::string& text, const ir::Graph& graph) {
  const auto layers = static_cast<std::int64_t>(scheme_layers(graph).size());
  UpdateScheme scheme;
  const std::size_t colon = text.find(':');
  const std::string kind = text.substr(0, colon);
  std::int64_t last = 0;
  if (kind == "full") {
    last = layers;
  } else if (kind == "bias" || kind == "last") {
    const char* end = text.data() + text.size();
    const char* begin = colon == std::string::npos ? end : text.data() + colon + 1;
    const auto [stop, error] = std::from_chars(begin, end, last);
    if (error != std::errc() || stop != end || last < 1 || last > layers)
      throw base::UserError("scheme '" + text + "'",
                            "needs a number of layers from 1 to " + std::to_string(layers),
                            "for example " + kind + ":4");
  } else if (kind != "head") {
    throw base::UserError(
        "scheme '" + text + "'", "is unknown",
        base::suggest(kind, {"full", "head", "bias:k", "last:k"}) + "; or a file of a scheme");
  }
  scheme.bias_layers = last;
  if (kind != "bias") {
    for (std::int64_t layer = layers - last; layer < layers; ++layer) scheme.weights.push_back({layer, 1});
  }
  return scheme;
}

UpdateScheme scheme_given(const std::string& text, const ir::Graph& graph) {
  const bool is_path = text.find('/') != std::string::npos || text.ends_with(".json");
  if (!is_path && !std::filesystem::is_regular_file(text)) return scheme_named(text, graph);
  const config::Source source = config::load(text, {});
  return read_scheme(config::JsonNode(source), graph);
}

std::vector<autodiff::TrainedLayer> trained_layers(const ir::Model& model, const UpdateScheme& scheme) {
  const ir::Graph& graph = model.graph;
  const std::vector<NodeId> layers = scheme_layers(graph);
  std::vector<autodiff::TrainedLayer> trained;
  const auto count = static_cast<std::int64_t>(layers.size());
  for (std::int64_t i = 0; i < count; ++i) {
    const ir::Node& node = node_of(graph, layers[static_cast<std::size_t>(i)]);
    autodiff::TrainedLayer layer{layers[static_cast<std::size_t>(i)], false, false, {}};
    layer.bias = i >= count - scheme.bias_layers && ir::bias_of(graph, node) != ir::none;
    for (const UpdateScheme::Weights& weights : scheme.weights) {
      if (weights.layer != i) continue;
      layer.weight = true;
      const std::int64_t all = channel_count(graph, node), some = channels_of_fraction(all, weights.fraction);
      if (some < all) layer.channels = largest_channels(model, node, some);
    }
    if (layer.bias || layer.weight) trained.push_back(layer);
  }
  for (const NodeId id : autodiff::layers_with_weights(graph)) {
    if (std::find(layers.begin(), layers.end(), id) == layers.end()) trained.push_back({id, true, true, {}});
  }
  return trained;
}

std::int64_t extra_memory_bits(const ir::Graph& graph, const UpdateScheme& scheme) {
  return ExtraMemory(graph).bits(scheme);
}

}  // namespace frugal::sparse
