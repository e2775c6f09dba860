// The networks of a space among which one can choose: each is the most probable of all that cost at most as
// much.
#pragma once

#include <cstdint>
#include <vector>

#include "search/derive/derive.h"

namespace frugal::search {

// From the cheapest network to the most probable one; `costs` must be a sum. Where there are more than
// `most`, those that lie about evenly between the two by their cost. Empty where no network keeps the limits.
std::vector<Choice> front(const BlockScores& scores, const BlockCosts& costs,
                          const std::vector<Limit>& limits, std::int64_t most);

}  // namespace frugal::search
