// Of a weight whose channels are trained in part, only those channels stand in the memory that a device can
// change: the rest stays in flash, and the whole is put together (with_channels) before each layer that reads
// it, in memory that is free again behind it.
#pragma once

#include "passes/updates.h"

namespace frugal::passes {

// The same bytes are learnt. Gives the step as it is where nothing is trained in part.
TrainingStep with_split_weights(const TrainingStep& step);

}  // namespace frugal::passes
