#include "search/profile/module.h"

#include <torch/torch.h>

#include <cmath>
#include <memory>

#include "ir/graph.h"
#include "model/image/graph_forward.h"

namespace frugal::search {
namespace {

using torch::Tensor;

// Numbers of a sensible size, so that no activation ends in subnormal numbers.
Tensor made_up(const ir::Tensor& tensor, bool channels_last) {
  if (tensor.shape.size() == 1) return torch::full(tensor.shape, 0.1);
  const double fan_in = static_cast<double>(ir::elements(tensor.shape) / tensor.shape[0]);
  const Tensor weight = torch::randn(tensor.shape) * std::sqrt(2 / fan_in);
  return channels_last && weight.dim() == 4 ? weight.contiguous(torch::MemoryFormat::ChannelsLast) : weight;
}

// With batch norm folded in, every convolution has a bias.
std::shared_ptr<const ir::Graph> with_biases(const ir::Graph& graph) {
  auto biased = std::make_shared<ir::Graph>(graph);
  for (ir::Node& node : biased->nodes) {
    for (auto& [name, value] : node.attributes) {
      if (name != "bias" || std::get<std::int64_t>(value) != 0) continue;
      value = std::int64_t{1};
      const std::string bias = biased->name_of(node) + ".bias";
      const ir::Dims channels{biased->tensor(node.output).shape[1]};
      node.inputs.push_back(static_cast<ir::TensorId>(biased->tensors.size()));
      biased->tensors.push_back({bias, ir::Role::parameter, ir::DataType::float32, channels, std::nullopt});
    }
  }
  return biased;
}

Forward deployed(const ir::Graph& graph, ir::NodeRange range, bool channels_last) {
  const auto biased = with_biases(graph);
  std::vector<Tensor> parameters(biased->tensors.size());
  for (ir::NodeId n = range.begin; n < range.end; ++n) {
    for (const ir::TensorId id : biased->nodes[static_cast<std::size_t>(n)].inputs) {
      const ir::Tensor& tensor = biased->tensor(id);
      if (tensor.role == ir::Role::parameter)
        parameters[static_cast<std::size_t>(id)] = made_up(tensor, channels_last);
    }
  }
  model::GraphMode mode;
  mode.fold_batch_norm = true;
  return [forward = model::GraphForward(biased, range.begin, range.end, std::move(parameters)),
          mode](const Tensor& x) { return forward(x, mode); };
}

}  // namespace

Forward deployed(const Piece& piece, bool channels_last) {
  return deployed(*piece.graph, {piece.first_node, piece.end_node}, channels_last);
}

Forward deployed(const network::NetworkConfig& network, bool channels_last) {
  const network::Lowered lowered = network::lower(network);
  return deployed(*lowered.graph, ir::whole(*lowered.graph), channels_last);
}

Tensor made_up_input(const network::Shape& shape, std::int64_t batch, bool channels_last) {
  const Tensor made = torch::rand({batch, shape.channels, shape.height, shape.width});
  return channels_last ? made.contiguous(torch::MemoryFormat::ChannelsLast) : made;
}

}  // namespace frugal::search
