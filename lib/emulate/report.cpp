#include "emulate/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/progress.h"
#include "emulate/scores.h"

namespace frugal::emulate {
namespace {

using Ordered = nlohmann::ordered_json;

// Variables of runtime and board beside arena and trained numbers: a hundred bytes or so.
constexpr std::int64_t most_runtime_bytes = 512;

struct Share {
  std::int64_t right = 0, count = 0;
  void take(const Answer& answer) {
    right += answer.predicted == answer.label ? 1 : 0;
    ++count;
  }
  Ordered json() const {
    return count == 0 ? Ordered(nullptr) : Ordered(static_cast<double>(right) / static_cast<double>(count));
  }
};

struct Counted {
  std::uint64_t least = ~std::uint64_t{0}, most = 0, sum = 0, count = 0;
  void take(std::uint64_t instructions) {
    least = std::min(least, instructions);
    most = std::max(most, instructions);
    sum += instructions;
    ++count;
  }
  Ordered json() const {
    if (count == 0 || most == 0) return nullptr;
    return {{"mean", sum / count}, {"least", least}, {"most", most}};
  }
};

Ordered memory_of(const Compiled& compiled, const Memory& memory) {
  const std::int64_t arena = compiled.planned("sram", "arena_bytes");
  const std::int64_t state = compiled.planned("sram", "state_bytes");
  Ordered json{{"sram_bytes", memory.static_bytes + memory.stack_used},
               {"static_bytes", memory.static_bytes},
               {"arena_bytes", arena},
               {"state_bytes", state}};
  if (compiled.replay) json["replay_bytes"] = compiled.planned("sram", "replay_bytes");
  json["runtime_bytes"] = memory.static_bytes - arena - state;
  json["stack_bytes"] = memory.stack_bytes;
  json["stack_used"] = memory.stack_used;
  json["flash_bytes"] = memory.flash_bytes;
  json["planned_flash_bytes"] = compiled.planned("flash", "bytes");
  return json;
}

std::string percent(const Ordered& share) {
  return share.is_null() ? "unknown" : fmt::format("{:.1f} %", 100 * share.get<double>());
}

std::string number(const Ordered& value) {
  return value.is_null() ? "unknown" : fmt::format("{:.3f}", value.get<double>());
}

std::string millions(const Ordered& counted) {
  return counted.is_null() ? "not counted" : fmt::format("{:.3f} M", counted["mean"].get<double>() / 1e6);
}

}  // namespace

std::vector<LayerCost> layers_of(const Compiled& compiled,
                                 const std::map<std::int64_t, std::uint64_t>& calls) {
  std::vector<LayerCost> layers;
  for (const auto& call : compiled.json().at("calls")) {
    const auto found = calls.find(call.at("mark").get<std::int64_t>());
    if (found != calls.end())
      layers.push_back({call.at("node").get<std::string>(), call.at("operator").get<std::string>(),
                        call.at("pass").get<std::string>(), found->second});
  }
  return layers;
}

Ordered to_json(const Compiled& compiled, const Lesson& lesson, const Output& output, device::Target target) {
  require_answers(lesson, output);
  std::vector<Share> points(lesson.points.size());
  Share online;
  Counted inference, step;
  for (std::size_t i = 0; i < lesson.turns.size(); ++i) {
    const Answer& answer = output.answers[i];
    const Turn& turn = lesson.turns[i];
    if (turn.remember) continue;
    (turn.learn ? online : points[turn.point]).take(answer);
    (turn.learn ? step : inference).take(answer.instructions);
  }
  const std::vector<quant::Detection> found =
      lesson.quantile ? detections(lesson, output.answers) : std::vector<quant::Detection>();
  Ordered curve = Ordered::array();
  for (std::size_t p = 0; p < points.size(); ++p) {
    if (lesson.quantile) points[p] = {found[p].right, found[p].count};
    curve.push_back(
        {{"learnt", lesson.points[p]}, {"accuracy", points[p].json()}, {"samples", points[p].count}});
    if (lesson.quantile) curve.back()["auc"] = quant::to_json(found[p])["auc"];
  }
  Ordered json{
      {"network", compiled.json().at("network")},
      {"network_id", compiled.network_id},
      {"target", device::name_of(target)},
      {"learnt", lesson.learnt()},
      {"predicted", static_cast<std::int64_t>(lesson.turns.size()) - lesson.learnt() - lesson.remembered()}};
  if (compiled.replay) {
    json["remembered"] = lesson.remembered();
    json["replay"] = compiled.json().at("replay");
  }
  json["before"] = curve.empty() ? Ordered(nullptr) : curve.front().at("accuracy");
  json["accuracy"] = curve.empty() ? Ordered(nullptr) : curve.back().at("accuracy");
  json["while_learning"] = lesson.quantile ? Ordered(nullptr) : online.json();
  if (!found.empty())
    json["anomaly"] = {{"quantile", *lesson.quantile},
                       {"before", quant::to_json(found.front())},
                       {"after", quant::to_json(found.back())}};
  json["curve"] = curve;
  json["instructions"] = {{"inference", inference.json()}, {"step", step.json()}};
  json["memory"] = target == device::Target::host ? Ordered(nullptr) : memory_of(compiled, output.memory);
  json["state"] = {{"hash", fmt::format("{:016x}", output.state_hash)}, {"bytes", output.state_bytes}};
  return json;
}

void require_planned_memory(const Compiled& compiled, const Output& output, device::Target target) {
  if (output.state_bytes != compiled.planned("sram", "state_bytes"))
    throw base::Failure(
        fmt::format("{}: the program has {} bytes of trained numbers, compile.json says {}", compiled.folder,
                    output.state_bytes, compiled.planned("sram", "state_bytes")),
        "was the folder changed? compile it anew");
  if (target == device::Target::host) return;
  const Memory& memory = output.memory;
  const std::int64_t planned =
      compiled.planned("sram", "arena_bytes") + compiled.planned("sram", "state_bytes");
  if (memory.static_bytes < planned || memory.static_bytes > planned + most_runtime_bytes)
    throw base::Failure(
        fmt::format("{}: variables take {} bytes; compile.json plans {} for the arena and "
                    "trained numbers, and the runtime has at most {}",
                    compiled.folder, memory.static_bytes, planned, most_runtime_bytes));
  if (memory.stack_bytes != compiled.planned("sram", "stack_bytes") || memory.stack_used > memory.stack_bytes)
    throw base::Failure(fmt::format("{}: the stack took {} of {} bytes; compile.json plans {}",
                                    compiled.folder, memory.stack_used, memory.stack_bytes,
                                    compiled.planned("sram", "stack_bytes")));
}

std::string summary_of(const Ordered& r) {
  std::string text =
      fmt::format("{} on {}: {} samples learnt, {} predicted\n", r["network"].get<std::string>(),
                  r["target"].get<std::string>(), r["learnt"].dump(), r["predicted"].dump());
  text += fmt::format("accuracy     {} -> {} (while it learnt: {})\n", percent(r["before"]),
                      percent(r["accuracy"]), percent(r["while_learning"]));
  if (r.contains("anomaly")) {
    const Ordered &before = r["anomaly"]["before"], &after = r["anomaly"]["after"];
    text +=
        fmt::format("unusual      AUC {} -> {}; above {:.4g} {} are found, {} of the usual ones called so\n",
                    number(before["auc"]), number(after["auc"]), after["threshold"].get<double>(),
                    percent(after["detected"]), percent(after["false_alarms"]));
  }
  text += fmt::format("instructions inference {}, a training step {}\n",
                      millions(r["instructions"]["inference"]), millions(r["instructions"]["step"]));
  const Ordered& m = r["memory"];
  if (!m.is_null()) {
    text += fmt::format("SRAM         {} bytes: arena {}, trained numbers {}, runtime {}, stack {}\n",
                        m["sram_bytes"].dump(), m["arena_bytes"].dump(), m["state_bytes"].dump(),
                        m["runtime_bytes"].dump(), m["stack_used"].dump());
    text += fmt::format("flash        {} bytes, {} of them numbers\n", m["flash_bytes"].dump(),
                        m["planned_flash_bytes"].dump());
  }
  if (r.contains("layers")) {
    text += "layers of a training step, instructions\n";
    for (const auto& layer : r["layers"])
      text += fmt::format("  {:>12}  {} ({}, {})\n", layer["instructions"].dump(),
                          layer["node"].get<std::string>(), layer["operator"].get<std::string>(),
                          layer["pass"].get<std::string>());
  }
  if (r.contains("check"))
    text += "check        every prediction and loss, and the trained numbers, are the trainer's\n";
  return text;
}

}  // namespace frugal::emulate
