// Small conversions that the files of lib/plan share.
#pragma once

#include <cstddef>
#include <cstdint>

#include "ir/ids.h"

namespace frugal::plan {

using ir::index;  // of an item or section too

// A number that has nothing in common with its neighbours' (splitmix64's finaliser): sums of them name sets,
// whatever the order.
constexpr std::uint64_t scramble(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

}  // namespace frugal::plan
