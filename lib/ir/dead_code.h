// Nodes that compute nothing that an output of the graph needs: a file may hold branches of heads that were
// taken off.
#pragma once

#include <string>
#include <vector>

#include "ir/model.h"

namespace frugal::ir {

struct DeadCode {
  std::vector<std::string> nodes;  // those left out, in their order
  std::size_t bytes = 0;           // of the parameters, states and constants that went with them
};

// The same model without them; the graph's inputs stay.
Model without_dead_code(Model model, DeadCode* dead = nullptr);

}  // namespace frugal::ir
