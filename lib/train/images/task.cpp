#include "train/images/task.h"

#include "base/error.h"
#include "train/images/classification.h"

namespace frugal::train {
namespace {

data::LoaderConfig training_loader(const ImageTaskConfig& config, const Communicator& communicator) {
  data::LoaderConfig loader = training_batches(config.batch, config.augment, config.seed, communicator);
  loader.channels_last = config.channels_last;
  return loader;
}

torch::Device device_of(const model::ImageNetwork& network) { return network.parameters().front().device(); }

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
  if (config.balanced_loss) class_weights_ = balancing_weights(training).to(device_of(network));
  if (communicator.size() > 1) {
    network_.share_statistics(
        [&communicator](double* values, std::int64_t count) { communicator.sum(values, count); });
  }
}

tensor::NamedTensors ImageTask::parameters() {
  if (config_.frozen_body) return network_.head_parameters();
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
  data::Batch batch;
  FRUGAL_ASSERT(loader_.next(batch), "a step past the end of the epoch");
  const torch::Tensor logits = logits_of(batch.images.to(device_of(network_)));
  const torch::Tensor sum =
      cross_entropy_sum(logits, batch.labels, config_.batch.label_smoothing, class_weights_);
  return {sum / static_cast<double>(batch.global_size), batch.global_size};
}

torch::Tensor ImageTask::logits_of(const torch::Tensor& images) {
  if (!config_.frozen_body) {
    network_.train();
    return network_.forward(images);
  }
  network_.eval();
  torch::Tensor features;
  {
    const torch::NoGradGuard no_grad;
    features = network_.features(images);
  }
  network_.train();
  return network_.classify(features);
}

Metrics ImageTask::evaluate() {
  return evaluate_images(network_, held_out_, config_.batch.workers, config_.channels_last, communicator_,
                         &confusion_);
}

Metrics evaluate_images(model::ImageNetwork& network, const data::ImageSet& set, std::int64_t workers,
                        bool channels_last, Communicator& communicator, Confusion* confusion) {
  const bool was_training = network.is_training();
  network.eval();
  data::LoaderConfig batches = batches_in_order(workers, communicator);
  batches.channels_last = channels_last;
  const auto logits_of = [&](const torch::Tensor& images) {
    return network.forward(images.to(device_of(network)));
  };
  const Metrics metrics = loss_and_error(logits_of, set, batches, communicator, confusion);
  network.train(was_training);
  return metrics;
}

}  // namespace frugal::train
