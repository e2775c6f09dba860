// Which images make each step of a training, and at which learning rate: a function of the step alone, so
// that a run that goes on needs no state for it. A training has one task or several, one after the other;
// each has its epochs and begins the schedule anew.
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
  // The images of each task.
  Batches(std::vector<std::vector<std::size_t>> tasks, const MethodConfig& method, std::uint64_t seed);

  std::int64_t total_steps() const { return total_; }
  // Of a step, counted from 0: every epoch has an order of its own, drawn by seed. Valid until the next call.
  std::span<const std::size_t> of_step(std::int64_t step);
  double learning_rate(std::int64_t step) const;
  // Epochs count over all tasks.
  std::int64_t epoch_of(std::int64_t step) const;
  bool ends_epoch(std::int64_t step) const;
  bool ends_task(std::int64_t step) const;

 private:
  struct Task {
    std::vector<std::size_t> images;
    std::int64_t steps_per_epoch = 1, steps = 1;
    std::int64_t first_step = 0, first_epoch = 0;
  };
  const Task& task_of(std::int64_t step) const;

  std::size_t size_;
  train::ScheduleConfig schedule_;
  std::uint64_t seed_;
  std::vector<Task> tasks_;
  std::int64_t total_ = 0, epoch_ = -1;
  std::vector<std::size_t> order_;  // of epoch_
};

}  // namespace frugal::adapt
