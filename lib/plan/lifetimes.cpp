#include "plan/lifetimes.h"

namespace frugal::plan {

std::vector<Block> lifetimes(const ir::Graph& graph, std::size_t alignment) {
  const auto end = static_cast<ir::NodeId>(graph.nodes.size());
  std::vector<Block> blocks(graph.tensors.size());
  const auto block = [&](ir::TensorId id) -> Block& { return blocks[static_cast<std::size_t>(id)]; };
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const ir::Tensor& tensor = graph.tensors[i];
    blocks[i].name = tensor.name;
    blocks[i].alignment = alignment;
    if (tensor.role == ir::Role::input || tensor.role == ir::Role::value)
      blocks[i].bytes = static_cast<std::size_t>(ir::bytes(tensor));
  }
  for (ir::NodeId n = 0; n < end; ++n) {
    const ir::Node& node = graph.nodes[static_cast<std::size_t>(n)];
    for (const ir::TensorId id : {node.output, node.mask}) {
      if (id != ir::none) block(id).first = block(id).last = n;
    }
    for (const ir::TensorId id : node.inputs) block(id).last = n;
  }
  for (const ir::TensorId id : graph.inputs) block(id).first = 0;
  for (const ir::TensorId id : graph.outputs) block(id).last = end;
  return blocks;
}

}  // namespace frugal::plan
