#include "train/images/classification.h"

#include <torch/nn/functional/loss.h>

#include <array>

namespace frugal::train {

namespace F = torch::nn::functional;

data::LoaderConfig training_batches(const BatchConfig& batch, const data::AugmentConfig& augment,
                                    std::uint64_t seed, const Communicator& communicator) {
  data::LoaderConfig loader;
  loader.batch_size = batch.size / communicator.size();
  loader.shuffle = true;
  loader.augment = augment;
  loader.seed = seed;
  loader.workers = static_cast<int>(batch.workers);
  loader.drop_last = true;
  loader.rank = communicator.rank();
  loader.world = communicator.size();
  return loader;
}

data::LoaderConfig batches_in_order(std::int64_t workers, const Communicator& communicator) {
  data::LoaderConfig loader;
  loader.batch_size = 256;
  loader.workers = static_cast<int>(workers);
  loader.rank = communicator.rank();
  loader.world = communicator.size();
  return loader;
}

torch::Tensor cross_entropy_sum(const torch::Tensor& logits, const torch::Tensor& labels,
                                double label_smoothing) {
  return F::cross_entropy(
      logits, labels.to(logits.device()),
      F::CrossEntropyFuncOptions().reduction(torch::kSum).label_smoothing(label_smoothing));
}

Metrics loss_and_error(const std::function<torch::Tensor(const torch::Tensor& images)>& logits_of,
                       const data::ImageSet& set, const data::LoaderConfig& batches,
                       Communicator& communicator) {
  const torch::NoGradGuard no_grad;
  data::Loader loader(set, batches);
  loader.start_epoch(0);
  std::array<double, 2> sums{};  // loss, wrong
  for (data::Batch batch; loader.next(batch);) {
    if (batch.labels.numel() == 0) continue;
    const torch::Tensor logits = logits_of(batch.images);
    sums[0] += cross_entropy_sum(logits, batch.labels).item<double>();
    sums[1] += logits.argmax(1).ne(batch.labels.to(logits.device())).sum().item<double>();
  }
  communicator.sum(sums.data(), 2);
  const auto count = static_cast<double>(set.size());
  return {{"loss", sums[0] / count}, {"error", sums[1] / count}};
}

}  // namespace frugal::train
