#include "ir/count.h"

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "ir/operator.h"

namespace frugal::ir {
namespace {

template <typename Work>
void for_each_node(const Graph& graph, NodeRange range, const Work& work) {
  for (NodeId n = range.begin; n < range.end; ++n) work(graph.nodes[static_cast<std::size_t>(n)]);
}

// Stays at the largest number instead of overflowing.
void add_to(std::int64_t& sum, std::int64_t more) {
  if (__builtin_add_overflow(sum, more, &sum)) sum = std::numeric_limits<std::int64_t>::max();
}

// When the buffer of each tensor is in use, counted in nodes; tensors in one place share a buffer.
class Buffers {
 public:
  Buffers(const Graph& graph, NodeRange range) : graph_(graph), place_(graph.tensors.size()) {
    for (std::size_t i = 0; i < place_.size(); ++i) place_[i] = i;
    uses_.resize(place_.size());
    for (NodeId n = range.begin; n < range.end; ++n) visit(n);
  }

  std::int64_t alive_at(NodeId n) const {
    std::int64_t bytes = 0;
    for (const std::size_t buffer : used_) {
      if (uses_[buffer].first <= n && n <= uses_[buffer].last) add_to(bytes, uses_[buffer].elements);
    }
    return bytes;
  }

  std::int64_t input_elements(NodeId begin) const {
    const Node& node = graph_.nodes[static_cast<std::size_t>(begin)];
    return elements(graph_.tensor(node.inputs.front()).shape);
  }

 private:
  struct Use {
    NodeId first = none, last = none;
    std::int64_t elements = 0;
  };

  void visit(NodeId n) {
    const Node& node = graph_.nodes[static_cast<std::size_t>(n)];
    const Call call = call_of(graph_, node);
    for (const TensorId id : call.inputs) touch(id, n);
    if (node.op->in_place) {
      place_[index(node.output)] = place_[index(call.inputs.front())];
    } else if (is(node, "global_average_pool")) {
      pooled_.push_back({call.inputs.front(), node.output});
    }
    touch(node.output, n);
    // The step that reads a pooled map reads the map itself.
    for (const auto& [map, pool] : pooled_) {
      const auto reads = [&, pool = pool](TensorId id) { return place_[index(id)] == place_[index(pool)]; };
      if (std::any_of(call.inputs.begin(), call.inputs.end(), reads)) touch(map, n);
    }
  }

  void touch(TensorId id, NodeId n) {
    const std::size_t buffer = place_[index(id)];
    Use& use = uses_[buffer];
    if (use.first == none) {
      use.first = n;
      used_.push_back(buffer);
    }
    use.last = n;
    use.elements = std::max(use.elements, elements(graph_.tensor(id).shape));
  }

  const Graph& graph_;
  std::vector<std::size_t> place_;  // tensor -> buffer
  std::vector<Use> uses_;
  std::vector<std::size_t> used_;
  std::vector<std::pair<TensorId, TensorId>> pooled_;
};

}  // namespace

std::int64_t parameter_count(const Graph& graph, NodeRange range) {
  std::int64_t count = 0;
  for_each_node(graph, range, [&](const Node& node) {
    for (const TensorId id : node.inputs) {
      if (graph.tensor(id).role == Role::parameter) add_to(count, elements(graph.tensor(id).shape));
    }
  });
  return count;
}

std::int64_t mac_count(const Graph& graph, NodeRange range) {
  std::int64_t count = 0;
  for_each_node(graph, range, [&](const Node& node) {
    if (node.op->macs != nullptr)
      add_to(count, node.op->macs(call_of(graph, node), graph.tensor(node.output).shape));
  });
  return count;
}

std::int64_t flash_bytes(const Graph& graph, NodeRange range) {
  std::int64_t bytes = 0;
  for_each_node(graph, range, [&](const Node& node) {
    if (is(node, "embedding")) add_to(bytes, elements(graph.tensor(node.inputs[1]).shape));
    const TensorId weight = weight_of(graph, node);
    if (weight == none) return;
    const Dims& shape = graph.tensor(weight).shape;
    add_to(bytes, elements(shape) + 8 * shape.front());
  });
  return bytes;
}

std::int64_t sram_bytes(const Graph& graph, NodeRange range) {
  if (range.begin >= range.end) return 0;
  const Buffers buffers(graph, range);
  std::int64_t peak = buffers.input_elements(range.begin);
  for (NodeId n = range.begin; n < range.end; ++n) {
    const Node& node = graph.nodes[static_cast<std::size_t>(n)];
    if (weight_of(graph, node) != none) peak = std::max(peak, buffers.alive_at(n));
  }
  return peak;
}

std::vector<std::int64_t> sram_by_node(const Graph& graph) {
  const NodeRange all = whole(graph);
  const Buffers buffers(graph, all);
  std::vector<std::int64_t> bytes;
  for (NodeId n = all.begin; n < all.end; ++n) bytes.push_back(buffers.alive_at(n));
  return bytes;
}

}  // namespace frugal::ir
