// The state of a training run in one safetensors file: its tensors, and the loop's numbers (run/loop_state.h)
// in the file's `__metadata__`. One file rather than weights with a sidecar, because one rename then moves
// the run from one consistent state to the next; two renames could be cut in between.
#pragma once

#include <string>

#include "tensor/safetensors.h"
#include "train/run/loop_state.h"

namespace frugal::train {

void save_checkpoint(const std::string& path, const LoopState& state, const tensor::NamedTensors& tensors);

// Reads the tensors in place and returns the numbers. UserError where the file is damaged, is of another
// config, seed or number of processes, or lacks a tensor.
LoopState load_checkpoint(const std::string& path, const LoopState& expected,
                          const tensor::NamedTensors& tensors);

}  // namespace frugal::train
