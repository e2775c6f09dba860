// A memory plan drawn over time: every block a box at its place, the largest in colours with their names.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "plan/block.h"

namespace frugal::plan {

struct PictureOptions {
  std::string title;
  std::size_t named = 7;  // so many of the largest blocks have a colour and a name; the others are grey
  std::optional<std::size_t> capacity;
};

// An SVG for a page (report/svg.h). Names of all blocks show under the pointer.
std::string picture(const std::vector<Block>& blocks, const Arena& arena, const PictureOptions& options = {});

}  // namespace frugal::plan
