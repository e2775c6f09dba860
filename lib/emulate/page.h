// The page of a run: accuracy while it learnt, memory, instructions layer by layer.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace frugal::emulate {

// Of what `run` and `start` answer.
std::string page_of(const nlohmann::ordered_json& result);

}  // namespace frugal::emulate
