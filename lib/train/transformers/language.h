// Language modelling as an objective: the next token (causal) or masked tokens (BERT) of a stream of tokens.
#pragma once

#include <memory>
#include <string>

#include "train/transformers/objective.h"

namespace frugal::train {

// As make_objective, for a config whose kind is "causal" or "masked". UserError where sequences are longer
// than the model's positions, or tokens lie outside its vocabulary.
std::unique_ptr<Objective> make_language_objective(const ObjectiveConfig& config,
                                                   const model::TransformerConfig& model,
                                                   const std::string& model_folder, std::uint64_t seed,
                                                   Communicator& communicator);

}  // namespace frugal::train
