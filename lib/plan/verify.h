// Whether a memory plan holds: a check that shares nothing with what makes plans but the form of a block. It
// runs at the end of every planning.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "plan/block.h"
#include "plan/regions.h"

namespace frugal::plan {

// What is wrong first, in words that name the blocks and their places: two that live at the same step and
// share bytes, an offset that breaks an alignment, a block that ends beyond the capacity or beyond what the
// plan says it needs, a block without a place. Nothing: the plan holds.
std::optional<std::string> fault_of(const std::vector<Block>& blocks, const Arena& arena,
                                    std::optional<std::size_t> capacity = std::nullopt);

// The same of a plan over several memories, and: every block lies in one that it may lie in, unless the plan
// lists it as without room.
std::optional<std::string> fault_of(const std::vector<Block>& blocks, const std::vector<Region>& regions,
                                    const RegionPlan& plan);

// Throw base::Failure with that.
void verify(const std::vector<Block>& blocks, const std::vector<Region>& regions, const RegionPlan& plan);
void verify(const std::vector<Block>& blocks, const Arena& arena,
            std::optional<std::size_t> capacity = std::nullopt);

}  // namespace frugal::plan
