#include "compile/fit.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "base/error.h"
#include "compile/stages.h"
#include "plan/peak.h"

namespace frugal::compile {
namespace {

using base::UserError;

// The most that can be trained of the same network: biases of the last k layers, or the head alone.
std::string what_would_fit(const Stages& stages, const CompileConfig& config, std::int64_t sram) {
  const auto layers = static_cast<std::int64_t>(sparse::scheme_layers(stages.start.graph).size());
  std::vector<std::string> schemes;
  for (std::int64_t k = layers; k > 0; k = k * 3 / 4) schemes.push_back("bias:" + std::to_string(k));
  schemes.emplace_back("head");
  std::int64_t needs = 0;
  for (const std::string& scheme : schemes) {
    needs = footprint_under(scheme, stages, config).sram();
    if (needs <= sram) return "scheme '" + scheme + "' would, with " + std::to_string(needs) + " bytes";
  }
  return "even training the head alone needs " + std::to_string(needs) +
         " bytes: a smaller resolution or network, or more SRAM";
}

std::string replay_among(const Footprint& f) {
  return f.replay == 0 ? "" : ", " + std::to_string(f.replay) + " of them old examples";
}

// Where the buffer of old examples is what does not fit.
std::optional<std::string> smaller_buffer(const Footprint& f, const Stages& stages, std::int64_t sram) {
  if (!stages.replay) return std::nullopt;
  const quant::ReplayPlan& replay = *stages.replay;
  const std::int64_t counts = f.replay - replay.capacity * replay.example_bytes();
  const std::int64_t left = sram - (f.sram() - f.replay) - counts;
  if (left < replay.classes * replay.example_bytes()) return std::nullopt;
  return "replay.bytes of at most " + std::to_string(left) + " would";
}

std::string less_would_fit(const Footprint& f, const Stages& stages, const CompileConfig& config,
                           std::int64_t sram) {
  const std::optional<std::string> buffer = smaller_buffer(f, stages, sram);
  return buffer ? *buffer : what_would_fit(stages, config, sram);
}

}  // namespace

Footprint footprint_of(const emit::DeviceProgram& program, const device::FileSettings& settings) {
  const auto bytes = [](std::size_t count) { return static_cast<std::int64_t>(count); };
  Footprint footprint;
  footprint.arena = bytes(program.arena_bytes());
  footprint.state = bytes(program.state_bytes());
  footprint.stack = settings.stack_bytes;
  footprint.replay = bytes(program.replay_bytes());
  footprint.factory = bytes(program.factory_bytes());
  for (std::size_t i = 0; i < program.graph().tensors.size(); ++i) {
    if (program.home(static_cast<ir::TensorId>(i)).place == emit::Place::flash)
      footprint.constants += bytes(program.step().model.data[i].size());
  }
  return footprint;
}

Footprint footprint_under(const std::string& scheme, const Stages& stages, const CompileConfig& config) {
  const device::FileSettings settings = file_settings(config);
  const passes::TrainingStep step = step_of(stages, sparse::scheme_named(scheme, stages.start.graph), config);
  return footprint_of(emit::DeviceProgram(step, kernels_of(settings.target), config.network), settings);
}

std::string largest_numbers(const ir::Model& model, std::size_t count) {
  std::vector<std::pair<std::size_t, std::string>> sizes;
  for (std::size_t i = 0; i < model.data.size(); ++i)
    sizes.emplace_back(model.data[i].size(), model.graph.tensors[i].name);
  std::stable_sort(sizes.begin(), sizes.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  std::string text;
  for (std::size_t i = 0; i < std::min(count, sizes.size()); ++i)
    text += (i == 0 ? "'" : ", '") + sizes[i].second + "' (" + std::to_string(sizes[i].first) + ")";
  return text;
}

nlohmann::ordered_json to_json(const Footprint& f) {
  nlohmann::ordered_json sram{{"arena_bytes", f.arena}, {"state_bytes", f.state}};
  if (f.replay > 0) sram["replay_bytes"] = f.replay;
  sram["stack_bytes"] = f.stack;
  sram["bytes"] = f.sram();
  return {{"sram", sram},
          {"flash", {{"constants_bytes", f.constants}, {"factory_bytes", f.factory}, {"bytes", f.flash()}}}};
}

void require_fit(const emit::DeviceProgram& program, const Stages& stages, const CompileConfig& config) {
  const device::FileSettings settings = file_settings(config);
  const Footprint f = footprint_of(program, settings);
  if (f.sram() > settings.sram_bytes)
    throw UserError(config.network,
                    "training by scheme '" + config.scheme + "' needs " + std::to_string(f.sram()) +
                        " bytes of SRAM (arena " + std::to_string(f.arena) + ", trained numbers " +
                        std::to_string(f.state) + replay_among(f) + ", stack " + std::to_string(f.stack) +
                        "), " + std::to_string(f.sram() - settings.sram_bytes) +
                        " more than device.sram has; the arena is fullest" + plan::at_peak(program.blocks()),
                    less_would_fit(f, stages, config, settings.sram_bytes));
  if (f.flash() > settings.flash_bytes)
    throw UserError(config.network,
                    "has " + std::to_string(f.flash()) + " bytes of numbers, " +
                        std::to_string(f.flash() - settings.flash_bytes) +
                        " more than device.flash has without any code; the largest is " +
                        largest_numbers(program.step().model, 1),
                    "a smaller network, or more flash");
}

}  // namespace frugal::compile
