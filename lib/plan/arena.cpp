#include "plan/arena.h"

#include <algorithm>
#include <numeric>

namespace frugal::plan {
namespace {

bool live_together(const Block& a, const Block& b) { return a.first <= b.last && b.first <= a.last; }

std::size_t aligned(std::size_t bytes, std::size_t alignment) {
  return (bytes + alignment - 1) / alignment * alignment;
}

}  // namespace

std::vector<Block> lifetimes(const ir::Graph& graph) {
  const auto end = static_cast<ir::NodeId>(graph.nodes.size());
  std::vector<Block> blocks(graph.tensors.size());
  const auto block = [&](ir::TensorId id) -> Block& { return blocks[static_cast<std::size_t>(id)]; };
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const ir::Tensor& tensor = graph.tensors[i];
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

Arena place_by_size(const std::vector<Block>& blocks, std::size_t alignment) {
  Arena arena;
  arena.offsets.assign(blocks.size(), 0);
  std::vector<std::size_t> order(blocks.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return blocks[a].bytes > blocks[b].bytes; });
  std::vector<std::size_t> placed;  // by their offsets
  for (const std::size_t i : order) {
    if (blocks[i].bytes == 0) continue;
    std::size_t offset = 0;
    for (const std::size_t other : placed) {
      if (!live_together(blocks[i], blocks[other])) continue;
      if (offset + blocks[i].bytes <= arena.offsets[other]) break;
      offset = std::max(offset, aligned(arena.offsets[other] + blocks[other].bytes, alignment));
    }
    arena.offsets[i] = offset;
    arena.bytes = std::max(arena.bytes, offset + blocks[i].bytes);
    const auto before = [&](std::size_t a, std::size_t b) { return arena.offsets[a] < arena.offsets[b]; };
    placed.insert(std::upper_bound(placed.begin(), placed.end(), i, before), i);
  }
  return arena;
}

}  // namespace frugal::plan
