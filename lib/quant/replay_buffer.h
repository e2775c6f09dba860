// Old examples as int8 activations at one layer, which are learnt again beside new ones so that what a
// network knew is not forgotten (latent replay: Pellegrini et al., IROS 2020; on integers: Ravaglia et al.,
// arXiv 2110.10486).
//
// A full buffer makes room as a class-balancing reservoir does (Chrysakis, Moens, ICML 2020, algorithm 1): an
// example of a class that was never the largest takes the place of one of the largest class; one of another
// class takes, with the share of that class that is kept, the place of one of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

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

  // activation_bytes: of one example. What a draw gives depends on the seed and on what was offered so far.
  ReplayBuffer(std::size_t capacity, std::size_t activation_bytes, std::int64_t classes, std::uint64_t seed);

  void offer(std::span<const std::int8_t> activation, std::int32_t label);

  std::size_t capacity() const { return capacity_; }
  std::size_t size() const { return state_.labels.size(); }
  std::int32_t label(std::size_t i) const { return state_.labels[i]; }
  std::span<const std::int8_t> activation(std::size_t i) const {
    return std::span(state_.values).subspan(i * activation_bytes_, activation_bytes_);
  }
  // `count` different examples for a step, all where there are fewer.
  std::vector<std::size_t> draw(std::size_t count, std::int64_t step) const;

  const State& state() const { return state_; }
  // Whether a state is one that this buffer may have: classes, places and bytes are its own.
  bool fits(const State& state) const;
  void restore(State state);

 private:
  void put(std::size_t place, std::span<const std::int8_t> activation, std::int32_t label);
  std::vector<std::size_t> places_of(std::int32_t label) const;
  std::vector<std::int64_t> kept() const;  // by class

  std::size_t capacity_, activation_bytes_;
  std::uint64_t seed_;
  State state_;
};

}  // namespace frugal::quant
