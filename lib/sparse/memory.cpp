#include "sparse/memory.h"

#include <algorithm>
#include <cmath>

#include "autodiff/backward.h"
#include "ir/model.h"
#include "ir/operator.h"

namespace frugal::sparse {
namespace {

// A head's weights are in float or in int16.
bool is_head(const ir::Graph& graph, const ir::Node& node) {
  return graph.tensor(node.inputs[1]).type != ir::DataType::int8;
}

}  // namespace

std::int64_t channel_count(const ir::Graph& graph, const ir::Node& node) {
  const bool depthwise = ir::is(node, "depthwise_conv");
  return graph.tensor(node.inputs[1]).shape[depthwise ? 0 : 1];
}

std::int64_t channels_of_fraction(std::int64_t channels, double fraction) {
  const auto count = static_cast<std::int64_t>(std::llround(static_cast<double>(channels) * fraction));
  return std::clamp<std::int64_t>(count, 1, channels);
}

ExtraMemory::ExtraMemory(const ir::Graph& graph) {
  std::int64_t head_bits = 0;
  for (const ir::NodeId id : autodiff::layers_with_weights(graph)) {
    const ir::Node& node = graph.nodes[static_cast<std::size_t>(id)];
    if (is_head(graph, node)) head_bits += 8 * ir::elements(graph.tensor(node.inputs[0]).shape);
  }
  std::vector<std::int64_t> own;
  for (const ir::NodeId id : scheme_layers(graph)) {
    const ir::Node& node = graph.nodes[static_cast<std::size_t>(id)];
    const ir::Dims &x = graph.tensor(node.inputs[0]).shape, &w = graph.tensor(node.inputs[1]).shape;
    const std::int64_t channels = channel_count(graph, node);
    layers_.push_back({channels, 8 * (ir::elements(x) / x[1] + ir::elements(w) / channels)});
    own.push_back(ir::elements(graph.tensor(node.output).shape) + 32 * w[0]);
  }
  crossed_.assign(own.size() + 1, head_bits);
  for (std::size_t i = own.size(); i > 0; --i) crossed_[i - 1] = crossed_[i] + own[i - 1];
}

std::int64_t ExtraMemory::weight_bits(std::int64_t layer, double fraction) const {
  const Layer& at = layer_at(layer);
  return at.channel_bits * channels_of_fraction(at.channels, fraction);
}

std::int64_t ExtraMemory::bits(const UpdateScheme& scheme) const {
  std::int64_t first = layer_count() - scheme.bias_layers, bits = 0;
  for (const UpdateScheme::Weights& weights : scheme.weights) {
    first = std::min(first, weights.layer);
    bits += weight_bits(weights.layer, weights.fraction);
  }
  return bits + crossed_bits(first);
}

std::vector<double> ExtraMemory::distinct_fractions(std::int64_t layer,
                                                    const std::vector<double>& fractions) const {
  std::vector<double> distinct;
  std::int64_t before = 0;
  for (const double fraction : fractions) {
    const std::int64_t count = channels_of_fraction(channels(layer), fraction);
    if (count > before) distinct.push_back(fraction);
    before = std::max(before, count);
  }
  return distinct;
}

}  // namespace frugal::sparse
