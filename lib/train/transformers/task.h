// A transformer's leaf parameters trained on an objective: a Task for the loop, with gradient accumulation,
// layer dropping and token dropping.
#pragma once

#include "model/transformer/transformer.h"
#include "train/task.h"
#include "train/transformers/drop.h"
#include "train/transformers/objective.h"

namespace frugal::train {

class TransformerTask final : public Task {
 public:
  // `weights` (canonical, float32) are copied into training form. `accumulate` parts a step's batch;
  // `evaluate_steps` > 0 takes the place of an epoch.
  TransformerTask(const model::TransformerConfig& model, const model::Weights& weights, Objective& objective,
                  std::int64_t accumulate, const DropConfig& drop, std::uint64_t seed,
                  std::int64_t evaluate_steps, Communicator& communicator);

  tensor::NamedTensors parameters() override { return weights_.list(); }
  tensor::NamedTensors state() override { return weights_.list(); }
  std::int64_t steps_per_epoch() const override;
  void start(std::int64_t step) override;
  StepLoss loss(std::int64_t step) override;
  Metrics evaluate() override;

  // The present weights in canonical form: views of the parameters, without a graph.
  model::Weights canonical() const;
  const model::Weights& training_form() const { return weights_; }

 private:
  model::TransformerConfig model_;
  model::Weights weights_;
  Objective& objective_;
  std::int64_t accumulate_;
  DropConfig drop_;
  std::uint64_t seed_;
  std::int64_t evaluate_steps_;
  Communicator& communicator_;
};

}  // namespace frugal::train
