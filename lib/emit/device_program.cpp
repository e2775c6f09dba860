#include "emit/device_program.h"

#include <algorithm>

#include "base/error.h"
#include "ir/operator.h"
#include "ops/rows.h"
#include "plan/lifetimes.h"
#include "quant/kernels.h"

namespace frugal::emit {
namespace {

using ir::NodeId;
using ir::TensorId;
using passes::index;

// In place, a copy has nothing to do, and one that moves elements cannot be done.
bool copies(const quant::Step& step) {
  return step.calls.size() == 1 && step.calls[0].kernel == "ops_copy_rows";
}
bool moves(const quant::Step& step) {
  return std::any_of(step.calls.begin(), step.calls.end(),
                     [](const quant::Call& call) { return call.kernel == "ops_reorder"; });
}

}  // namespace

DeviceProgram::DeviceProgram(passes::TrainingStep step, std::int32_t target, const std::string& origin)
    : step_(std::move(step)),
      layouts_(ops::layouts_of(step_.model.graph)),
      parameters_(step_.model, layouts_),
      homes_(graph().tensors.size()) {
  for (const ir::Node& node : graph().nodes) calls_.push_back(quant::bind(step_.model, node, origin));
  find_inference();
  place_state();
  place_arena(target);
}

std::span<const std::byte> DeviceProgram::numbers(TensorId id) const {
  return {parameters_.at(id), step_.model.data[index(id)].size()};
}

void DeviceProgram::find_inference() {
  std::vector<bool> needed(graph().tensors.size(), false);
  needed[index(step_.logits)] = true;
  for (NodeId n = step_.forward_end - 1; n >= 0; --n) {
    const ir::Node& node = graph().nodes[index(n)];
    if (!needed[index(node.output)]) continue;
    for (const TensorId id : node.inputs) needed[index(id)] = true;
    inference_.push_back(n);
  }
  std::reverse(inference_.begin(), inference_.end());
}

void DeviceProgram::place_state() {
  state_bytes_ = counter_bytes;
  for (const passes::Trained& one : step_.trained) {
    const TensorId id = one.parameter;
    homes_[index(id)] = {Place::state, state_bytes_};
    state_bytes_ += plan::aligned(step_.model.data[index(id)].size(), alignment);
  }
}

const RowChain* DeviceProgram::chain_of(NodeId node) const {
  const auto found = std::find_if(chains_.begin(), chains_.end(), [&](const RowChain& chain) {
    return chain.nodes.begin <= node && node < chain.nodes.end;
  });
  return found == chains_.end() ? nullptr : &*found;
}

// The most that one of these nodes needs while it runs.
std::size_t DeviceProgram::scratch_of(ir::NodeRange nodes, std::int32_t target) const {
  std::size_t most = 0;
  for (NodeId n = nodes.begin; n < nodes.end; ++n) {
    const quant::Step& step = calls(n);
    if (step.scratch_on) most = std::max(most, step.scratch_on(target));
  }
  return most;
}

// All of a chain is alive from its first node to its last: its input, some rows of what lies between, its
// output.
void DeviceProgram::add_chains(std::vector<plan::Block>& lives, const std::vector<TensorId>& owners) {
  for (const ir::NodeRange& nodes : step_.by_rows) {
    chains_.push_back({nodes, 0});
    for (NodeId n = nodes.begin; n < nodes.end; ++n) {
      const ir::Node& node = graph().nodes[index(n)];
      plan::Block &x = lives[index(owners[index(node.inputs[0])])], &y = lives[index(node.output)];
      if (n > nodes.begin) {
        const ir::Tensor& tensor = graph().tensor(node.inputs[0]);
        const ops_window window = ops::window_of(node, tensor.shape, graph().tensor(node.output).shape);
        x.bytes = static_cast<std::size_t>(ops_rows_kept(&window)) *
                  static_cast<std::size_t>(window.in_width) * static_cast<std::size_t>(window.in_channels);
        x.name += " (rows)";
      }
      x.last = std::max(x.last, nodes.end - 1);
      y.first = std::min(y.first, nodes.begin);
    }
  }
}

void DeviceProgram::place_arena(std::int32_t target) {
  const auto number = [&](const ir::Node& node) { return static_cast<NodeId>(&node - graph().nodes.data()); };
  std::vector<plan::Share> shares =
      plan::in_place(graph(), [&](const ir::Node& node) { return !moves(calls(number(node))); });
  std::erase_if(shares, [&](const plan::Share& share) {
    return share.input == step_.logits || share.input == step_.loss;  // read when the forward pass is over
  });
  const std::vector<TensorId> owners = plan::owners(graph(), shares);
  std::vector<plan::Block> lives = plan::lifetimes(graph(), alignment, shares);
  const auto life = [&](TensorId id) -> plan::Block& { return lives[index(id)]; };
  for (const ir::Node& node : graph().nodes) {  // an update gives what its parameter holds
    if (!passes::is_update(node)) continue;
    homes_[index(node.output)] = homes_[index(node.inputs[0])];
    life(node.output) = {};
  }
  // Both are read when the forward pass is over; nothing reads them at the end.
  for (const TensorId id : {step_.logits, step_.loss}) {
    NodeId last = step_.forward_end;
    for (NodeId n = 0; n < static_cast<NodeId>(graph().nodes.size()); ++n) {
      const auto& inputs = graph().nodes[index(n)].inputs;
      if (std::find(inputs.begin(), inputs.end(), id) != inputs.end()) last = std::max(last, n);
    }
    life(owners[index(id)]).last = std::max(last, life(owners[index(id)]).last);
  }
  add_chains(lives, owners);
  for (const plan::Block& block : lives) {
    if (block.bytes > 0) blocks_.push_back(block);
  }
  scratch_.assign(graph().nodes.size(), 0);
  std::vector<NodeId> with_scratch;
  for (NodeId n = 0; n < static_cast<NodeId>(graph().nodes.size()); ++n) {
    const RowChain* chain = chain_of(n);
    if (chain != nullptr && chain->nodes.begin != n) continue;
    const std::size_t bytes =
        chain != nullptr ? scratch_of(chain->nodes, target) : scratch_of({n, n + 1}, target);
    if (bytes == 0) continue;
    blocks_.push_back({bytes, n, chain != nullptr ? chain->nodes.end - 1 : n, alignment,
                       graph().name_of(graph().nodes[index(n)]) + " (scratch)"});
    with_scratch.push_back(n);
  }
  for (const RowChain& chain : chains_) {
    const auto layers = static_cast<std::size_t>(chain.nodes.end - chain.nodes.begin);
    blocks_.push_back({2 * sizeof(std::int32_t) * layers, chain.nodes.begin, chain.nodes.end - 1, alignment,
                       graph().name_of(graph().nodes[index(chain.nodes.begin)]) + " (rows there)"});
  }
  plan_ = plan::place(blocks_);
  arena_bytes_ = plan::aligned(plan_.arena.bytes, alignment);
  std::size_t next = 0;
  for (std::size_t i = 0; i < lives.size(); ++i) {
    if (lives[i].bytes > 0) homes_[i] = {Place::arena, plan_.arena.offsets[next++]};
  }
  for (std::size_t i = 0; i < lives.size(); ++i) {
    if (owners[i] != static_cast<TensorId>(i)) homes_[i] = homes_[index(owners[i])];
  }
  for (const plan::Share& share : shares) {
    for (NodeId n = 0; n < static_cast<NodeId>(calls_.size()); ++n) {
      quant::Step& step = calls_[index(n)];
      if (graph().nodes[index(n)].output == share.output && copies(step)) step.calls.clear();
    }
  }
  for (const NodeId n : with_scratch) {
    const RowChain* chain = chain_of(n);
    for (NodeId one = n; one < (chain != nullptr ? chain->nodes.end : n + 1); ++one)
      scratch_[index(one)] = plan_.arena.offsets[next];
    ++next;
  }
  for (RowChain& chain : chains_) chain.state = plan_.arena.offsets[next++];
}

}  // namespace frugal::emit
