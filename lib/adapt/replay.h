// Latent replay in an adaptation: where activations of old examples are kept, how many, and what each step
// learns of them (quant/replay_buffer.h).
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "config/visitor.h"
#include "quant/replay_buffer.h"
#include "quant/trainer.h"

namespace frugal::adapt {

struct ReplayConfig {
  std::string bytes;           // most that the buffer takes; empty: no replay
  std::string layer = "auto";  // whose output is kept
  std::int64_t samples = 0;    // examples that it holds; 0: as many as fit
  std::int64_t ratio = 4;      // replayed for each new example of a step

  bool used() const { return !bytes.empty(); }
  void visit(config::Visitor& v);
  // UserError where a key has no effect; `allowed`: there is a stream on integers.
  void check(bool allowed) const;
};

class ReplayMemory {
 public:
  // class_count: of the head; classes: that are to be kept. `first_trained`: the first node that is trained.
  // UserError for a layer below which something is trained, and, with the smallest size that works, for a
  // buffer that holds no sample of each class or less than the samples that were asked for.
  ReplayMemory(const ReplayConfig& config, const ir::Graph& graph, ir::NodeId first_trained,
               std::int64_t class_count, std::int64_t classes, std::uint64_t seed);

  const quant::Cut& cut() const { return cut_; }
  quant::ReplayBuffer& buffer() { return buffer_; }
  const quant::ReplayBuffer& buffer() const { return buffer_; }

  // What a step that learns so many images replays.
  quant::Replay drawn(std::size_t images, std::int64_t step) const;
  // Activations, one after the other, and their classes.
  void offer(std::span<const std::int8_t> activations, std::span<const std::int32_t> labels);

  nlohmann::ordered_json to_json() const;

 private:
  std::size_t checked_capacity(const ReplayConfig& config, std::int64_t classes) const;

  quant::Cut cut_;
  std::string layer_;
  std::int64_t ratio_, activation_bytes_, label_bytes_;
  quant::ReplayBuffer buffer_;
};

}  // namespace frugal::adapt
