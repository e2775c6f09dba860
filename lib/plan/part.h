// A part of the exact search's work: items that are not placed yet and the room left for them. What can be
// said of it without a decision stands here (bounds, cuts); the decisions are in plan/search.cpp.
//
// Floors. No item of the part may lie under the floor of a section that it lives in. An item can therefore
// lie no lower than the highest floor of its sections (`lowest`), and a section whose items all lie at or
// above a height has its floor there. The two rules are applied until nothing moves; a section where floor
// plus what is still to come goes beyond the ceiling ends the branch.
#pragma once

#include <utility>
#include <vector>

#include "plan/problem.h"

namespace frugal::plan {

using Placement = std::pair<int, Unit>;  // item, offset

struct Part {
  std::vector<int> items;
  std::vector<Unit> lowest;  // of each of `items`, after tighten()
  int first = 0;             // section that the vectors below begin with
  std::vector<Unit> floor;
  std::vector<Unit> top;   // end of what was placed there; between it and the floor nothing is
  std::vector<Unit> rest;  // sum of the sizes of the items that live there
  Unit ceiling = 0;

  int sections() const { return static_cast<int>(floor.size()); }
  Unit slack(int section) const {
    const auto s = static_cast<std::size_t>(section);
    return ceiling - floor[s] - rest[s];
  }
};

// All items of a problem, on the ground.
Part whole(const Problem& problem);

// Raises floors as far as they must be. False: the part cannot be placed. It also says false where an item
// fits into a gap between `top` and `floor`: a plan with the gap filled was looked for where the gap was left
// (there no item lay at that height), and was not found. `failures` counts, by section of the problem, where
// it came out that there is no room.
bool tighten(const Problem& problem, Part& part, std::vector<double>& failures);

// Puts the item at index k of the part where it is lowest.
void put(const Problem& problem, Part& part, std::size_t k);

// An item that lives in all sections of a part can lie at the very top: what any plan has above it moves down
// by its size. Takes such items out (into `placed`), and lowers the ceiling.
void lift_spanning(const Problem& problem, Part& part, std::vector<Placement>& placed);

// Cut in time where no item crosses: each part can be placed by itself.
std::vector<Part> split(const Problem& problem, const Part& part);

}  // namespace frugal::plan
