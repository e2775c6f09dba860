// Networks in one line, and families of them: "3e1w16 | 5e3s2w32 3e3 Z Z | 7e3s2w40 3e3 5e3 5e3".
// `k`e`r` is an inverted bottleneck of kernel k and expansion r; `s` and `w` give the stride and width of a
// stage's first block (stride 1 where absent); Z is a skipped block; a bar separates stages. Blocks after the
// first have stride 1 and a shortcut. A width multiplier makes a family of sizes out of one line, which is
// what a scaling grid varies.
#pragma once

#include <cstdint>
#include <string>

#include "config/visitor.h"
#include "model/network.h"

namespace frugal::model {

// The nearest multiple of `divisor`, at least `divisor` and never under 90 % of the value (MobileNet's rule).
std::int64_t make_divisible(double value, std::int64_t divisor);

struct CompactNetwork {
  std::string blocks;
  std::int64_t stem = 16, stem_stride = 2, stem_kernel = 3;
  std::int64_t head = 0;  // width of the 1×1 convolution before the pool; 0: none
  double width_multiplier = 1;
  std::int64_t divisor = 8;  // widths are rounded to multiples of it, where a multiplier is given
  std::int64_t input_channels = 3, classes = 1000, resolution = 224;
  double dropout = 0, bn_momentum = 0.1, bn_eps = 1e-3;

  void visit(config::Visitor& v);
};

// Throws UserError at `place` with what could not be read.
NetworkConfig expand(const CompactNetwork& compact, const std::string& place);

}  // namespace frugal::model
