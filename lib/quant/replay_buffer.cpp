#include "quant/replay_buffer.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <numeric>
#include <string>

#include "base/error.h"
#include "base/random.h"

namespace frugal::quant {

void ReplayBuffer::offer(std::span<const std::int8_t> activation, std::int32_t label) {
  FRUGAL_ASSERT(activation.size() == static_cast<std::size_t>(how_.example_bytes),
                "an activation of another layer");
  ops_replay_offer(&how_, memory_.data(), activation.data(), label);
}

std::vector<std::size_t> ReplayBuffer::draw(std::size_t count, std::int64_t step) const {
  base::Random random(how_.seed, "replay " + std::to_string(step));
  std::vector<std::size_t> order(size());
  std::iota(order.begin(), order.end(), 0);
  const std::size_t wanted = std::min(count, order.size());
  for (std::size_t i = 0; i < wanted; ++i) std::swap(order[i], order[i + random.below(order.size() - i)]);
  order.resize(wanted);
  return order;
}

ReplayBuffer::State ReplayBuffer::state() const {
  State state;
  const auto classes = static_cast<std::size_t>(how_.classes);
  for (std::size_t i = 0; i < size(); ++i) {
    const std::span<const std::int8_t> one = activation(i);
    state.values.insert(state.values.end(), one.begin(), one.end());
    state.labels.push_back(label(i));
  }
  std::vector<std::uint32_t> seen(classes);
  std::memcpy(seen.data(), memory_.data(), classes * sizeof(std::uint32_t));
  state.seen.assign(seen.begin(), seen.end());
  state.large.assign(memory_.end() - how_.classes, memory_.end());
  return state;
}

bool ReplayBuffer::fits(const State& state) const {
  const auto classes = static_cast<std::size_t>(how_.classes);
  const std::size_t examples = state.labels.size();
  const auto known = [&](std::int32_t label) { return label >= 0 && label < how_.classes; };
  const auto counted = [](std::int64_t seen) {
    return seen >= 0 && seen <= std::numeric_limits<std::uint32_t>::max();
  };
  if (state.seen.size() != classes || state.large.size() != classes ||
      !std::all_of(state.seen.begin(), state.seen.end(), counted))
    return false;
  const auto offered = std::accumulate(state.seen.begin(), state.seen.end(), std::int64_t{0});
  return examples == static_cast<std::size_t>(std::min<std::int64_t>(offered, how_.capacity)) &&
         state.values.size() == examples * static_cast<std::size_t>(how_.example_bytes) &&
         std::all_of(state.labels.begin(), state.labels.end(), known);
}

void ReplayBuffer::restore(const State& state) {
  FRUGAL_ASSERT(fits(state), "the state of another buffer");
  std::fill(memory_.begin(), memory_.end(), std::uint8_t{0});
  const auto each = static_cast<std::size_t>(how_.example_bytes);
  // Into an empty buffer they come one behind the other; then what was counted.
  for (std::size_t i = 0; i < state.labels.size(); ++i)
    offer(std::span(state.values).subspan(i * each, each), state.labels[i]);
  const std::vector<std::uint32_t> seen(state.seen.begin(), state.seen.end());
  std::memcpy(memory_.data(), seen.data(), seen.size() * sizeof(std::uint32_t));
  std::copy(state.large.begin(), state.large.end(), memory_.end() - how_.classes);
}

}  // namespace frugal::quant
