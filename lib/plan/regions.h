// Blocks in several memories of a device (say 128 KB close to the core and 512 KB beyond the bus): each lies
// in one, what is used most in the cheapest, and what does not fit there spills into the next.
//
// The memories are filled one after the other, the cheapest first, and the blocks offered to them in several
// orders: most traffic for the room it takes (bytes times steps), most bytes at steps where the memories that
// come later are too small, and most room. Of the plans that hold all blocks the cheapest is taken, by
// Σ traffic · cost.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "plan/block.h"
#include "plan/search.h"

namespace frugal::plan {

struct Region {
  std::string name;
  std::size_t bytes = 0;
  double cost = 1;  // of a byte read or written there
};

inline constexpr std::size_t no_region = static_cast<std::size_t>(-1);

struct RegionPlan {
  std::vector<std::size_t> region;   // of each block; no_region where it has 0 bytes or no room
  std::vector<std::size_t> offsets;  // within its region
  std::vector<std::size_t> used;     // bytes of each region
  double cost = 0;
  std::vector<std::size_t> without_room;  // blocks, rising; empty: all is placed
  bool fits() const { return without_room.empty(); }
};

// "DTCM=128KB" or "DTCM=131072:2.5": name, bytes, and where wanted the cost of a byte; else it is the
// position in the list, from 1. Throws UserError at "origin" for another form, for no bytes, and for a name
// that stands twice.
std::vector<Region> parse_regions(const std::vector<std::string>& texts, const std::string& origin);

// Verified like every plan. A block may name only regions that there are (an assertion).
RegionPlan place_in_regions(const std::vector<Block>& blocks, const std::vector<Region>& regions,
                            const SearchLimits& search = {});

// Of a plan that does not fit, for a user: how much was alive at the fullest step against what all memories
// hold, and the largest blocks without room.
std::string why_not(const std::vector<Block>& blocks, const std::vector<Region>& regions,
                    const RegionPlan& plan);

}  // namespace frugal::plan
