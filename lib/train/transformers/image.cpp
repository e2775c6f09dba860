#include "train/transformers/image.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include "base/error.h"
#include "data/batches/loader.h"
#include "train/images/classification.h"

namespace frugal::train {
namespace {

using base::UserError;
using torch::Tensor;

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
        loader_(training_, training_batches(config.batch, config.images.augment, seed, communicator)) {
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
  std::int64_t batch_size() const override { return config_.batch.size; }
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
    const Tensor sum =
        cross_entropy_sum(forward(weights, batch_.images.narrow(0, first, last - first), options),
                          batch_.labels.narrow(0, first, last - first), config_.batch.label_smoothing);
    return sum / static_cast<double>(batch_.global_size);
  }

  Metrics evaluate(const model::Weights& weights) override {
    const auto logits_of = [&](const Tensor& images) { return forward(weights, images, {}); };
    return loss_and_error(logits_of, held_out_, batches_in_order(config_.batch.workers, communicator_),
                          communicator_);
  }

  LabelledFeatures features(const model::Weights& weights, bool held_out) override {
    const torch::NoGradGuard no_grad;
    data::Loader loader(held_out ? held_out_ : training_,
                        batches_in_order(config_.batch.workers, Communicator()));
    loader.start_epoch(0);
    std::vector<Tensor> tokens, labels;
    std::int64_t count = 0;
    for (data::Batch batch; count < knn_examples && loader.next(batch); count += batch.labels.size(0)) {
      model::TransformerInput input;
      input.pixels = batch.images.to(weights.device());
      tokens.push_back(model::hidden_states(model_, weights, input).select(1, 0));
      labels.push_back(batch.labels.clone());
    }
    return {torch::cat(tokens), torch::cat(labels)};
  }

 private:
  Tensor forward(const model::Weights& weights, const Tensor& images,
                 const model::ForwardOptions& options) const {
    model::TransformerInput input;
    input.pixels = images.to(weights.device());
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
