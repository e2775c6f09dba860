// The page of contributions: gain of the biases by how many layers, and of each layer's weights.
#pragma once

#include <string>

#include "ir/ids.h"
#include "sparse/contributions.h"

namespace frugal::adapt {

std::string contribute_page(const sparse::Contributions& contributions, const ir::Graph& graph);

}  // namespace frugal::adapt
