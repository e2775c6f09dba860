#include "quant/replay_buffer.h"

#include <algorithm>
#include <numeric>
#include <string>

#include "base/error.h"
#include "base/random.h"

namespace frugal::quant {

ReplayBuffer::ReplayBuffer(std::size_t capacity, std::size_t activation_bytes, std::int64_t classes,
                           std::uint64_t seed)
    : capacity_(capacity), activation_bytes_(activation_bytes), seed_(seed) {
  state_.seen.assign(static_cast<std::size_t>(classes), 0);
  state_.large = state_.seen;
}

void ReplayBuffer::offer(std::span<const std::int8_t> activation, std::int32_t label) {
  FRUGAL_ASSERT(activation.size() == activation_bytes_, "an activation of another layer");
  const auto c = static_cast<std::size_t>(label);
  const std::int64_t all = std::accumulate(state_.seen.begin(), state_.seen.end(), std::int64_t{0});
  base::Random random(seed_, "reservoir " + std::to_string(all));
  ++state_.seen[c];
  if (size() < capacity_) {
    state_.labels.push_back(label);
    state_.values.resize(state_.labels.size() * activation_bytes_);
    return put(size() - 1, activation, label);
  }
  const std::vector<std::int64_t> count = kept();
  const std::int64_t most = *std::max_element(count.begin(), count.end());
  for (std::size_t k = 0; k < count.size(); ++k) {
    if (count[k] == most) state_.large[k] = 1;
  }
  std::int32_t from = label;
  if (state_.large[c] == 0) {
    std::vector<std::int32_t> largest;
    for (std::size_t k = 0; k < count.size(); ++k) {
      if (count[k] == most) largest.push_back(static_cast<std::int32_t>(k));
    }
    from = largest[random.below(largest.size())];
  } else if (random.uniform() * static_cast<double>(state_.seen[c]) >= static_cast<double>(count[c])) {
    return;
  }
  const std::vector<std::size_t> places = places_of(from);
  put(places[random.below(places.size())], activation, label);
}

std::vector<std::size_t> ReplayBuffer::draw(std::size_t count, std::int64_t step) const {
  base::Random random(seed_, "replay " + std::to_string(step));
  std::vector<std::size_t> order(size());
  std::iota(order.begin(), order.end(), 0);
  const std::size_t wanted = std::min(count, order.size());
  for (std::size_t i = 0; i < wanted; ++i) std::swap(order[i], order[i + random.below(order.size() - i)]);
  order.resize(wanted);
  return order;
}

bool ReplayBuffer::fits(const State& state) const {
  const std::size_t classes = state_.seen.size(), examples = state.labels.size();
  const auto known = [&](std::int32_t label) {
    return label >= 0 && static_cast<std::size_t>(label) < classes;
  };
  return state.seen.size() == classes && state.large.size() == classes && examples <= capacity_ &&
         state.values.size() == examples * activation_bytes_ &&
         std::all_of(state.labels.begin(), state.labels.end(), known);
}

void ReplayBuffer::restore(State state) {
  FRUGAL_ASSERT(fits(state), "the state of another buffer");
  state_ = std::move(state);
}

void ReplayBuffer::put(std::size_t place, std::span<const std::int8_t> activation, std::int32_t label) {
  state_.labels[place] = label;
  std::copy(activation.begin(), activation.end(),
            state_.values.begin() + static_cast<std::ptrdiff_t>(place * activation_bytes_));
}

std::vector<std::size_t> ReplayBuffer::places_of(std::int32_t label) const {
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < size(); ++i) {
    if (state_.labels[i] == label) places.push_back(i);
  }
  return places;
}

std::vector<std::int64_t> ReplayBuffer::kept() const {
  std::vector<std::int64_t> count(state_.seen.size(), 0);
  for (const std::int32_t label : state_.labels) ++count[static_cast<std::size_t>(label)];
  return count;
}

}  // namespace frugal::quant
