// What every image classifier is trained and judged with, whatever its network: batches of a training set,
// and loss and error over a held-out set.
#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "data/batches/loader.h"
#include "data/images/dataset.h"
#include "train/batch_config.h"
#include "train/run/communicator.h"
#include "train/task.h"

namespace frugal::train {

// Shuffled batches with random changes, of which this process takes its slice.
data::LoaderConfig training_batches(const BatchConfig& batch, const data::AugmentConfig& augment,
                                    std::uint64_t seed, const Communicator& communicator);

// The set once, in order and unchanged, 256 images at a time.
data::LoaderConfig batches_in_order(std::int64_t workers, const Communicator& communicator);

// Cross entropy with smoothed labels, summed over the rows of logits [B, classes]; labels [B] int64,
// on any device. class_weights [classes]: what an example of each class counts; undefined: 1.
torch::Tensor cross_entropy_sum(const torch::Tensor& logits, const torch::Tensor& labels,
                                double label_smoothing = 0, const torch::Tensor& class_weights = {});

// With these every class of the set counts the same, and an example 1 in the mean.
torch::Tensor balancing_weights(const data::ImageSet& set);

// How often an example of one class was taken for one of another: counts[label][answer].
struct Confusion {
  std::vector<std::vector<std::int64_t>> counts;
};
// {"per_class": [{"class", "examples", "error"}…], "confusion": counts where there are at most 100 classes}.
nlohmann::ordered_json to_json(const Confusion& confusion, const std::vector<std::string>& class_names);

// {"loss", "error"}: means over a set. `logits_of` gives [B, classes] for images [B, C, H, W]. The processes
// share the work.
Metrics loss_and_error(const std::function<torch::Tensor(const torch::Tensor& images)>& logits_of,
                       const data::ImageSet& set, const data::LoaderConfig& batches,
                       Communicator& communicator, Confusion* confusion = nullptr);

}  // namespace frugal::train
