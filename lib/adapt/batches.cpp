#include "adapt/batches.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "base/error.h"
#include "base/random.h"

namespace frugal::adapt {
namespace {

std::vector<std::size_t> all_of(std::size_t images) {
  std::vector<std::size_t> all(images);
  std::iota(all.begin(), all.end(), 0);
  return all;
}

}  // namespace

Batches::Batches(std::size_t images, const MethodConfig& method, std::uint64_t seed)
    : Batches(std::vector<std::vector<std::size_t>>{all_of(images)}, method, seed) {}

Batches::Batches(std::vector<std::vector<std::size_t>> tasks, const MethodConfig& method, std::uint64_t seed)
    : size_(static_cast<std::size_t>(method.batch_size)), schedule_(method.schedule), seed_(seed) {
  std::int64_t epochs = 0;
  for (std::vector<std::size_t>& images : tasks) {
    Task task;
    task.steps_per_epoch = static_cast<std::int64_t>((images.size() + size_ - 1) / size_);
    task.steps =
        std::max<std::int64_t>(1, std::llround(method.epochs * static_cast<double>(task.steps_per_epoch)));
    task.images = std::move(images);
    task.first_step = total_;
    task.first_epoch = epochs;
    total_ += task.steps;
    epochs += (task.steps + task.steps_per_epoch - 1) / task.steps_per_epoch;
    tasks_.push_back(std::move(task));
  }
}

const Batches::Task& Batches::task_of(std::int64_t step) const {
  const auto after =
      std::find_if(tasks_.begin(), tasks_.end(), [&](const Task& task) { return task.first_step > step; });
  FRUGAL_ASSERT(after != tasks_.begin() && step < total_, "a step of no task");
  return *std::prev(after);
}

std::span<const std::size_t> Batches::of_step(std::int64_t step) {
  const Task& task = task_of(step);
  if (epoch_of(step) != epoch_) {
    epoch_ = epoch_of(step);
    order_ = base::Random(seed_, "order " + std::to_string(epoch_)).permutation(task.images.size());
    for (std::size_t& place : order_) place = task.images[place];
  }
  const std::size_t begin = static_cast<std::size_t>((step - task.first_step) % task.steps_per_epoch) * size_;
  return std::span(order_).subspan(begin, std::min(order_.size() - begin, size_));
}

double Batches::learning_rate(std::int64_t step) const {
  const Task& task = task_of(step);
  return train::learning_rate(schedule_, step - task.first_step, task.steps, task.steps_per_epoch);
}

std::int64_t Batches::epoch_of(std::int64_t step) const {
  const Task& task = task_of(step);
  return task.first_epoch + (step - task.first_step) / task.steps_per_epoch;
}

bool Batches::ends_epoch(std::int64_t step) const {
  const Task& task = task_of(step);
  return (step - task.first_step + 1) % task.steps_per_epoch == 0 || ends_task(step);
}

bool Batches::ends_task(std::int64_t step) const {
  const Task& task = task_of(step);
  return step + 1 == task.first_step + task.steps;
}

}  // namespace frugal::adapt
