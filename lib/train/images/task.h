// Image classification as a Task: a network of model/image/network.h on a data set of data/, cross entropy
// with label smoothing, error and loss on the test (or validation) split.
#pragma once

#include <memory>

#include "data/batches/loader.h"
#include "data/images/config.h"
#include "data/images/dataset.h"
#include "model/image/network.h"
#include "train/batch_config.h"
#include "train/images/classification.h"
#include "train/run/communicator.h"
#include "train/task.h"

namespace frugal::train {

struct ImageTaskConfig {
  BatchConfig batch;
  bool channels_last = true;
  std::uint64_t seed = 0;
  data::AugmentConfig augment;
  bool frozen_body = false;    // the classifier alone is trained
  bool balanced_loss = false;  // classes weigh the same, however many images they have
};

class ImageTask final : public Task {
 public:
  // The network is on its device already, to which batches follow; sets must outlive the task. `held_out` is
  // what evaluate() uses.
  ImageTask(model::ImageNetwork& network, const data::ImageSet& training, const data::ImageSet& held_out,
            const ImageTaskConfig& config, Communicator& communicator);

  tensor::NamedTensors parameters() override;
  tensor::NamedTensors state() override;
  std::int64_t steps_per_epoch() const override;
  void start(std::int64_t step) override;
  StepLoss loss(std::int64_t step) override;
  Metrics evaluate() override;
  // Of the last evaluation.
  const Confusion& confusion() const { return confusion_; }

 private:
  torch::Tensor logits_of(const torch::Tensor& images);  // of a step

  model::ImageNetwork& network_;
  const data::ImageSet& held_out_;
  ImageTaskConfig config_;
  Communicator& communicator_;
  data::Loader loader_;
  torch::Tensor class_weights_;  // undefined where each image weighs the same
  Confusion confusion_;
};

// Error and loss of a network over a set, in evaluation mode: {"error", "loss"}. The processes share the
// work.
Metrics evaluate_images(model::ImageNetwork& network, const data::ImageSet& set, std::int64_t workers,
                        bool channels_last, Communicator& communicator, Confusion* confusion = nullptr);

}  // namespace frugal::train
