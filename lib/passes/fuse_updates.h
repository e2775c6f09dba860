// The gradient of a convolution's weights and their update become one node, which takes a few output channels
// at a time: the whole gradient, four bytes a weight, is never in memory.
#pragma once

#include "passes/updates.h"

namespace frugal::passes {

// The same bits. Gives the step as it is where there is nothing to fuse.
TrainingStep with_fused_updates(TrainingStep step);

}  // namespace frugal::passes
