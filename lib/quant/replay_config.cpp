#include "quant/replay_config.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "config/size.h"
#include "ir/graph.h"

namespace frugal::quant {
namespace {

using base::UserError;

constexpr std::int64_t most_bytes = std::int64_t{1} << 30;

std::int64_t checked_capacity(const ReplayConfig& config, const ReplayPlan& plan, std::int64_t classes) {
  const std::int64_t each = plan.example_bytes();
  const std::int64_t given = config::bytes_of(config.bytes, "replay.bytes"), fit = given / each;
  if (given > most_bytes)
    throw UserError("replay.bytes", config.bytes + " are more than a buffer may have", "at most 1024MB");
  const std::string samples =
      "examples of " + std::to_string(each) + " bytes ('" + plan.layer + "' and the class)";
  const auto smallest = [&](std::int64_t count) { return "at least " + std::to_string(count * each); };
  if (fit < classes)
    throw UserError("replay.bytes",
                    config.bytes + " hold " + std::to_string(fit) + " " + samples + ", not one of each of " +
                        std::to_string(classes) + " classes",
                    smallest(classes) + ", or a layer with fewer numbers");
  if (config.samples > fit)
    throw UserError(
        "replay.samples",
        std::to_string(config.samples) + " " + samples + " are more than " + config.bytes + " hold",
        "at most " + std::to_string(fit) + ", or replay.bytes of " + smallest(config.samples));
  if (config.samples > 0 && config.samples < classes)
    throw UserError(
        "replay.samples",
        std::to_string(config.samples) + " is not one of each of " + std::to_string(classes) + " classes",
        "at least " + std::to_string(classes));
  return config.samples > 0 ? config.samples : fit;
}

}  // namespace

void ReplayConfig::visit(config::Visitor& v) {
  v.field("bytes", bytes, "most that the buffer takes: 32KB (of 1024 bytes), 50000; empty: no replay");
  v.field(
      "layer", layer,
      "whose int8 output is kept; nothing before it is trained; auto: the smallest below what is trained");
  v.field("samples", samples, config::at_least(0), "examples that the buffer holds; 0: as many as fit");
  v.field("ratio", ratio, config::between(1, 1024), "examples replayed for each new one of a step");
}

void ReplayConfig::check() const {
  const ReplayConfig usual;
  if (!used() && (layer != usual.layer || samples != usual.samples || ratio != usual.ratio))
    throw UserError("replay", "has no effect without a buffer", "give replay.bytes, for example 32KB");
}

ops_replay ReplayPlan::layout() const {
  return {seed, static_cast<std::int32_t>(capacity), static_cast<std::int32_t>(activation_bytes),
          static_cast<std::int32_t>(classes)};
}

ReplayPlan plan_replay(const ReplayConfig& config, const ir::Graph& graph, ir::NodeId first_trained,
                       std::int64_t class_count, std::int64_t kept_classes, std::uint64_t seed) {
  ReplayPlan plan;
  plan.cut = choose_cut(graph, config.layer, first_trained, "replay.layer");
  plan.layer = graph.tensor(plan.cut.value).name;
  plan.activation_bytes = ir::bytes(graph.tensor(plan.cut.value));
  plan.label_bytes = class_count <= 256 ? 1 : 2;
  plan.classes = class_count;
  plan.ratio = config.ratio;
  plan.seed = seed;
  plan.capacity = checked_capacity(config, plan, kept_classes);
  return plan;
}

nlohmann::ordered_json to_json(const ReplayPlan& plan) {
  return {{"layer", plan.layer},
          {"example_bytes", plan.example_bytes()},
          {"examples", plan.capacity},
          {"bytes", plan.capacity * plan.example_bytes()},
          {"ratio", plan.ratio}};
}

}  // namespace frugal::quant
