#include "compile/fit.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "plan/peak.h"

namespace frugal::compile {
namespace {

using base::UserError;

std::string largest_numbers(const emit::DeviceProgram& program) {
  const ir::Graph& graph = program.graph();
  std::string name;
  std::size_t most = 0;
  for (std::size_t i = 0; i < graph.tensors.size(); ++i) {
    const std::size_t bytes = program.step().model.data[i].size();
    if (bytes > most) name = graph.tensors[i].name;
    most = std::max(most, bytes);
  }
  return "'" + name + "' (" + std::to_string(most) + ")";
}

// The most that can be trained of the same network: biases of the last k layers, or the head alone.
std::string what_would_fit(const Stages& stages, const CompileConfig& config, std::int64_t sram) {
  const device::FileSettings settings = file_settings(config);
  auto layers = static_cast<std::int64_t>(sparse::scheme_layers(stages.start.graph).size());
  for (std::int64_t k = layers; k >= 0; k = k == 1 ? 0 : k == 0 ? -1 : k * 3 / 4) {
    const std::string name = k == 0 ? "head" : "bias:" + std::to_string(k);
    const sparse::UpdateScheme scheme = sparse::scheme_named(name, stages.start.graph);
    const emit::DeviceProgram program(step_of(stages, scheme, config), kernels_of(settings.target),
                                      config.network);
    const std::int64_t needs = footprint_of(program, settings).sram();
    if (needs <= sram) return "scheme '" + name + "' would, with " + std::to_string(needs) + " bytes";
    if (k == 0)
      return "even training the head alone needs " + std::to_string(needs) +
             " bytes: a smaller resolution or network, or more SRAM";
  }
  return "";
}

}  // namespace

Footprint footprint_of(const emit::DeviceProgram& program, const device::FileSettings& settings) {
  const auto bytes = [](std::size_t count) { return static_cast<std::int64_t>(count); };
  Footprint footprint;
  footprint.arena = bytes(program.arena_bytes());
  footprint.state = bytes(program.state_bytes());
  footprint.stack = settings.stack_bytes;
  footprint.factory = footprint.state;
  for (std::size_t i = 0; i < program.graph().tensors.size(); ++i) {
    if (program.home(static_cast<ir::TensorId>(i)).place == emit::Place::flash)
      footprint.constants += bytes(program.step().model.data[i].size());
  }
  return footprint;
}

nlohmann::ordered_json to_json(const Footprint& f) {
  return {
      {"sram",
       {{"arena_bytes", f.arena}, {"state_bytes", f.state}, {"stack_bytes", f.stack}, {"bytes", f.sram()}}},
      {"flash", {{"constants_bytes", f.constants}, {"factory_bytes", f.factory}, {"bytes", f.flash()}}}};
}

void require_fit(const emit::DeviceProgram& program, const Stages& stages, const CompileConfig& config) {
  const device::FileSettings settings = file_settings(config);
  const Footprint f = footprint_of(program, settings);
  if (f.sram() > settings.sram_bytes)
    throw UserError(config.network,
                    "training by scheme '" + config.scheme + "' needs " + std::to_string(f.sram()) +
                        " bytes of SRAM (arena " + std::to_string(f.arena) + ", trained numbers " +
                        std::to_string(f.state) + ", stack " + std::to_string(f.stack) + "), " +
                        std::to_string(f.sram() - settings.sram_bytes) +
                        " more than device.sram has; the arena is fullest" + plan::at_peak(program.blocks()),
                    what_would_fit(stages, config, settings.sram_bytes));
  if (f.flash() > settings.flash_bytes)
    throw UserError(config.network,
                    "has " + std::to_string(f.flash()) + " bytes of numbers, " +
                        std::to_string(f.flash() - settings.flash_bytes) +
                        " more than device.flash has without any code; the largest is " +
                        largest_numbers(program),
                    "a smaller network, or more flash");
}

}  // namespace frugal::compile
