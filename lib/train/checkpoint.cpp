#include "train/checkpoint.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace frugal::train {
namespace {
constexpr const char* state_key = "frugal.train";
constexpr int format_version = 1;
}  // namespace

void save_checkpoint(const std::string& path, const LoopState& state, const tensor::NamedTensors& tensors) {
  // Doubles are written with all their digits, so that they come back bit for bit.
  const nlohmann::ordered_json json{{"format", format_version},
                                    {"config_hash", state.config_hash},
                                    {"seed", state.seed},
                                    {"world", state.world},
                                    {"step", state.step},
                                    {"examples_seen", state.examples_seen},
                                    {"epoch_loss", state.epoch_loss},
                                    {"epoch_examples", state.epoch_examples},
                                    {"last_epoch_loss", state.last_epoch_loss}};
  tensor::write_tensors(path, tensors, {{state_key, json.dump()}});
}

LoopState load_checkpoint(const std::string& path, const LoopState& expected,
                          const tensor::NamedTensors& tensors) {
  using base::UserError;
  const checkpoint::SafetensorsFile file(path);
  const auto found = file.metadata().find(state_key);
  if (found == file.metadata().end()) {
    throw UserError(path, "is a safetensors file, but no checkpoint of a training run");
  }
  const auto json = nlohmann::json::parse(found->second, nullptr, /*allow_exceptions=*/false);
  LoopState state;
  try {
    if (json.at("format").get<int>() != format_version) {
      throw UserError(path, fmt::format("is a checkpoint of format {}, but this version reads {}",
                                        json.at("format").get<int>(), format_version));
    }
    state.config_hash = json.at("config_hash").get<std::string>();
    state.seed = json.at("seed").get<std::uint64_t>();
    state.world = json.at("world").get<int>();
    state.step = json.at("step").get<std::int64_t>();
    state.examples_seen = json.at("examples_seen").get<std::int64_t>();
    state.epoch_loss = json.at("epoch_loss").get<double>();
    state.epoch_examples = json.at("epoch_examples").get<std::int64_t>();
    state.last_epoch_loss = json.at("last_epoch_loss").get<double>();
  } catch (const nlohmann::json::exception& error) {
    throw UserError(path + ":" + state_key, std::string("is damaged: ") + error.what());
  }
  if (state.config_hash != expected.config_hash || state.seed != expected.seed) {
    throw UserError(path, "is the checkpoint of another config or seed",
                    "give the config that it was started with, or another --out");
  }
  if (state.world != expected.world) {
    throw UserError(path,
                    fmt::format("was written by a run of {} processes, not {}", state.world, expected.world),
                    "go on with as many processes as it had");
  }
  tensor::read_into(file, tensors, "", true);
  return state;
}

}  // namespace frugal::train
