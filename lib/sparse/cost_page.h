// The page of `inspect`: compute and memory by layer as bars, and the memory of a training step over its
// steps.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace frugal::sparse {

// result: what `inspect` answers, with "layers" and, where it was asked for schemes, "schemes".
std::string cost_page(const nlohmann::ordered_json& result);

}  // namespace frugal::sparse
