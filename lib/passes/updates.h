// From gradients to a training step: a node that updates each trained parameter, standing as early as it may.
//
// An update overwrites its parameter, so it stands behind the last node that reads it (the gradient of what
// the layer takes does); no earlier than that, and no later, so that the gradient's memory is free again
// (the reordering of Lin et al., NeurIPS 2022, section 2.3).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "autodiff/backward.h"
#include "ir/model.h"
#include "ops/replay.h"

namespace frugal::passes {

struct UpdateConfig {
  bool qas = true;
  std::string storage = "stochastic";  // or "nearest"
  bool early = true;                   // false: all updates at the end, as a framework's optimiser does
};

// What a device keeps in memory that it may change.
struct Trained {
  ir::TensorId parameter = ir::none;
  // The network's own parameter: the same, or that of which these are the trained channels (passes/split.h).
  ir::TensorId whole = ir::none;
  std::vector<std::int64_t> channels;
  bool depthwise = false;  // its channels are those of the output
};

// Nodes [begin, end) that run row by row (passes/rows.h).
struct RowChain {
  ir::NodeId begin = 0, end = 0;
  bool over_input = false;  // rows of its output lie where rows of its input lay
  // Rows that one call gives: of the last layer, and of those between it and the first. The first, whose
  // whole input is there, gives as many as the next one asks for.
  std::int32_t at_once = 1, at_once_within = 1;
  bool operator==(const RowChain&) const = default;
};

// Nodes [begin, end) that run some channels at a time (passes/channels.h).
struct ChannelLoop {
  ir::NodeId begin = 0, end = 0;
  std::int32_t at_once = 16;  // channels, a multiple of 8
};

// Old examples that a step learns again: activations that take the place of `value`, from which all that is
// trained is computed (quant/cut.h).
struct Replayed {
  ir::TensorId value = ir::none;
  ops_replay buffer = {};
  std::int32_t ratio = 0;  // for each new example
};

// One step on one sample as a graph: forward, loss, backward and updates.
struct TrainingStep {
  ir::Model model;             // outputs: logits, loss, then the updated parameters
  ir::NodeId forward_end = 0;  // nodes [0, forward_end) are the forward pass and the loss
  // Inputs. label: none of an auto-encoder.
  ir::TensorId image = ir::none, label = ir::none, rate = ir::none, seed = ir::none;
  ir::TensorId logits = ir::none, loss = ir::none;
  std::vector<Trained> trained;        // in the order of their places
  std::vector<std::string> untrained;  // channels whose scale says nothing: "blocks.3.weight: 4 of 96"
  std::vector<RowChain> by_rows;
  std::vector<ChannelLoop> by_channels;
  std::optional<Replayed> replay;
  bool without_floats = false;  // rate is ops_number, loss has OPS_LOSS_BITS behind the point
};

// Bytes of memory that a step takes.
using Measure = std::function<std::size_t(const TrainingStep&)>;

bool is_update(const ir::Node& node);
// The attributes of an operator, each taken from a list that has one of its name: `from` says which.
ir::Attributes attributes_of(const ir::Operator& op,
                             const std::function<const ir::Attributes&(const std::string& name)>& from);
using ir::index;
TrainingStep with_updates(const autodiff::TrainingGraph& training, const UpdateConfig& config,
                          const std::string& origin);

}  // namespace frugal::passes
