// Image classification with a vision transformer as an objective.
#pragma once

#include <memory>

#include "train/transformers/objective.h"

namespace frugal::train {

// As make_objective, for a config whose kind is "image". UserError where the images have another size or
// other classes than the model.
std::unique_ptr<Objective> make_image_objective(const ObjectiveConfig& config,
                                                const model::TransformerConfig& model, std::uint64_t seed,
                                                Communicator& communicator);

}  // namespace frugal::train
