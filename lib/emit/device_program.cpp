#include "emit/device_program.h"

#include <algorithm>

#include "base/error.h"
#include "ir/operator.h"
#include "plan/peak.h"
#include "quant/kernels.h"

namespace frugal::emit {
namespace {

using ir::NodeId;
using ir::TensorId;
using passes::index;

// In place there is nothing to do.
bool copies(const quant::Step& step) {
  return step.calls.size() == 1 && step.calls[0].kernel == "ops_copy_rows";
}
}  // namespace

DeviceProgram::DeviceProgram(passes::TrainingStep step, std::int32_t target, const std::string& origin,
                             const std::vector<plan::Region>& memories)
    : step_(std::move(step)),
      layouts_(ops::layouts_of(step_.model.graph)),
      parameters_(step_.model, layouts_),
      homes_(graph().tensors.size()) {
  for (const ir::Node& node : graph().nodes) calls_.push_back(quant::bind(step_.model, node, origin));
  find_inference();
  place_state();
  place_arena(target, origin, memories);
}

std::span<const std::byte> DeviceProgram::numbers(TensorId id) const {
  return {parameters_.at(id), step_.model.data[index(id)].size()};
}

void DeviceProgram::find_inference() {
  std::vector<bool> needed(graph().tensors.size(), false);
  needed[index(step_.label == ir::none ? step_.loss : step_.logits)] = true;
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
  state_bytes_ += replay_bytes();
}

std::size_t DeviceProgram::replay_bytes() const {
  return step_.replay ? plan::aligned(ops_replay_bytes(&step_.replay->buffer), alignment) : 0;
}

NodeId DeviceProgram::front_end() const {
  if (!step_.replay) return step_.forward_end;
  for (NodeId n = 0; n < step_.forward_end; ++n) {
    if (graph().nodes[index(n)].output == step_.replay->value) return n + 1;
  }
  return 0;  // the input itself is kept
}

std::size_t DeviceProgram::factory_bytes() const {
  std::size_t bytes = counter_bytes;
  for (const passes::Trained& one : step_.trained) {
    if (one.whole == one.parameter) bytes += plan::aligned(numbers(one.parameter).size(), alignment);
  }
  return bytes;
}

// The memories one after the other, as if they were one.
void DeviceProgram::spread(const std::vector<plan::Region>& memories) {
  const plan::RegionPlan spread = plan::place_in_regions(arena_.blocks, memories);
  if (!spread.fits())
    throw base::UserError("device.memories", plan::why_not(arena_.blocks, memories, spread));
  std::size_t end = 0;
  for (std::size_t m = 0; m < memories.size(); ++m) {
    pieces_.push_back({memories[m].name, end, plan::aligned(spread.used[m], alignment)});
    end += pieces_[m].bytes;
  }
  plan_.arena = {spread.offsets, end};
  plan_.lower_bound = plan::peak_of(arena_.blocks).bytes;
  plan_.method = "memories";
  for (std::size_t b = 0; b < arena_.blocks.size(); ++b) {
    if (spread.region[b] != plan::no_region) plan_.arena.offsets[b] += pieces_[spread.region[b]].begin;
  }
}

void DeviceProgram::place_arena(std::int32_t target, const std::string& origin,
                                const std::vector<plan::Region>& memories) {
  std::vector<quant::Step> parts = parts_of(step_, origin);
  const KernelNeeds needs = needs_of(step_, calls_, parts, target);
  for (std::size_t n = 0; n < parts.size(); ++n) {
    if (!parts[n].calls.empty()) calls_[n] = std::move(parts[n]);
  }
  arena_ = blocks_of(step_, needs);
  if (memories.empty()) {
    plan_ = plan::place(arena_.blocks);
    pieces_ = {{"", 0, plan::aligned(plan_.arena.bytes, alignment)}};
  } else {
    spread(memories);
  }
  arena_bytes_ = pieces_.back().begin + pieces_.back().bytes;
  for (const ir::Node& node : graph().nodes) {  // an update gives what its parameter holds
    if (passes::is_update(node)) homes_[index(node.output)] = homes_[index(node.inputs[0])];
  }
  for (std::size_t i = 0; i < homes_.size(); ++i) {
    const std::size_t block = arena_.of_tensor[i];
    if (block != ArenaBlocks::none) homes_[i] = {Place::arena, plan_.arena.offsets[block] + arena_.inside[i]};
  }
  for (const plan::Share& share : needs.shares) {
    for (std::size_t n = 0; n < calls_.size(); ++n) {
      if (graph().nodes[n].output == share.output && copies(calls_[n])) calls_[n].calls.clear();
    }
  }
}

}  // namespace frugal::emit
