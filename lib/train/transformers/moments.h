// Reads and writes Adam's moments beside a model's weights (optimizer.safetensors: exp_avg.NAME and
// exp_avg_sq.NAME under the canonical names, updates): what a grown run can start from.
#pragma once

#include <string>

#include "model/transformer/transformer.h"

namespace frugal::train {

struct Moments {
  model::Weights first, second;  // canonical, as the weights
  std::int64_t updates = 0;
  bool empty() const { return first.empty(); }
};

inline constexpr const char* moments_file = "optimizer.safetensors";

// UserError where the file lacks a weight of the model or has another shape.
Moments read_moments(const std::string& folder, const model::TransformerConfig& model);
void write_moments(const std::string& folder, const Moments& moments);

// From the checkpoint of a finished run, whose names are those of the training form; and to what the loop
// takes as its optimiser's first state.
Moments moments_of_checkpoint(const std::string& path, const model::TransformerConfig& model,
                              const model::Weights& training_form);
tensor::NamedTensors optimizer_state(const Moments& moments, const model::TransformerConfig& model);

}  // namespace frugal::train
