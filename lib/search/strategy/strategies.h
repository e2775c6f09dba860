// The strategies' makers, for the table in strategy.cpp; each is one file.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "search/strategy/strategy.h"

namespace frugal::search {

using MakeStrategy = std::unique_ptr<Strategy>(Supernet&, const Objective&, const StrategyConfig&,
                                               std::uint64_t, const std::string&);

MakeStrategy make_gradient, make_recompute;  // gradient.cpp
MakeStrategy make_reinforce, make_darts, make_random, make_evolution;

}  // namespace frugal::search
