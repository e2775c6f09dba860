// The forms of kernels for Arm, here with their instructions in plain C: the bits of the plain kernels.
#include "ops/arm.h"

#include <cstring>
#include <utility>
#include <vector>

#include "base/random.h"
#include "ops/x86.h"
#include "support/conv_case.h"
#include "support/test.h"

using namespace frugal;

namespace {

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

std::vector<float> normals(base::Random& random, std::size_t count) {
  std::vector<float> values(count);
  for (float& v : values) v = static_cast<float>(random.normal());
  return values;
}

struct Bytes {
  std::vector<std::int8_t> y;
  std::vector<std::uint8_t> mask;
  bool operator==(const Bytes&) const = default;
};

// What a form of a convolution gives; it keeps to its scratch memory.
template <typename Kernel, typename Scratch>
Bytes forward(const test::ConvCase& c, const std::int32_t* bias, bool with_mask, Kernel kernel,
              Scratch scratch_of) {
  Bytes to{std::vector<std::int8_t>(c.gradient.size()),
           std::vector<std::uint8_t>(c.gradient.size() / 8 + 1, 0xAA)};
  const std::size_t bytes = scratch_of(&c.w);
  std::vector<std::uint32_t> scratch(bytes / 4 + 2, 0x5AFE5AFE);
  kernel(c.x.data(), c.weight.data(), bias, to.y.data(), with_mask ? to.mask.data() : nullptr, scratch.data(),
         &c.w, &c.to);
  CHECK(scratch[(bytes + 3) / 4] == 0x5AFE5AFE);
  return to;
}

void check_forward(const test::ConvCase& c, const std::int32_t* bias, bool with_mask) {
  if (c.depthwise) {
    const Bytes wanted =
        forward(c, bias, with_mask, ops_depthwise_conv_i8_plain, ops_depthwise_conv_i8_plain_scratch);
    CHECK(wanted ==
          forward(c, bias, with_mask, ops_depthwise_conv_i8_dsp, ops_depthwise_conv_i8_dsp_scratch));
    CHECK(wanted ==
          forward(c, bias, with_mask, ops_depthwise_conv_i8_mve, ops_depthwise_conv_i8_mve_scratch));
  } else {
    const Bytes wanted = forward(c, bias, with_mask, ops_conv_i8_plain, ops_conv_i8_plain_scratch);
    CHECK(wanted == forward(c, bias, with_mask, ops_conv_i8_dsp, ops_conv_i8_dsp_scratch));
    CHECK(wanted == forward(c, bias, with_mask, ops_conv_i8_mve, ops_conv_i8_mve_scratch));
  }
}

void check_gradients(const test::ConvCase& c) {
  const auto input_gradient = [&](auto kernel) {
    std::vector<float> y(c.x.size(), 99);
    kernel(c.gradient.data(), c.weight.data(), y.data(), &c.w);
    return y;
  };
  if (c.depthwise) {
    CHECK(same_bits(input_gradient(ops_depthwise_input_gradient_plain),
                    input_gradient(ops_depthwise_input_gradient_fpu)));
    return;
  }
  CHECK(
      same_bits(input_gradient(ops_conv_input_gradient_plain), input_gradient(ops_conv_input_gradient_fpu)));
  for (const std::int32_t step : {0, 1, 2, 3}) {  // 0: all, without a list
    std::vector<std::int32_t> channels;
    for (std::int32_t i = step == 2 ? 1 : 0; step > 0 && i < c.each(); i += step) channels.push_back(i);
    const auto trained = step == 0 ? c.each() : static_cast<std::int32_t>(channels.size());
    const auto weight_gradient = [&](auto kernel) {
      std::vector<float> y(
          c.weight.size() / static_cast<std::size_t>(c.each()) * static_cast<std::size_t>(trained), 99);
      kernel(c.x.data(), c.to.in_zero, c.gradient.data(), y.data(), step == 0 ? nullptr : channels.data(),
             trained, &c.w);
      return y;
    };
    CHECK(same_bits(weight_gradient(ops_conv_weight_gradient_plain),
                    weight_gradient(ops_conv_weight_gradient_fpu)));
  }
}

}  // namespace

TEST_CASE("convolutions on int8 are the same bytes and masks in Arm's forms", "[ops]") {
  for (std::uint64_t seed = 0; seed < 120; ++seed) {
    INFO("seed " << seed);
    test::ConvCase c = test::random_conv_case(seed);
    if (seed % 2 == 0) c.to.low = -128, c.to.high = 127;
    if (seed % 3 == 0) c.bias[seed % c.bias.size()] = seed % 2 == 0 ? INT32_MAX : INT32_MIN;
    check_forward(c, seed % 7 == 0 ? nullptr : c.bias.data(), seed % 4 < 2);
  }
}

TEST_CASE("gradients of a convolution are the same bits in Arm's form", "[ops]") {
  for (std::uint64_t seed = 0; seed < 120; ++seed) {
    INFO("seed " << seed);
    check_gradients(test::random_conv_case(seed));
  }
}

TEST_CASE("gradients of a 1x1 convolution over many pixels and outputs are the same bits in Arm's form",
          "[ops]") {
  for (const std::int32_t outputs : {7, 64, 131}) {  // fewer, as many and more than fit at once
    INFO(outputs << " outputs");
    base::Random random(static_cast<std::uint64_t>(outputs), "pointwise");
    test::ConvCase c;
    c.w = {10, 15, 22, 10, 15, outputs, 1, 1, 1, 1, 0, 0, 1, 1, 1};
    const auto bytes = [&](std::int32_t count) {
      std::vector<std::int8_t> values(static_cast<std::size_t>(count));
      for (std::int8_t& v : values) v = static_cast<std::int8_t>(static_cast<int>(random.below(256)) - 128);
      return values;
    };
    c.x = bytes(150 * 22);
    c.weight = bytes(outputs * 22);
    c.gradient = normals(random, static_cast<std::size_t>(150 * outputs));
    check_gradients(c);
  }
}

TEST_CASE("masks, scales and sums of channels are the same bits in Arm's form", "[ops]") {
  base::Random random(1, "small");
  for (const std::int32_t channels : {1, 7, 8, 16, 24, 37}) {
    for (const std::int32_t pixels : {1, 9}) {
      INFO(channels << " channels, " << pixels << " pixels");
      const std::int32_t count = channels * pixels;
      const auto gradient = normals(random, static_cast<std::size_t>(count));
      const auto factor = normals(random, static_cast<std::size_t>(channels));
      std::vector<std::uint8_t> mask(static_cast<std::size_t>(count) / 8 + 1);
      for (std::uint8_t& m : mask) m = static_cast<std::uint8_t>(random.below(256));
      for (const std::int32_t factors : {1, channels}) {
        for (const std::uint8_t* with_mask :
             {static_cast<const std::uint8_t*>(nullptr), std::as_const(mask).data()}) {
          const auto rescaled = [&](auto kernel) {
            std::vector<float> y(gradient);  // in place
            kernel(y.data(), factor.data(), factors, with_mask, y.data(), count);
            return y;
          };
          CHECK(same_bits(rescaled(ops_rescale_gradient_plain), rescaled(ops_rescale_gradient_fpu)));
        }
      }
      const auto summed = [&](auto kernel) {
        std::vector<float> sum(factor.size());
        kernel(gradient.data(), sum.data(), pixels, channels);
        return sum;
      };
      CHECK(same_bits(summed(ops_channel_sum_plain), summed(ops_channel_sum_fpu)));
    }
  }
}

TEST_CASE("sums of two int8 tensors are the same bytes in Arm's form", "[ops]") {
  base::Random random(2, "add");
  std::vector<std::int8_t> a(999), b(999);
  for (std::int8_t& v : a) v = static_cast<std::int8_t>(static_cast<int>(random.below(256)) - 128);
  for (std::int8_t& v : b) v = static_cast<std::int8_t>(static_cast<int>(random.below(256)) - 128);
  for (const float scale : {0.004F, 0.5F, 3.0F, 1e5F, 1e37F}) {
    for (const bool with_mask : {false, true}) {
      const ops_add how{OPS_FLOAT32_HALF_EVEN, 3, -7, 5, -128, 127, scale, -0.5F, 0, 0, 0, 0, 0, 0};
      const auto added = [&](auto kernel) {
        std::vector<std::int8_t> y(a.size());
        std::vector<std::uint8_t> mask(a.size() / 8 + 1);
        kernel(a.data(), b.data(), y.data(), with_mask ? mask.data() : nullptr, 999, 999, &how);
        y.insert(y.end(), mask.begin(), mask.end());
        return y;
      };
      CHECK(added(ops_add_i8_plain) == added(ops_add_i8_fpu));
    }
  }
}
