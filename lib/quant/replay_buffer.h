// Old examples as int8 activations at one layer, which are learnt again beside new ones so that what a
// network knew is not forgotten (latent replay: Pellegrini et al., IROS 2020; on integers: Ravaglia et al.,
// arXiv 2110.10486).
//
// What stays of them and what is drawn is decided by the C that a device runs (ops/replay.h), in memory laid
// out as there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "ops/replay.h"

namespace frugal::quant {

class ReplayBuffer {
 public:
  // What is kept, and all that decides what is kept next.
  struct State {
    std::vector<std::int8_t> values;  // an example after the other
    std::vector<std::int32_t> labels;
    std::vector<std::int64_t> seen;   // examples offered, by class
    std::vector<std::int64_t> large;  // 1: the class was the largest of a full buffer once
    bool operator==(const State&) const = default;
  };

  // What a draw gives depends on the seed and on what was offered so far.
  explicit ReplayBuffer(const ops_replay& how) : how_(how), memory_(ops_replay_bytes(&how_), 0) {}

  void offer(std::span<const std::int8_t> activation, std::int32_t label);

  std::size_t capacity() const { return static_cast<std::size_t>(how_.capacity); }
  std::size_t size() const { return static_cast<std::size_t>(ops_replay_count(&how_, memory_.data())); }
  std::int32_t label(std::size_t i) const {
    return ops_replay_label(&how_, memory_.data(), static_cast<std::int32_t>(i));
  }
  std::span<const std::int8_t> activation(std::size_t i) const {
    return {ops_replay_example(&how_, memory_.data(), static_cast<std::int32_t>(i)),
            static_cast<std::size_t>(how_.example_bytes)};
  }
  // As it lies on a device.
  std::span<const std::uint8_t> memory() const { return memory_; }
  // `count` different examples for a step, all where there are fewer; one is ops_replay_draw's.
  std::vector<std::size_t> draw(std::size_t count, std::int64_t step) const;

  State state() const;
  // Whether a state is one that this buffer may have: classes, places and bytes are its own.
  bool fits(const State& state) const;
  void restore(const State& state);

 private:
  ops_replay how_;
  std::vector<std::uint8_t> memory_;
};

}  // namespace frugal::quant
