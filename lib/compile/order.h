// The order of a training step's nodes, searched for less memory (plan/order.h): where branches of a network
// may run one after the other in several ways.
#pragma once

#include <cstdint>
#include <string>

#include "passes/updates.h"

namespace frugal::compile {

// The same nodes; forward ones and the loss stay before all others, and an update behind what reads its
// parameter. Gives the step as it is where no order is better. kernels: a target of ops.h.
passes::TrainingStep in_searched_order(const passes::TrainingStep& step, std::int32_t kernels,
                                       const std::string& origin);

}  // namespace frugal::compile
