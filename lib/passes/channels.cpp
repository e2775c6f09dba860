#include "passes/channels.h"

#include <algorithm>

#include "ir/operator.h"
#include "ir/verify.h"

namespace frugal::passes {
namespace {

using ir::Node;
using ir::NodeId;
using ir::TensorId;

constexpr std::int32_t most_channels = 64;

bool holds(const std::vector<TensorId>& ids, TensorId id) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

bool is_one_of(const Node& node, std::initializer_list<const char*> names) {
  return std::any_of(names.begin(), names.end(), [&](const char* name) { return ir::is(node, name); });
}

// Channel by channel from its first input.
bool makes_hidden(const Node& node) {
  return is_one_of(node,
                   {"rescale_gradient", "depthwise_input_gradient", "depthwise_input_gradient_in_place"});
}

// One run: its members, and what stands between them.
class Run {
 public:
  Run(const ir::Graph& graph, NodeId begin) : graph_(graph), begin_(begin) {}

  // Whether one begins there that is whole.
  bool found() {
    const Node& first = graph_.nodes[index(begin_)];
    if (!is_convolution(first)) return false;
    const ir::Dims &taken = graph_.tensor(first.inputs[0]).shape, &given = graph_.tensor(first.output).shape;
    if (given[0] != 1 || given[1] <= taken[1]) return false;  // a projection's
    members_.push_back(begin_);
    hidden_.push_back(first.output);
    for (auto n = begin_ + 1; n < static_cast<NodeId>(graph_.nodes.size()); ++n) {
      const Node& node = graph_.nodes[index(n)];
      if (std::none_of(node.inputs.begin(), node.inputs.end(),
                       [&](TensorId id) { return holds(hidden_, id); }))
        continue;
      if (!takes(node)) return false;
      members_.push_back(n);
    }
    if (std::any_of(graph_.outputs.begin(), graph_.outputs.end(),
                    [&](TensorId id) { return holds(hidden_, id); }))
      return false;
    return members_.size() > 2 && sums_ < 2 && sort_others();
  }

  // The nodes of the graph with the members side by side, the first of them at `begin`.
  std::vector<Node> ordered(ChannelLoop& range) const {
    const std::vector<Node>& nodes = graph_.nodes;
    std::vector<Node> all(nodes.begin(), nodes.begin() + begin_);
    const auto add = [&](const std::vector<NodeId>& some) {
      for (const NodeId n : some) all.push_back(nodes[index(n)]);
    };
    add(before_);
    range.begin = static_cast<NodeId>(all.size());
    add(members_);
    range.end = static_cast<NodeId>(all.size());
    add(behind_);
    all.insert(all.end(), nodes.begin() + members_.back() + 1, nodes.end());
    return all;
  }

 private:
  // An input gradient in float, over images, without groups.
  bool is_convolution(const Node& node) const {
    if (!is_one_of(node, {"conv_input_gradient", "conv_input_gradient_of_parts"})) return false;
    const bool has_groups =
        ir::is(node, "conv_input_gradient") && ir::call_of(graph_, node).integer("groups") != 1;
    const ir::Tensor &taken = graph_.tensor(node.inputs[0]), &given = graph_.tensor(node.output);
    return !has_groups && taken.type == ir::DataType::float32 && given.type == ir::DataType::float32 &&
           given.shape.size() == 4;
  }

  bool is_pointwise(const Node& node) const {
    const ir::Call call = ir::call_of(graph_, node);
    for (const char* name : {"kernel", "stride", "dilation"})
      for (const std::int64_t one : call.integers(name))
        if (one != 1) return false;
    for (const std::int64_t none : call.integers("padding"))
      if (none != 0) return false;
    return true;
  }

  // A node that reads hidden channels, if it can take some of them at a time.
  bool takes(const Node& node) {
    const bool first = holds(hidden_, node.inputs[0]);
    const auto others = std::count_if(node.inputs.begin() + 1, node.inputs.end(),
                                      [&](TensorId id) { return holds(hidden_, id); });
    if (is_one_of(node, {"conv_weight_update"}))
      return !first && others == 1 && holds(hidden_, node.inputs[2]);
    if (!first || others > 0) return false;
    if (is_one_of(node, {"channel_sum"})) return true;
    if (is_convolution(node)) {
      ++sums_;
      return is_pointwise(node);
    }
    const ir::Dims &taken = graph_.tensor(node.inputs[0]).shape, &given = graph_.tensor(node.output).shape;
    if (!makes_hidden(node) || given.size() != 4 || given[1] != taken[1]) return false;
    hidden_.push_back(node.output);
    return true;
  }

  // Between the members: what needs none of them comes before all, the others, and updates, behind.
  bool sort_others() {
    std::vector<TensorId> late;
    for (const NodeId n : members_) late.push_back(graph_.nodes[index(n)].output);
    std::size_t next = 0;
    for (NodeId n = begin_; n < members_.back(); ++n) {
      if (n == members_[next]) {
        ++next;
        continue;
      }
      const Node& node = graph_.nodes[index(n)];
      const bool waits = is_update(node) || std::any_of(node.inputs.begin(), node.inputs.end(),
                                                        [&](TensorId id) { return holds(late, id); });
      (waits ? behind_ : before_).push_back(n);
      if (waits) late.push_back(node.output);
    }
    // No member may need what now comes behind it.
    for (const NodeId n : behind_) {
      const TensorId made = graph_.nodes[index(n)].output;
      for (const NodeId member : members_)
        if (holds(graph_.nodes[index(member)].inputs, made)) return false;
    }
    return true;
  }

  const ir::Graph& graph_;
  NodeId begin_;
  std::vector<NodeId> members_, before_, behind_;
  std::vector<TensorId> hidden_;
  int sums_ = 0;
};

}  // namespace

TrainingStep with_channels_in_turn(TrainingStep step) {
  ir::Graph& graph = step.model.graph;
  for (NodeId n = step.forward_end; n < static_cast<NodeId>(graph.nodes.size()); ++n) {
    Run run(graph, n);
    if (!run.found()) continue;
    ChannelLoop range;
    graph.nodes = run.ordered(range);
    step.by_channels.push_back(range);
    n = range.end - 1;
  }
  ir::verify(graph, graph.name);
  return step;
}

std::int64_t channels_of(const TrainingStep& step, const ChannelLoop& loop) {
  const ir::Graph& graph = step.model.graph;
  return graph.tensor(graph.nodes[index(loop.begin)].output).shape[1];
}

std::vector<TensorId> hidden_of(const TrainingStep& step, const ChannelLoop& loop) {
  const ir::Graph& graph = step.model.graph;
  std::vector<TensorId> hidden{graph.nodes[index(loop.begin)].output};
  for (NodeId n = loop.begin + 1; n < loop.end; ++n) {
    const Node& node = graph.nodes[index(n)];
    if (makes_hidden(node) && holds(hidden, node.inputs[0])) hidden.push_back(node.output);
  }
  return hidden;
}

TrainingStep with_useful_channels(TrainingStep step, const Measure& measure) {
  const std::size_t bytes = measure(step);
  for (std::size_t i = step.by_channels.size(); i-- > 0;) {
    const ChannelLoop range = step.by_channels[i];
    const auto at = step.by_channels.begin() + static_cast<std::ptrdiff_t>(i);
    step.by_channels.erase(at);
    if (measure(step) > bytes)
      step.by_channels.insert(step.by_channels.begin() + static_cast<std::ptrdiff_t>(i), range);
  }
  for (ChannelLoop& loop : step.by_channels) {  // fewer turns where memory is left
    const std::int32_t least = loop.at_once;
    for (loop.at_once = most_channels; loop.at_once > least; loop.at_once /= 2)
      if (measure(step) <= bytes) break;
  }
  return step;
}

}  // namespace frugal::passes
