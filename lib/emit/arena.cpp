#include "emit/arena.h"

#include <algorithm>

#include "ir/operator.h"
#include "ops/arguments.h"
#include "ops/rows.h"
#include "quant/kernels.h"

namespace frugal::emit {
namespace {

using ir::NodeId;
using ir::TensorId;
using passes::index;

// One that moves elements cannot work in place.
bool moves(const quant::Step& step) {
  return std::any_of(step.calls.begin(), step.calls.end(),
                     [](const quant::Call& call) { return call.kernel == "ops_reorder"; });
}

NodeId last_reader(const ir::Graph& graph, TensorId id, NodeId otherwise) {
  for (auto n = static_cast<NodeId>(graph.nodes.size()); n-- > otherwise;) {
    const auto& inputs = graph.nodes[index(n)].inputs;
    if (std::find(inputs.begin(), inputs.end(), id) != inputs.end()) return n;
  }
  return otherwise;
}

class Blocks {
 public:
  Blocks(const passes::TrainingStep& step, const KernelNeeds& needs)
      : step_(step),
        graph_(step.model.graph),
        needs_(needs),
        owners_(plan::owners(graph_, needs.shares)),
        lives_(plan::lifetimes(graph_, alignment, needs.shares)) {}

  ArenaBlocks made() {
    for (const ir::Node& node : graph_.nodes) {  // an update gives what its parameter holds
      if (passes::is_update(node)) lives_[index(node.output)] = {};
    }
    // Both are read when the forward pass is over; nothing reads them at the end.
    for (const TensorId id : {step_.logits, step_.loss})
      life(id).last = last_reader(graph_, id, step_.forward_end);
    for (const ir::NodeRange& nodes : step_.by_rows) keep_rows(nodes);
    place_tensors();
    place_scratch();
    for (const ir::NodeRange& nodes : step_.by_rows) {
      const auto layers = static_cast<std::size_t>(nodes.end - nodes.begin);
      made_.of_chain.push_back(add({2 * sizeof(std::int32_t) * layers, nodes.begin, nodes.end - 1, alignment,
                                    name(nodes.begin) + " (rows there)"}));
    }
    return std::move(made_);
  }

 private:
  plan::Block& life(TensorId id) { return lives_[index(owners_[index(id)])]; }
  const std::string& name(NodeId n) const { return graph_.name_of(graph_.nodes[index(n)]); }

  std::size_t add(plan::Block block) {
    made_.blocks.push_back(std::move(block));
    return made_.blocks.size() - 1;
  }

  // All of a chain is alive from its first node to its last: its input, some rows of what lies between, its
  // output.
  void keep_rows(ir::NodeRange nodes) {
    for (NodeId n = nodes.begin; n < nodes.end; ++n) {
      const ir::Node& node = graph_.nodes[index(n)];
      plan::Block &x = life(node.inputs[0]), &y = life(node.output);
      if (n > nodes.begin) {
        const ir::Tensor& tensor = graph_.tensor(node.inputs[0]);
        const ops_window window = ops::window_of(node, tensor.shape, graph_.tensor(node.output).shape);
        x.bytes = static_cast<std::size_t>(ops_rows_kept(&window)) *
                  static_cast<std::size_t>(window.in_width) * static_cast<std::size_t>(window.in_channels);
        x.name += " (rows)";
      }
      x.last = std::max(x.last, nodes.end - 1);
      y.first = std::min(y.first, nodes.begin);
    }
  }

  void place_tensors() {
    made_.of_tensor.assign(lives_.size(), ArenaBlocks::none);
    for (std::size_t i = 0; i < lives_.size(); ++i) {
      if (lives_[i].bytes > 0) made_.of_tensor[i] = add(lives_[i]);
    }
    for (std::size_t i = 0; i < lives_.size(); ++i) made_.of_tensor[i] = made_.of_tensor[index(owners_[i])];
  }

  // The layers of a chain have one scratch, since no two of their kernels run at once.
  void place_scratch() {
    made_.of_scratch.assign(graph_.nodes.size(), ArenaBlocks::none);
    for (NodeId n = 0; n < static_cast<NodeId>(graph_.nodes.size()); ++n) {
      const std::size_t chain = chain_of(step_, n);
      const ir::NodeRange nodes = chain == ArenaBlocks::none ? ir::NodeRange{n, n + 1} : step_.by_rows[chain];
      if (n != nodes.begin) {
        made_.of_scratch[index(n)] = made_.of_scratch[index(nodes.begin)];
        continue;
      }
      const std::size_t bytes =
          *std::max_element(needs_.scratch.begin() + nodes.begin, needs_.scratch.begin() + nodes.end);
      if (bytes > 0)
        made_.of_scratch[index(n)] = add({bytes, n, nodes.end - 1, alignment, name(n) + " (scratch)"});
    }
  }

  const passes::TrainingStep& step_;
  const ir::Graph& graph_;
  const KernelNeeds& needs_;
  std::vector<TensorId> owners_;
  std::vector<plan::Block> lives_;
  ArenaBlocks made_;
};

}  // namespace

KernelNeeds needs_of(const passes::TrainingStep& step, const std::vector<quant::Step>& calls,
                     std::int32_t target) {
  const ir::Graph& graph = step.model.graph;
  KernelNeeds needs;
  needs.shares = plan::in_place(graph, [&](const ir::Node& node) {
    return !moves(calls[static_cast<std::size_t>(&node - graph.nodes.data())]);
  });
  std::erase_if(needs.shares, [&](const plan::Share& share) {
    return share.input == step.logits || share.input == step.loss;  // read when the forward pass is over
  });
  for (const quant::Step& one : calls)
    needs.scratch.push_back(one.scratch_on ? std::max(one.scratch_on(OPS_PLAIN), one.scratch_on(target)) : 0);
  return needs;
}

KernelNeeds needs_of(const passes::TrainingStep& step, std::int32_t target, const std::string& origin) {
  std::vector<quant::Step> calls;
  for (const ir::Node& node : step.model.graph.nodes) calls.push_back(quant::bind(step.model, node, origin));
  return needs_of(step, calls, target);
}

std::size_t chain_of(const passes::TrainingStep& step, NodeId node) {
  const auto found = std::find_if(step.by_rows.begin(), step.by_rows.end(), [&](const ir::NodeRange& nodes) {
    return nodes.begin <= node && node < nodes.end;
  });
  return found == step.by_rows.end() ? ArenaBlocks::none
                                     : static_cast<std::size_t>(found - step.by_rows.begin());
}

ArenaBlocks blocks_of(const passes::TrainingStep& step, const KernelNeeds& needs) {
  return Blocks(step, needs).made();
}

}  // namespace frugal::emit
