// The state of a training run in one safetensors file: its tensors, and the loop's numbers as JSON in the
// file's `__metadata__`. One file rather than weights with a sidecar, because one rename then moves the run
// from one consistent state to the next; two renames could be cut in between.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "tensor/safetensors.h"

namespace frugal::train {

struct LoopState {
  std::string config_hash;
  std::uint64_t seed = 0;
  int world = 1;          // processes: the loaders' slices depend on it
  std::int64_t step = 0;  // steps done; also the loader's place and the random streams' place
  std::int64_t examples_seen = 0;
  double epoch_loss = 0;  // running sums of the current epoch
  std::int64_t epoch_examples = 0;
  double last_epoch_loss = 0;  // mean of the last whole epoch
};

void save_checkpoint(const std::string& path, const LoopState& state, const tensor::NamedTensors& tensors);

// Reads the tensors in place and returns the numbers. UserError where the file is damaged, is of another
// config, seed or number of processes, or lacks a tensor.
LoopState load_checkpoint(const std::string& path, const LoopState& expected,
                          const tensor::NamedTensors& tensors);

}  // namespace frugal::train
