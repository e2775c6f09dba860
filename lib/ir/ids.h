// Names of what a graph holds, for headers that pass graphs on without looking into them: those include this
// alone, so that a change of ir/graph.h compiles little anew.
#pragma once

#include <cstdint>

namespace frugal::ir {

using TensorId = std::int32_t;
using NodeId = std::int32_t;
inline constexpr std::int32_t none = -1;

struct Graph;  // ir/graph.h

}  // namespace frugal::ir
