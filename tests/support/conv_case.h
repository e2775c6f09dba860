// A random convolution with every product of it in the plainest loops: what kernels are compared with.
#pragma once

#include <cstdint>
#include <vector>

#include "base/random.h"
#include "ops/ops.h"

namespace frugal::test {

struct ConvCase {
  ops_window w{};
  bool depthwise = false;
  std::vector<std::int8_t> x, weight;
  std::vector<std::int32_t> bias;
  std::vector<float> scale, gradient;
  ops_requantize to{};

  std::size_t in(std::int32_t y, std::int32_t x_, std::int32_t c) const {
    return static_cast<std::size_t>((y * w.in_width + x_) * w.in_channels + c);
  }
  std::size_t out(std::int32_t y, std::int32_t x_, std::int32_t c) const {
    return static_cast<std::size_t>((y * w.out_width + x_) * w.out_channels + c);
  }
  std::int32_t each() const { return depthwise ? 1 : w.in_channels / w.groups; }
  std::size_t at(std::int32_t o, std::int32_t ky, std::int32_t kx, std::int32_t i) const {
    if (depthwise) return static_cast<std::size_t>((ky * w.kernel_width + kx) * w.out_channels + o);
    return static_cast<std::size_t>(((o * w.kernel_height + ky) * w.kernel_width + kx) * each() + i);
  }

  // Every product of the convolution: (input element, weight element, output element).
  template <typename Visit>
  void for_each_product(const Visit& visit) const {
    for (std::int32_t oy = 0; oy < w.out_height; ++oy)
      for (std::int32_t ox = 0; ox < w.out_width; ++ox)
        for (std::int32_t o = 0; o < w.out_channels; ++o)
          for (std::int32_t ky = 0; ky < w.kernel_height; ++ky)
            for (std::int32_t kx = 0; kx < w.kernel_width; ++kx) {
              const std::int32_t iy = oy * w.stride_height - w.pad_top + ky * w.dilation_height;
              const std::int32_t ix = ox * w.stride_width - w.pad_left + kx * w.dilation_width;
              if (iy < 0 || ix < 0 || iy >= w.in_height || ix >= w.in_width) continue;
              for (std::int32_t i = 0; i < each(); ++i) {
                const std::int32_t channel = depthwise ? o / (w.out_channels / w.in_channels)
                                                       : o / (w.out_channels / w.groups) * each() + i;
                visit(in(iy, ix, channel), at(o, ky, kx, i), out(oy, ox, o));
              }
            }
  }
};

inline ConvCase random_conv_case(std::uint64_t seed) {
  base::Random random(seed, "conv");
  const auto between = [&](std::int32_t low, std::int32_t high) {
    return low + static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(high - low + 1)));
  };
  ConvCase c;
  c.depthwise = random.below(3) == 0;
  ops_window& w = c.w;
  w.groups = c.depthwise ? 1 : between(1, 3);
  w.in_channels = w.groups * between(1, c.depthwise ? 40 : 20);
  w.out_channels = c.depthwise ? w.in_channels * between(1, 2) : w.groups * between(1, 9);
  w.kernel_height = between(1, 3);
  w.kernel_width = between(1, 5);
  w.stride_height = between(1, 2);
  w.stride_width = between(1, 3);
  w.dilation_height = between(1, 2);
  w.dilation_width = 1;
  w.pad_top = between(0, 2);
  w.pad_left = between(0, 2);
  w.in_height = between(5, 9);
  w.in_width = between(5, 9);
  w.out_height =
      (w.in_height + 2 * w.pad_top - (w.kernel_height - 1) * w.dilation_height - 1) / w.stride_height + 1;
  w.out_width =
      (w.in_width + 2 * w.pad_left - (w.kernel_width - 1) * w.dilation_width - 1) / w.stride_width + 1;
  const auto bytes = [&](std::size_t count) {
    std::vector<std::int8_t> values(count);
    for (std::int8_t& v : values) v = static_cast<std::int8_t>(between(-128, 127));
    return values;
  };
  c.x = bytes(static_cast<std::size_t>(w.in_height * w.in_width * w.in_channels));
  c.weight = bytes(static_cast<std::size_t>(w.out_channels * w.kernel_height * w.kernel_width * c.each()));
  for (std::int32_t o = 0; o < w.out_channels; ++o) {
    c.bias.push_back(between(-3000, 3000));
    c.scale.push_back(0.002F + 0.01F * static_cast<float>(random.uniform()));
  }
  const std::size_t outputs = static_cast<std::size_t>(w.out_height * w.out_width * w.out_channels);
  for (std::size_t i = 0; i < outputs; ++i)
    c.gradient.push_back(random.below(5) == 0 ? 0.0F : static_cast<float>(random.normal()));
  c.to = {OPS_FLOAT32_HALF_EVEN,
          between(-128, 127),
          between(-20, 20),
          -100,
          90,
          c.scale.data(),
          nullptr,
          nullptr};
  return c;
}

}  // namespace frugal::test
