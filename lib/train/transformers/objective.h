// What a transformer is trained on, as a loss of any named weights: leaf parameters in training, weights made
// by a growth operator while that is learned. Causal and masked language modelling, image classification.
#pragma once

#include <cstdint>
#include <memory>

#include "data/images/config.h"
#include "data/tokens/token_batch.h"
#include "data/tokens/token_stream.h"
#include "model/transformer/transformer.h"
#include "train/batch_config.h"
#include "train/knn.h"
#include "train/run/communicator.h"
#include "train/task.h"

namespace frugal::train {

class Objective {
 public:
  virtual ~Objective() = default;

  virtual std::int64_t steps_per_epoch() const = 0;
  virtual void start(std::int64_t step) = 0;  // as Task::start

  // This process's share of the mean loss over part `part` of `parts` of a step's global batch: the parts add
  // up to the step's loss.
  virtual torch::Tensor loss(const model::Weights& weights, std::int64_t step, std::int64_t part,
                             std::int64_t parts, const model::ForwardOptions& options) = 0;
  // {"loss"} and, for images, {"error"}.
  virtual Metrics evaluate(const model::Weights& weights) = 0;
  // Last hidden states of class tokens, with the classes, of training or held-out images. Tokens have no
  // classes of their own: UserError; see train/transformers/features.h.
  virtual LabelledFeatures features(const model::Weights& weights, bool held_out);

  virtual std::int64_t batch_size() const = 0;          // examples a step, over all processes
  virtual std::int64_t tokens_per_example() const = 0;  // patches and class token of an image
};

inline constexpr std::int64_t knn_examples = 5000;  // at most so many of each kind

struct ObjectiveConfig {
  std::string kind = "causal";  // causal, masked, image
  data::TokenDataConfig tokens;
  double mask_share = 0.15;
  std::int64_t mask_token_id = -1;
  data::DataConfig images;
  BatchConfig batch{.size = 16};

  void visit(config::Visitor& v);
};

// `model_folder`: where a text's tokenizer is looked for when the config names none; may be empty. UserError
// where data and model do not fit: vocabulary, positions, image size, classes, kind of head.
std::unique_ptr<Objective> make_objective(const ObjectiveConfig& config,
                                          const model::TransformerConfig& model,
                                          const std::string& model_folder, std::uint64_t seed,
                                          Communicator& communicator);

}  // namespace frugal::train
