#include "train/images/classification.h"

#include <torch/nn/functional/loss.h>

#include <array>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/stop.h"

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
                                double label_smoothing, const torch::Tensor& class_weights) {
  return F::cross_entropy(logits, labels.to(logits.device()),
                          F::CrossEntropyFuncOptions()
                              .reduction(torch::kSum)
                              .label_smoothing(label_smoothing)
                              .weight(class_weights));
}

torch::Tensor balancing_weights(const data::ImageSet& set) {
  torch::Tensor weights = torch::zeros({set.class_count()});
  float* w = weights.data_ptr<float>();
  for (const std::int64_t label : set.labels) w[label] += 1;
  const auto examples = static_cast<float>(set.size()), classes = static_cast<float>(set.class_count());
  for (std::int64_t c = 0; c < set.class_count(); ++c) w[c] = w[c] > 0 ? examples / (classes * w[c]) : 0;
  return weights;
}

nlohmann::ordered_json to_json(const Confusion& confusion, const std::vector<std::string>& class_names) {
  constexpr std::size_t most_shown = 100;
  nlohmann::ordered_json per_class = nlohmann::ordered_json::array();
  for (std::size_t c = 0; c < confusion.counts.size(); ++c) {
    const std::vector<std::int64_t>& row = confusion.counts[c];
    const std::int64_t examples = std::accumulate(row.begin(), row.end(), std::int64_t{0});
    nlohmann::ordered_json one{{"class", class_names.at(c)}, {"examples", examples}};
    if (examples > 0) one["error"] = 1 - static_cast<double>(row[c]) / static_cast<double>(examples);
    per_class.push_back(std::move(one));
  }
  nlohmann::ordered_json json{{"per_class", std::move(per_class)}};
  if (confusion.counts.size() <= most_shown) json["confusion"] = confusion.counts;
  return json;
}

Metrics loss_and_error(const std::function<torch::Tensor(const torch::Tensor& images)>& logits_of,
                       const data::ImageSet& set, const data::LoaderConfig& batches,
                       Communicator& communicator, Confusion* confusion) {
  const torch::NoGradGuard no_grad;
  data::Loader loader(set, batches);
  loader.start_epoch(0);
  std::array<double, 2> sums{};  // loss, wrong
  const auto classes = static_cast<std::size_t>(set.class_count());
  std::vector<double> counts(confusion != nullptr ? classes * classes : 0);
  for (data::Batch batch; loader.next(batch);) {
    base::stop_if_requested();
    if (batch.labels.numel() == 0) continue;
    const torch::Tensor logits = logits_of(batch.images);
    sums[0] += cross_entropy_sum(logits, batch.labels).item<double>();
    const torch::Tensor answers = logits.argmax(1).to(torch::kCPU);
    sums[1] += answers.ne(batch.labels).sum().item<double>();
    if (confusion == nullptr) continue;
    const auto* label = batch.labels.const_data_ptr<std::int64_t>();
    const auto* answer = answers.const_data_ptr<std::int64_t>();
    for (std::int64_t i = 0; i < answers.numel(); ++i) {
      counts[static_cast<std::size_t>(label[i]) * classes + static_cast<std::size_t>(answer[i])] += 1;
    }
  }
  communicator.sum(sums.data(), 2);
  if (confusion != nullptr) {
    communicator.sum(counts.data(), static_cast<std::int64_t>(counts.size()));
    confusion->counts.assign(classes, std::vector<std::int64_t>(classes));
    for (std::size_t i = 0; i < counts.size(); ++i) {
      confusion->counts[i / classes][i % classes] = static_cast<std::int64_t>(counts[i]);
    }
  }
  const auto count = static_cast<double>(set.size());
  return {{"loss", sums[0] / count}, {"error", sums[1] / count}};
}

}  // namespace frugal::train
