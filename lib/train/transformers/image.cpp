// Image classification with a vision transformer, through the shared image loader.
#include <fmt/format.h>
#include <torch/torch.h>

#include <array>

#include "base/error.h"
#include "data/images/loader.h"
#include "train/transformers/objective.h"

namespace frugal::train {
namespace {

using base::UserError;
using torch::Tensor;
namespace F = torch::nn::functional;

class Images final : public Objective {
 public:
  Images(const ObjectiveConfig& config, const model::TransformerConfig& model, std::uint64_t seed,
         Communicator& communicator)
      : config_(config),
        model_(model),
        communicator_(communicator),
        training_(data::open_split(config.images, data::Split::train)),
        held_out_(data::open_split(
            config.images, config.images.validation > 0 ? data::Split::validation : data::Split::test)),
        loader_(training_, loader_config(seed)) {
    const std::string place = model.origin.empty() ? "model" : model.origin;
    if (training_.channels != model.channels || training_.height != model.image_size ||
        training_.width != model.image_size) {
      throw UserError(place,
                      fmt::format("takes {} channels of {}×{} pixels, but the images of {} have {} of {}×{}",
                                  model.channels, model.image_size, model.image_size, training_.name,
                                  training_.channels, training_.height, training_.width),
                      "set images.resolution and images.channels");
    }
    if (training_.class_count() != model.labels) {
      throw UserError(place, fmt::format("tells {} classes apart, but {} has {}", model.labels,
                                         training_.name, training_.class_count()));
    }
  }

  std::int64_t steps_per_epoch() const override { return loader_.batches_per_epoch(); }
  void start(std::int64_t step) override {
    loader_.start_epoch(step / steps_per_epoch(), step % steps_per_epoch());
    next_ = step;
  }
  std::int64_t batch_size() const override { return config_.batch_size; }
  std::int64_t tokens_per_example() const override { return model_.patches() + model_.class_tokens(); }

  Tensor loss(const model::Weights& weights, std::int64_t step, std::int64_t part, std::int64_t parts,
              const model::ForwardOptions& options) override {
    if (step != drawn_) {
      if (step != next_ || !loader_.next(batch_)) {  // an epoch's end, or another place
        start(step);
        FRUGAL_ASSERT(loader_.next(batch_), "an epoch has a batch");
      }
      drawn_ = step;
      next_ = step + 1;
    }
    const std::int64_t rows = batch_.labels.size(0);
    const std::int64_t first = rows * part / parts, last = rows * (part + 1) / parts;
    const Tensor logits = forward(weights, batch_.images.narrow(0, first, last - first), options);
    const Tensor sum = F::cross_entropy(
        logits, batch_.labels.narrow(0, first, last - first),
        F::CrossEntropyFuncOptions().reduction(torch::kSum).label_smoothing(config_.label_smoothing));
    return sum / static_cast<double>(batch_.global_size);
  }

  Metrics evaluate(const model::Weights& weights) override {
    const torch::NoGradGuard no_grad;
    data::Loader loader(held_out_, in_order(communicator_.rank(), communicator_.size()));
    loader.start_epoch(0);
    std::array<double, 2> sums{};
    for (data::Batch batch; loader.next(batch);) {
      if (batch.labels.numel() == 0) continue;
      const Tensor logits = forward(weights, batch.images, {});
      sums[0] += F::cross_entropy(logits, batch.labels, F::CrossEntropyFuncOptions().reduction(torch::kSum))
                     .item<double>();
      sums[1] += logits.argmax(1).ne(batch.labels).sum().item<double>();
    }
    communicator_.sum(sums.data(), 2);
    const auto count = static_cast<double>(held_out_.size());
    return {{"loss", sums[0] / count}, {"error", sums[1] / count}};
  }

  LabelledFeatures features(const model::Weights& weights, bool held_out) override {
    const torch::NoGradGuard no_grad;
    data::Loader loader(held_out ? held_out_ : training_, in_order(0, 1));
    loader.start_epoch(0);
    std::vector<Tensor> tokens, labels;
    std::int64_t count = 0;
    for (data::Batch batch; count < knn_examples && loader.next(batch); count += batch.labels.size(0)) {
      model::TransformerInput input;
      input.pixels = batch.images;
      tokens.push_back(model::hidden_states(model_, weights, input).select(1, 0));
      labels.push_back(batch.labels.clone());
    }
    return {torch::cat(tokens), torch::cat(labels)};
  }

 private:
  // No changes, no order drawn.
  data::LoaderConfig in_order(int rank, int world) const {
    data::LoaderConfig config;
    config.batch_size = 256;
    config.workers = static_cast<int>(config_.workers);
    config.rank = rank;
    config.world = world;
    return config;
  }

  data::LoaderConfig loader_config(std::uint64_t seed) const {
    data::LoaderConfig loader;
    loader.batch_size = config_.batch_size / communicator_.size();
    loader.shuffle = true;
    loader.augment = config_.images.augment;
    loader.seed = seed;
    loader.workers = static_cast<int>(config_.workers);
    loader.drop_last = true;
    loader.rank = communicator_.rank();
    loader.world = communicator_.size();
    return loader;
  }

  Tensor forward(const model::Weights& weights, const Tensor& images,
                 const model::ForwardOptions& options) const {
    model::TransformerInput input;
    input.pixels = images;
    return model::logits(model_, weights, input, options);
  }

  ObjectiveConfig config_;
  model::TransformerConfig model_;
  Communicator& communicator_;
  data::ImageSet training_, held_out_;
  data::Loader loader_;
  data::Batch batch_;
  std::int64_t drawn_ = -1, next_ = -1;
};

}  // namespace

std::unique_ptr<Objective> make_image_objective(const ObjectiveConfig& config,
                                                const model::TransformerConfig& model, std::uint64_t seed,
                                                Communicator& communicator) {
  return std::make_unique<Images>(config, model, seed, communicator);
}

}  // namespace frugal::train
