#include "adapt/batches.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "base/random.h"

namespace frugal::adapt {

Batches::Batches(std::size_t images, const MethodConfig& method, std::uint64_t seed)
    : images_(images),
      size_(static_cast<std::size_t>(method.batch_size)),
      schedule_(method.schedule),
      seed_(seed),
      steps_per_epoch_(static_cast<std::int64_t>((images_ + size_ - 1) / size_)),
      total_(std::max<std::int64_t>(1, std::llround(method.epochs * static_cast<double>(steps_per_epoch_)))) {
}

std::span<const std::size_t> Batches::of_step(std::int64_t step) {
  if (epoch_of(step) != epoch_) {
    epoch_ = epoch_of(step);
    order_ = base::Random(seed_, "order " + std::to_string(epoch_)).permutation(images_);
  }
  const std::size_t begin = static_cast<std::size_t>(step % steps_per_epoch_) * size_;
  return std::span(order_).subspan(begin, std::min(order_.size() - begin, size_));
}

double Batches::learning_rate(std::int64_t step) const {
  return train::learning_rate(schedule_, step, total_, steps_per_epoch_);
}

}  // namespace frugal::adapt
