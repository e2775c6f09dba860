#include "train/run/loop_state.h"

#include <fmt/format.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "config/config.h"
#include "config/json_node.h"

namespace frugal::train {
namespace {
constexpr std::int64_t format_version = 1;
}  // namespace

std::string to_text(const LoopState& state) {
  const nlohmann::ordered_json json{{"format", format_version},
                                    {"config_hash", state.config_hash},
                                    {"seed", state.seed},
                                    {"world", state.world},
                                    {"step", state.step},
                                    {"examples_seen", state.examples_seen},
                                    {"epoch_loss", state.epoch_loss},
                                    {"epoch_examples", state.epoch_examples},
                                    {"last_epoch_loss", state.last_epoch_loss}};
  return json.dump();
}

LoopState read_loop_state(const std::string& text, const std::string& path, const LoopState& expected) {
  using base::UserError;
  const nlohmann::json json = config::parse(text, path);
  const config::JsonNode node(json, path, "", "is this what a training run saved?");
  if (const std::int64_t format = node["format"].integer(); format != format_version) {
    throw UserError(
        path, fmt::format("is a checkpoint of format {}, but this version reads {}", format, format_version));
  }
  LoopState state = expected;
  if (node["config_hash"].text() != expected.config_hash || node["seed"].json() != expected.seed) {
    throw UserError(path, "is the checkpoint of another config or seed",
                    "give the config that it was started with, or another --out");
  }
  state.world = static_cast<int>(node["world"].integer(config::between(1, std::numeric_limits<int>::max())));
  if (state.world != expected.world) {
    throw UserError(path,
                    fmt::format("was written by a run of {} processes, not {}", state.world, expected.world),
                    "go on with as many processes as it had");
  }
  state.step = node["step"].integer(config::at_least(0));
  state.examples_seen = node["examples_seen"].integer(config::at_least(0));
  state.epoch_loss = node["epoch_loss"].number();
  state.epoch_examples = node["epoch_examples"].integer(config::at_least(0));
  state.last_epoch_loss = node["last_epoch_loss"].number();
  return state;
}

}  // namespace frugal::train
