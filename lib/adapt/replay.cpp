#include "adapt/replay.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "config/size.h"
#include "ir/graph.h"

namespace frugal::adapt {
namespace {

using base::UserError;

}  // namespace

void ReplayConfig::visit(config::Visitor& v) {
  v.field("bytes", bytes, "most that the buffer takes: 32KB (of 1024 bytes), 50000; empty: no replay");
  v.field(
      "layer", layer,
      "whose int8 output is kept; nothing before it is trained; auto: the smallest below what is trained");
  v.field("samples", samples, config::at_least(0), "examples that the buffer holds; 0: as many as fit");
  v.field("ratio", ratio, config::between(1, 1024), "examples replayed for each new one of a step");
}

void ReplayConfig::check(bool allowed) const {
  const ReplayConfig usual;
  if (!used() && (layer != usual.layer || samples != usual.samples || ratio != usual.ratio))
    throw UserError("replay", "has no effect without a buffer", "give replay.bytes, for example 32KB");
  if (used() && !allowed)
    throw UserError("replay", "keeps int8 activations of classes that come one after the other",
                    "give stream.order, and a method on integers");
}

ReplayMemory::ReplayMemory(const ReplayConfig& config, const ir::Graph& graph, ir::NodeId first_trained,
                           std::int64_t class_count, std::int64_t classes, std::uint64_t seed)
    : cut_(quant::choose_cut(graph, config.layer, first_trained, "replay.layer")),
      layer_(graph.tensor(cut_.value).name),
      ratio_(config.ratio),
      activation_bytes_(ir::bytes(graph.tensor(cut_.value))),
      label_bytes_(class_count <= 256 ? 1 : 2),
      buffer_(checked_capacity(config, classes), static_cast<std::size_t>(activation_bytes_), class_count,
              seed) {}

std::size_t ReplayMemory::checked_capacity(const ReplayConfig& config, std::int64_t classes) const {
  const std::int64_t each = activation_bytes_ + label_bytes_;
  const std::int64_t fit = config::bytes_of(config.bytes, "replay.bytes") / each;
  const std::string samples =
      "examples of " + std::to_string(each) + " bytes ('" + layer_ + "' and the class)";
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
  return static_cast<std::size_t>(config.samples > 0 ? config.samples : fit);
}

quant::Replay ReplayMemory::drawn(std::size_t images, std::int64_t step) const {
  quant::Replay replay;
  replay.cut = cut_;
  for (const std::size_t i : buffer_.draw(images * static_cast<std::size_t>(ratio_), step)) {
    replay.activations.push_back(buffer_.activation(i));
    replay.labels.push_back(buffer_.label(i));
  }
  return replay;
}

void ReplayMemory::offer(std::span<const std::int8_t> activations, std::span<const std::int32_t> labels) {
  const auto each = static_cast<std::size_t>(activation_bytes_);
  for (std::size_t i = 0; i < labels.size(); ++i)
    buffer_.offer(activations.subspan(i * each, each), labels[i]);
}

nlohmann::ordered_json ReplayMemory::to_json() const {
  const std::int64_t each = activation_bytes_ + label_bytes_;
  return {{"layer", layer_},
          {"example_bytes", each},
          {"examples", buffer_.capacity()},
          {"bytes", static_cast<std::int64_t>(buffer_.capacity()) * each},
          {"ratio", ratio_}};
}

}  // namespace frugal::adapt
