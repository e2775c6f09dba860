// What stands around a network's blocks: stem, head and classifier, and how wide all of them are. The part
// of its description that network lines (network/compact.h) and search spaces share.
#pragma once

#include <cstdint>
#include <string>

#include "config/visitor.h"
#include "network/network.h"

namespace frugal::network {

struct FrameConfig {
  std::int64_t input_channels = 3, classes = 1000, resolution = 224;
  double width_multiplier = 1;
  std::int64_t divisor = 8;  // widths are rounded to multiples of it, where a multiplier is given
  std::int64_t stem = 16, stem_stride = 2, stem_kernel = 3;
  std::int64_t head = 0;  // width of the 1×1 convolution before the pool; 0: none
  double dropout = 0, bn_momentum = 0.1, bn_eps = 1e-3;

  void visit(config::Visitor& v);

  std::int64_t width_of(std::int64_t width) const;  // multiplied and rounded

  // The network up to its blocks. UserError at `place` where the stem's kernel is even.
  NetworkConfig open(const std::string& place) const;
  // What follows the blocks; `head_width` is multiplied already.
  void close(NetworkConfig& network, std::int64_t channels, std::int64_t head_width) const;
};

// The nearest multiple of `divisor`, at least `divisor` and never under 90 % of the value (MobileNet's rule).
std::int64_t make_divisible(double value, std::int64_t divisor);

}  // namespace frugal::network
