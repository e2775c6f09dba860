#include "train/images/task.h"

#include <torch/nn/functional/loss.h>

#include <array>

#include "base/error.h"

namespace frugal::train {
namespace {

namespace F = torch::nn::functional;

data::LoaderConfig training_loader(const ImageTaskConfig& config, const Communicator& communicator) {
  data::LoaderConfig loader;
  loader.batch_size = config.batch_size / communicator.size();
  loader.shuffle = true;
  loader.augment = config.augment;
  loader.seed = config.seed;
  loader.workers = static_cast<int>(config.workers);
  loader.drop_last = true;
  loader.rank = communicator.rank();
  loader.world = communicator.size();
  loader.channels_last = config.channels_last;
  return loader;
}

}  // namespace

ImageTask::ImageTask(model::ImageNetwork& network, const data::ImageSet& training,
                     const data::ImageSet& held_out, const ImageTaskConfig& config,
                     Communicator& communicator)
    : network_(network),
      held_out_(held_out),
      config_(config),
      communicator_(communicator),
      loader_(training, training_loader(config, communicator)) {
  if (config.channels_last) network_.use_channels_last();
  if (communicator.size() > 1) {
    network_.share_statistics(
        [&communicator](double* values, std::int64_t count) { communicator.sum(values, count); });
  }
}

tensor::NamedTensors ImageTask::parameters() {
  tensor::NamedTensors parameters;
  for (const auto& item : network_.named_parameters()) parameters.emplace_back(item.key(), item.value());
  return parameters;
}

tensor::NamedTensors ImageTask::state() { return tensor::state_of(network_); }

std::int64_t ImageTask::steps_per_epoch() const { return loader_.batches_per_epoch(); }

void ImageTask::start(std::int64_t step) {
  loader_.start_epoch(step / steps_per_epoch(), step % steps_per_epoch());
}

StepLoss ImageTask::loss(std::int64_t /*step*/) {
  network_.train();
  data::Batch batch;
  FRUGAL_ASSERT(loader_.next(batch), "a step past the end of the epoch");
  const torch::Tensor logits = network_.forward(batch.images);
  const torch::Tensor sum = F::cross_entropy(
      logits, batch.labels,
      F::CrossEntropyFuncOptions().reduction(torch::kSum).label_smoothing(config_.label_smoothing));
  return {sum / static_cast<double>(batch.global_size), batch.global_size};
}

Metrics ImageTask::evaluate() {
  return evaluate_images(network_, held_out_, config_.evaluation_batch, config_.workers,
                         config_.channels_last, communicator_);
}

Metrics evaluate_images(model::ImageNetwork& network, const data::ImageSet& set, std::int64_t batch_size,
                        std::int64_t workers, bool channels_last, Communicator& communicator) {
  const torch::NoGradGuard no_grad;
  const bool was_training = network.is_training();
  network.eval();
  data::LoaderConfig config;
  config.batch_size = batch_size;
  config.workers = static_cast<int>(workers);
  config.rank = communicator.rank();
  config.world = communicator.size();
  config.channels_last = channels_last;
  data::Loader loader(set, config);
  loader.start_epoch(0);
  std::array<double, 2> sums{};  // loss, wrong
  data::Batch batch;
  while (loader.next(batch)) {
    if (batch.labels.numel() == 0) continue;
    const torch::Tensor logits = network.forward(batch.images);
    sums[0] += F::cross_entropy(logits, batch.labels, F::CrossEntropyFuncOptions().reduction(torch::kSum))
                   .item<double>();
    sums[1] += logits.argmax(1).ne(batch.labels).sum().item<double>();
  }
  communicator.sum(sums.data(), 2);
  network.train(was_training);
  const auto count = static_cast<double>(set.size());
  return {{"loss", sums[0] / count}, {"error", sums[1] / count}};
}

}  // namespace frugal::train
