// The k most probable networks of a distribution over paths: what a search may choose among once more, by
// trying each with the weights that all of them share.
#pragma once

#include <cstddef>
#include <vector>

#include "search/derive/derive.h"

namespace frugal::search {

// In order of log-probability, the most probable first; those that pass a limit are left out. Fewer than k
// where the space has no more, or where the most probable million holds no more that keep the limits (then
// perhaps none).
std::vector<Choice> k_most_probable(const BlockScores& scores, const std::vector<Limit>& limits,
                                    std::size_t k);

}  // namespace frugal::search
