// What of old examples a network keeps, and where: the keys `replay` of a config, and what they come to for a
// network (latent replay, quant/replay_buffer.h).
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "config/visitor.h"
#include "quant/cut.h"
#include "quant/replay_buffer.h"

namespace frugal::quant {

struct ReplayConfig {
  std::string bytes;           // most that the buffer takes; empty: no replay
  std::string layer = "auto";  // whose output is kept
  std::int64_t samples = 0;    // examples that it holds; 0: as many as fit
  std::int64_t ratio = 4;      // replayed for each new example

  bool used() const { return !bytes.empty(); }
  void visit(config::Visitor& v);
  // UserError where a key has no effect without a buffer.
  void check() const;
};

// Of one network.
struct ReplayPlan {
  Cut cut;
  std::string layer;  // the name of cut.value
  std::int64_t activation_bytes = 0, label_bytes = 1, classes = 0;
  std::int64_t capacity = 0, ratio = 0;  // examples
  std::uint64_t seed = 0;

  std::int64_t example_bytes() const { return activation_bytes + label_bytes; }
  ops_replay layout() const;
  ReplayBuffer buffer() const { return ReplayBuffer(layout()); }  // empty
};

// class_count: of the head; kept_classes: those that are to be kept. `first_trained`: the first node that is
// trained. UserError for a layer below which something is trained, and, with the smallest size that works,
// for a buffer that holds no sample of each class or less than the samples that were asked for.
ReplayPlan plan_replay(const ReplayConfig& config, const ir::Graph& graph, ir::NodeId first_trained,
                       std::int64_t class_count, std::int64_t kept_classes, std::uint64_t seed);

nlohmann::ordered_json to_json(const ReplayPlan& plan);

}  // namespace frugal::quant
