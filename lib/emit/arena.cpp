#include "emit/arena.h"

#include <algorithm>
#include <iterator>

#include "ir/operator.h"
#include "ops/arguments.h"
#include "ops/rows.h"
#include "passes/channels.h"
#include "passes/rows.h"
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

// The number of the range that holds a node.
template <typename Range>
std::size_t range_of(const std::vector<Range>& ranges, NodeId node) {
  const auto found = std::find_if(ranges.begin(), ranges.end(), [&](const Range& nodes) {
    return nodes.begin <= node && node < nodes.end;
  });
  return found == ranges.end() ? ArenaBlocks::none : static_cast<std::size_t>(found - ranges.begin());
}

// Some channels of a map in float are little: a depthwise layer in a loop over them gives its own, instead of
// copying them out to work in place.
std::vector<plan::Share> shares_of(const passes::TrainingStep& step, const KernelNeeds& needs) {
  std::vector<plan::Share> shares = needs.shares;
  const std::vector<ir::Node>& nodes = step.model.graph.nodes;
  for (const passes::ChannelLoop& loop : step.by_channels) {
    for (NodeId n = loop.begin; n < loop.end; ++n) {
      if (nodes[index(n)].op->name != std::string("depthwise_input_gradient_in_place")) continue;
      std::erase_if(shares, [&](const plan::Share& share) { return share.output == nodes[index(n)].output; });
    }
  }
  return shares;
}

class Blocks {
 public:
  Blocks(const passes::TrainingStep& step, const KernelNeeds& needs)
      : step_(step),
        graph_(step.model.graph),
        needs_(needs),
        shares_(shares_of(step, needs)),
        owners_(plan::owners(graph_, shares_)),
        lives_(plan::lifetimes(graph_, alignment, shares_)) {}

  ArenaBlocks made() {
    for (const ir::Node& node : graph_.nodes) {  // an update gives what its parameter holds
      if (passes::is_update(node)) lives_[index(node.output)] = {};
    }
    // Both are read when the forward pass is over; nothing reads them at the end.
    for (const TensorId id : {step_.logits, step_.loss})
      life(id).last = last_reader(graph_, id, step_.forward_end);
    made_.inside.assign(graph_.tensors.size(), 0);
    for (const passes::RowChain& chain : step_.by_rows) keep_rows(chain);
    for (const passes::RowChain& chain : step_.by_rows) {
      if (chain.over_input) join(chain);
    }
    for (const passes::ChannelLoop& loop : step_.by_channels) keep_channels(loop);
    place_tensors();
    place_scratch();
    for (const passes::RowChain& nodes : step_.by_rows) {
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
  void keep_rows(const passes::RowChain& nodes) {
    for (NodeId n = nodes.begin; n < nodes.end; ++n) {
      const ir::Node& node = graph_.nodes[index(n)];
      plan::Block &x = life(node.inputs[0]), &y = life(node.output);
      if (n > nodes.begin) {
        const ir::Tensor& tensor = graph_.tensor(node.inputs[0]);
        const ops_window window = ops::window_of(node, tensor.shape, graph_.tensor(node.output).shape);
        x.bytes = static_cast<std::size_t>(
                      ops_rows_kept(&window, n + 1 == nodes.end ? nodes.at_once : nodes.at_once_within)) *
                  static_cast<std::size_t>(window.in_width) * static_cast<std::size_t>(window.in_channels);
        x.name += " (rows)";
      }
      x.last = std::max(x.last, nodes.end - 1);
      y.first = std::min(y.first, nodes.begin);
    }
  }

  // All that a loop over channels reads or writes is alive throughout; of the hidden channels there are some.
  void keep_channels(const passes::ChannelLoop& loop) {
    const auto all = static_cast<std::size_t>(passes::channels_of(step_, loop));
    for (NodeId n = loop.begin; n < loop.end; ++n) {
      const ir::Node& node = graph_.nodes[index(n)];
      for (const TensorId id : node.inputs) life(id).last = std::max(life(id).last, loop.end - 1);
      life(node.output).first = std::min(life(node.output).first, loop.begin);
      life(node.output).last = std::max(life(node.output).last, loop.end - 1);
    }
    for (const TensorId id : passes::hidden_of(step_, loop)) {
      if (owners_[index(id)] != id) continue;
      plan::Block& block = lives_[index(id)];
      block.bytes = block.bytes / all * std::min(static_cast<std::size_t>(loop.at_once), all);
      block.name += " (some channels)";
    }
  }

  // One block for what a chain takes and for what it gives.
  void join(const passes::RowChain& chain) {
    const TensorId taken = owners_[index(graph_.nodes[index(chain.begin)].inputs[0])];
    const TensorId output = graph_.nodes[index(chain.end - 1)].output, given = owners_[index(output)];
    const std::size_t lead =
        made_.inside[index(output)] + plan::aligned(passes::lead_of(step_, chain), alignment);
    plan::Block &x = lives_[index(taken)], &y = lives_[index(given)];
    y.bytes = std::max(y.bytes, lead + x.bytes);
    y.first = std::min(y.first, x.first);
    y.last = std::max(y.last, x.last);
    y.name += " over " + x.name;
    x.bytes = 0;
    for (std::size_t i = 0; i < owners_.size(); ++i) {
      if (owners_[i] != taken) continue;
      owners_[i] = given;
      made_.inside[i] += lead;
    }
  }

  void place_tensors() {
    made_.of_tensor.assign(lives_.size(), ArenaBlocks::none);
    for (std::size_t i = 0; i < lives_.size(); ++i) {
      if (lives_[i].bytes > 0) made_.of_tensor[i] = add(lives_[i]);
    }
    for (std::size_t i = 0; i < lives_.size(); ++i) made_.of_tensor[i] = made_.of_tensor[index(owners_[i])];
  }

  void place_scratch() {
    made_.of_scratch.assign(graph_.nodes.size(), ArenaBlocks::none);
    for (NodeId n = 0; n < static_cast<NodeId>(graph_.nodes.size()); ++n) {
      const ir::NodeRange nodes = together_with(step_, n);
      if (n != nodes.begin) {
        made_.of_scratch[index(n)] = made_.of_scratch[index(nodes.begin)];
        continue;
      }
      const std::size_t loop = loop_of(step_, n);
      const bool by_channels = loop != ArenaBlocks::none;
      const std::vector<std::size_t>& needs = by_channels ? needs_.scratch_a_channel : needs_.scratch;
      const std::size_t bytes = *std::max_element(needs.begin() + nodes.begin, needs.begin() + nodes.end) *
                                (by_channels ? static_cast<std::size_t>(step_.by_channels[loop].at_once) : 1);
      if (bytes > 0)
        made_.of_scratch[index(n)] = add({bytes, n, nodes.end - 1, alignment, name(n) + " (scratch)"});
    }
  }

  const passes::TrainingStep& step_;
  const ir::Graph& graph_;
  const KernelNeeds& needs_;
  std::vector<plan::Share> shares_;
  std::vector<TensorId> owners_;
  std::vector<plan::Block> lives_;
  ArenaBlocks made_;
};

}  // namespace

std::vector<quant::Step> parts_of(const passes::TrainingStep& step, const std::string& origin) {
  std::vector<quant::Step> parts(step.model.graph.nodes.size());
  for (const passes::ChannelLoop& loop : step.by_channels) {
    const std::vector<TensorId> hidden = passes::hidden_of(step, loop);
    for (NodeId n = loop.begin; n < loop.end; ++n) {
      const ir::Node& node = step.model.graph.nodes[index(n)];
      const bool into = std::find(hidden.begin(), hidden.end(), node.output) != hidden.end();
      parts[index(n)] =
          quant::bind_part(step.model, node, origin, into ? quant::PartOf::output : quant::PartOf::input);
    }
  }
  return parts;
}

KernelNeeds needs_of(const passes::TrainingStep& step, const std::vector<quant::Step>& calls,
                     const std::vector<quant::Step>& parts, std::int32_t target) {
  const ir::Graph& graph = step.model.graph;
  KernelNeeds needs;
  needs.shares = plan::in_place(graph, [&](const ir::Node& node) {
    return !moves(calls[static_cast<std::size_t>(&node - graph.nodes.data())]);
  });
  std::erase_if(needs.shares, [&](const plan::Share& share) {
    return share.input == step.logits || share.input == step.loss;  // read when the forward pass is over
  });
  const auto scratch = [&](const quant::Step& one) {
    return one.scratch_on ? std::max(one.scratch_on(OPS_PLAIN), one.scratch_on(target)) : 0;
  };
  std::transform(calls.begin(), calls.end(), std::back_inserter(needs.scratch), scratch);
  std::transform(parts.begin(), parts.end(), std::back_inserter(needs.scratch_a_channel), scratch);
  return needs;
}

KernelNeeds needs_of(const passes::TrainingStep& step, std::int32_t target, const std::string& origin) {
  std::vector<quant::Step> calls;
  for (const ir::Node& node : step.model.graph.nodes) calls.push_back(quant::bind(step.model, node, origin));
  return needs_of(step, calls, parts_of(step, origin), target);
}

std::size_t chain_of(const passes::TrainingStep& step, NodeId node) { return range_of(step.by_rows, node); }
std::size_t loop_of(const passes::TrainingStep& step, NodeId node) {
  return range_of(step.by_channels, node);
}

ir::NodeRange together_with(const passes::TrainingStep& step, NodeId node) {
  if (const std::size_t chain = chain_of(step, node); chain != ArenaBlocks::none)
    return {step.by_rows[chain].begin, step.by_rows[chain].end};
  const std::size_t loop = loop_of(step, node);
  return loop == ArenaBlocks::none ? ir::NodeRange{node, node + 1}
                                   : ir::NodeRange{step.by_channels[loop].begin, step.by_channels[loop].end};
}

ArenaBlocks blocks_of(const passes::TrainingStep& step, const KernelNeeds& needs) {
  return Blocks(step, needs).made();
}

}  // namespace frugal::emit
