#include "adapt/replay.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "ir/graph.h"

namespace frugal::adapt {

using base::UserError;

void ReplayConfig::visit(config::Visitor& v) {
  quant::ReplayConfig::visit(v);
  v.choice(
      "steps", steps, {"one", "each"},
      "one: new and replayed examples make one step, of the mean of their gradients; each: every example "
      "makes a step of its own, the new one first, as on a device (`compile`)");
}

void ReplayConfig::check(bool allowed, std::int64_t batch_size) const {
  quant::ReplayConfig::check();
  if (!used() && steps != ReplayConfig().steps)
    throw UserError("replay.steps", "has no effect without a buffer", "give replay.bytes, for example 32KB");
  if (used() && !allowed)
    throw UserError("replay", "keeps int8 activations of classes that come one after the other",
                    "give stream.order, and a method on integers");
  if (steps == "each" && batch_size != 1)
    throw UserError("replay.steps",
                    "each: a step learns " + std::to_string(batch_size) + " new examples (method.batch_size)",
                    "set method.batch_size to 1");
}

ReplayMemory::ReplayMemory(const ReplayConfig& config, const ir::Graph& graph, ir::NodeId first_trained,
                           std::int64_t class_count, std::int64_t classes, std::uint64_t seed)
    : apart_(config.steps == "each"),
      plan_(quant::plan_replay(config, graph, first_trained, class_count, classes, seed)),
      buffer_(plan_.buffer()) {}

quant::Replay ReplayMemory::drawn(std::size_t images, std::int64_t step) const {
  quant::Replay replay;
  replay.cut = plan_.cut;
  for (const std::size_t i : buffer_.draw(images * static_cast<std::size_t>(plan_.ratio), step)) {
    replay.activations.push_back(buffer_.activation(i));
    replay.labels.push_back(buffer_.label(i));
  }
  return replay;
}

void ReplayMemory::offer(std::span<const std::int8_t> activations, std::span<const std::int32_t> labels) {
  const auto each = static_cast<std::size_t>(plan_.activation_bytes);
  for (std::size_t i = 0; i < labels.size(); ++i)
    buffer_.offer(activations.subspan(i * each, each), labels[i]);
}

nlohmann::ordered_json ReplayMemory::to_json() const {
  nlohmann::ordered_json json = quant::to_json(plan_);
  if (apart_) json["steps"] = "each";
  return json;
}

}  // namespace frugal::adapt
