// The numbers of a training loop at one step, as JSON: what a checkpoint holds beside its tensors.
#pragma once

#include <cstdint>
#include <string>

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

// Doubles are written with all their digits, so that they come back bit for bit.
std::string to_text(const LoopState& state);

// path: of the checkpoint. UserError where the text is damaged, or is of another config, seed or number of
// processes than `expected`.
LoopState read_loop_state(const std::string& text, const std::string& path, const LoopState& expected);

}  // namespace frugal::train
