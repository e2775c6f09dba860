// Random graphs of operators, for properties that every graph must keep: branches and sums, odd and
// non-square sizes, strides that do not divide, one and two dimensions, quantised tensors.
#pragma once

#include <cstdint>

#include "ir/graph.h"

namespace frugal::test {

ir::Graph random_graph(std::uint64_t seed);

}  // namespace frugal::test
