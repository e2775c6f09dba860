// Latent replay in an adaptation: where activations of old examples are kept, how many, and what each step
// learns of them (quant/replay_config.h).
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "config/visitor.h"
#include "quant/replay_config.h"
#include "quant/replay_steps.h"
#include "quant/trainer.h"

namespace frugal::adapt {

struct ReplayConfig : quant::ReplayConfig {
  std::string steps = "one";  // or "each"

  void visit(config::Visitor& v);
  // UserError where a key has no effect; `allowed`: there is a stream on integers.
  void check(bool allowed, std::int64_t batch_size) const;
};

class ReplayMemory {
 public:
  // As quant::plan_replay; classes: that are to be kept.
  ReplayMemory(const ReplayConfig& config, const ir::Graph& graph, ir::NodeId first_trained,
               std::int64_t class_count, std::int64_t classes, std::uint64_t seed);

  const quant::ReplayPlan& plan() const { return plan_; }
  quant::ReplayBuffer& buffer() { return buffer_; }
  const quant::ReplayBuffer& buffer() const { return buffer_; }
  // Steps of the trainer for one of the adaptation: more where each replayed example has its own.
  bool apart() const { return apart_; }
  std::int64_t trainer_steps(std::int64_t steps) const {
    return apart_ ? steps * quant::steps_of_each(plan_) : steps;
  }

  // What a step that learns so many images replays.
  quant::Replay drawn(std::size_t images, std::int64_t step) const;
  // Activations, one after the other, and their classes.
  void offer(std::span<const std::int8_t> activations, std::span<const std::int32_t> labels);

  nlohmann::ordered_json to_json() const;

 private:
  bool apart_;
  quant::ReplayPlan plan_;
  quant::ReplayBuffer buffer_;
};

}  // namespace frugal::adapt
