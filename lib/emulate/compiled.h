// A folder that `tinytrain-compile compile` wrote, read back: the network as it begins to learn, what of it
// is trained and how, and what the compiler planned.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "autodiff/trained_layer.h"
#include "compile/config.h"
#include "device/files.h"
#include "ir/ids.h"
#include "quant/replay_config.h"
#include "quant/trainer.h"
#include "sparse/scheme.h"

namespace frugal::emulate {

struct Compiled {
  std::string folder;
  std::shared_ptr<const nlohmann::ordered_json> result;  // compile.json
  compile::CompileConfig config;                         // what it was compiled by
  std::shared_ptr<const ir::Model> start;                // FOLDER/model
  sparse::UpdateScheme scheme;
  std::vector<autodiff::TrainedLayer> trained;
  quant::TrainerConfig method;
  std::optional<quant::ReplayPlan> replay;
  device::Target target = device::Target::host;
  std::uint32_t network_id = 0;

  // It rounds and learns in whole numbers: a loss is an int32.
  bool without_floats() const { return method.storage == quant::Storage::integer; }
  // It tells what is unusual, and knows no classes.
  bool autoencodes() const { return config.head == "none"; }
  std::uint32_t class_count() const;  // 0 of an auto-encoder
  const nlohmann::ordered_json& json() const { return *result; }
  std::int64_t planned(const char* kind, const char* key) const;  // ("sram", "arena_bytes")
};

// Throws UserError where the folder is not whole.
Compiled open_compiled(const std::string& folder);

}  // namespace frugal::emulate
