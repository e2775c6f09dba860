// Gradients of depthwise layers of stride 1 are computed where the gradient that they take lies, a few
// channels at a time: one map of floats is alive instead of two.
#pragma once

#include "passes/updates.h"

namespace frugal::passes {

// The same bits. Gives the step as it is where nothing can be computed so.
TrainingStep with_gradients_in_place(TrainingStep step);

}  // namespace frugal::passes
