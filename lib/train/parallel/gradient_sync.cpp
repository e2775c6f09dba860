#include "train/parallel/gradient_sync.h"

namespace frugal::train {

GradientSync::GradientSync(const tensor::NamedTensors& parameters, Communicator& communicator,
                           std::size_t bucket_bytes)
    : communicator_(communicator) {
  if (communicator.size() == 1) return;
  std::vector<std::int64_t> offsets;
  std::int64_t filled = 0;
  const auto close_bucket = [&] {
    Bucket& bucket = buckets_.back();
    bucket.flat = torch::zeros({filled});
    for (const std::size_t index : bucket.slices) {
      const torch::Tensor parameter = slices_[index].parameter.detach();
      slices_[index].view = bucket.flat.as_strided(parameter.sizes(), parameter.strides(), offsets[index]);
    }
    filled = 0;
  };
  for (auto entry = parameters.rbegin(); entry != parameters.rend(); ++entry) {
    const torch::Tensor& parameter = entry->second;
    if (buckets_.empty() || static_cast<std::size_t>(filled) * sizeof(float) >= bucket_bytes) {
      if (!buckets_.empty()) close_bucket();
      buckets_.emplace_back();
    }
    const std::size_t index = slices_.size();
    buckets_.back().slices.push_back(index);
    bucket_of_.push_back(buckets_.size() - 1);
    offsets.push_back(filled);
    filled += parameter.numel();
    slices_.push_back({parameter, {}, false, 0});
  }
  if (!buckets_.empty()) close_bucket();
  for (std::size_t index = 0; index < slices_.size(); ++index) {
    slices_[index].hook = slices_[index].parameter.register_hook(
        [this, index](const torch::Tensor& gradient) { arrive(index, gradient); });
  }
}

GradientSync::~GradientSync() {
  for (Slice& slice : slices_) slice.parameter.remove_hook(slice.hook);
}

void GradientSync::arrive(std::size_t index, const torch::Tensor& gradient) {
  Slice& slice = slices_[index];
  slice.view.copy_(gradient);
  slice.arrived = true;
  ++buckets_[bucket_of_[index]].arrived;
  while (begun_ < buckets_.size() && buckets_[begun_].arrived == buckets_[begun_].slices.size()) {
    begin(buckets_[begun_++]);
  }
}

void GradientSync::begin(Bucket& bucket) {
  bucket.handle = communicator_.begin_sum(bucket.flat.data_ptr<float>(), bucket.flat.numel());
}

void GradientSync::finish() {
  const torch::NoGradGuard no_grad;
  while (begun_ < buckets_.size()) {
    // Parameters that backward did not reach count as zero.
    for (const std::size_t index : buckets_[begun_].slices) {
      if (!slices_[index].arrived) slices_[index].view.zero_();
    }
    begin(buckets_[begun_++]);
  }
  for (Bucket& bucket : buckets_) {
    communicator_.wait(bucket.handle);
    for (const std::size_t index : bucket.slices) {
      if (slices_[index].arrived) slices_[index].parameter.mutable_grad() = slices_[index].view;
      slices_[index].arrived = false;
    }
    bucket.arrived = 0;
  }
  begun_ = 0;
}

}  // namespace frugal::train
