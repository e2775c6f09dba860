// Which images make each step of a training, and at which learning rate: a function of the step alone, so
// that a run that goes on needs no state for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "adapt/config.h"

namespace frugal::adapt {

class Batches {
 public:
  Batches(std::size_t images, const MethodConfig& method, std::uint64_t seed);

  std::int64_t total_steps() const { return total_; }
  // Of a step, counted from 0: every epoch has an order of its own, drawn by seed. Valid until the next call.
  std::span<const std::size_t> of_step(std::int64_t step);
  double learning_rate(std::int64_t step) const;
  std::int64_t epoch_of(std::int64_t step) const { return step / steps_per_epoch_; }
  bool ends_epoch(std::int64_t step) const {
    return (step + 1) % steps_per_epoch_ == 0 || step + 1 == total_;
  }

 private:
  std::size_t images_, size_;
  train::ScheduleConfig schedule_;
  std::uint64_t seed_;
  std::int64_t steps_per_epoch_ = 1, total_ = 1, epoch_ = -1;
  std::vector<std::size_t> order_;  // of epoch_
};

}  // namespace frugal::adapt
