// Architecture parameters of a file: {"alpha": [[…] of every block]}, or what a search wrote.
#pragma once

#include <string>

#include "config/json_node.h"
#include "search/derive/derive.h"

namespace frugal::search {

// The log-probabilities that the file's α give. target: whose, where the search was for several devices;
// empty where it was for one. UserError with the JSON path where the α do not fit the space's blocks and
// candidates, or say nothing finite; at --target where the file has no such one.
BlockScores read_alpha(const config::JsonNode& file, const std::string& target, const SearchSpace& space);

}  // namespace frugal::search
