// Networks in one line, and families of them: "3e1w16 | 5e3s2w32 3e3 Z Z | 7e3s2w40 3e3 5e3 5e3".
// `k`e`r` is an inverted bottleneck of kernel k and expansion r; `s` and `w` give the stride and width of a
// stage's first block (stride 1 where absent); Z is a skipped block; a bar separates stages. Blocks after the
// first have stride 1 and a shortcut. A width multiplier makes a family of sizes out of one line, which is
// what a scaling grid varies.
#pragma once

#include <string>

#include "network/frame.h"

namespace frugal::network {

struct CompactNetwork : FrameConfig {
  std::string blocks;

  void visit(config::Visitor& v);
};

// Throws UserError at `place` with what could not be read.
NetworkConfig expand(const CompactNetwork& compact, const std::string& place);

}  // namespace frugal::network
