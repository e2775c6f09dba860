#include "plan/lifetimes.h"

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "ir/operator.h"
#include "plan/numbers.h"

namespace frugal::plan {
namespace {

bool contains(const std::vector<ir::TensorId>& ids, ir::TensorId id) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

// Of each tensor the last node that reads it; none where no one does.
std::vector<ir::NodeId> last_readers(const ir::Graph& graph) {
  std::vector<ir::NodeId> last(graph.tensors.size(), ir::none);
  for (ir::NodeId n = 0; n < ir::whole(graph).end; ++n) {
    for (const ir::TensorId id : graph.nodes[index(n)].inputs) last[index(id)] = n;
  }
  return last;
}

// Of one tensor alone.
std::vector<Block> blocks_of_tensors(const ir::Graph& graph, std::size_t alignment) {
  std::vector<Block> blocks(graph.tensors.size());
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const ir::Tensor& tensor = graph.tensors[i];
    blocks[i].name = tensor.name;
    blocks[i].alignment = alignment;
    if (tensor.role == ir::Role::input) blocks[i].bytes = static_cast<std::size_t>(ir::bytes(tensor));
  }
  const ir::NodeId end = ir::whole(graph).end;
  for (ir::NodeId n = 0; n < end; ++n) {
    const ir::Node& node = graph.nodes[index(n)];
    for (const ir::TensorId id : {node.output, node.mask}) {
      if (id == ir::none) continue;
      blocks[index(id)].bytes = static_cast<std::size_t>(ir::bytes(graph.tensor(id)));
      blocks[index(id)].first = blocks[index(id)].last = n;
    }
    for (const ir::TensorId id : node.inputs) blocks[index(id)].last = n;
  }
  for (const ir::TensorId id : graph.inputs) blocks[index(id)].first = 0;
  for (const ir::TensorId id : graph.outputs) blocks[index(id)].last = end;
  return blocks;
}

}  // namespace

std::vector<Share> in_place(const ir::Graph& graph, const std::function<bool(const ir::Node&)>& kernel_can) {
  const std::vector<ir::NodeId> last = last_readers(graph);
  std::vector<Share> shares;
  for (ir::NodeId n = 0; n < ir::whole(graph).end; ++n) {
    const ir::Node& node = graph.nodes[index(n)];
    if (!node.op->in_place || node.inputs.empty() || (kernel_can && !kernel_can(node))) continue;
    const ir::TensorId input = node.inputs.front();
    const ir::Tensor &from = graph.tensor(input), &to = graph.tensor(node.output);
    if (from.role == ir::Role::value && last[index(input)] == n && !contains(graph.outputs, input) &&
        from.type == to.type && ir::bytes(from) == ir::bytes(to))
      shares.push_back({node.output, input});
  }
  return shares;
}

std::vector<ir::TensorId> owners(const ir::Graph& graph, const std::vector<Share>& shares) {
  std::vector<ir::TensorId> shared(graph.tensors.size(), ir::none), owner(graph.tensors.size());
  std::vector<char> taken(graph.tensors.size(), 0);
  for (const Share& share : shares) {
    FRUGAL_ASSERT(taken[index(share.input)] == 0, "two outputs share one input");
    FRUGAL_ASSERT(shared[index(share.output)] == ir::none, "an output shares two inputs");
    taken[index(share.input)] = 1;
    shared[index(share.output)] = share.input;
  }
  std::iota(owner.begin(), owner.end(), ir::TensorId{0});
  const std::vector<ir::NodeId> last = last_readers(graph);
  for (ir::NodeId n = 0; n < ir::whole(graph).end; ++n) {  // an input's owner is known before its output's
    const ir::Node& node = graph.nodes[index(n)];
    const ir::TensorId input = shared[index(node.output)];
    if (input == ir::none) continue;
    FRUGAL_ASSERT(contains(node.inputs, input), "an output shares what its node does not read");
    FRUGAL_ASSERT(last[index(input)] == n && !contains(graph.outputs, input),
                  "'" + graph.tensor(input).name + "' is needed after it is overwritten");
    owner[index(node.output)] = owner[index(input)];
  }
  return owner;
}

std::vector<Block> lifetimes(const ir::Graph& graph, std::size_t alignment,
                             const std::vector<Share>& shares) {
  std::vector<Block> blocks = blocks_of_tensors(graph, alignment);
  const std::vector<ir::TensorId> owner = owners(graph, shares);
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    Block& block = blocks[index(owner[i])];
    if (&block == &blocks[i]) continue;
    block.bytes = std::max(block.bytes, blocks[i].bytes);
    block.first = std::min(block.first, blocks[i].first);
    block.last = std::max(block.last, blocks[i].last);
    blocks[i].bytes = 0;
  }
  return blocks;
}

}  // namespace frugal::plan
