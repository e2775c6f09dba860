// Convolutions and their gradients against the plainest loops, over random windows; and what rounds.
#include <algorithm>
#include <cmath>
#include <vector>

#include "base/random.h"
#include "ops/ops.h"
#include "ops/x86.h"
#include "support/conv_case.h"
#include "support/test.h"

using namespace frugal;

namespace {

void check_near(const std::vector<float>& got, const std::vector<double>& wanted) {
  double difference = 0, norm = 1e-12;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    difference += (got[i] - wanted[i]) * (got[i] - wanted[i]);
    norm += wanted[i] * wanted[i];
  }
  CHECK(std::sqrt(difference / norm) < 1e-5);
}

}  // namespace

TEST_CASE("a convolution on int8 is the plain sum, scaled, rounded to even and clamped, with its mask",
          "[ops]") {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const test::ConvCase c = test::random_conv_case(seed);
    std::vector<std::int64_t> sums(c.gradient.size());
    c.for_each_product([&](std::size_t i, std::size_t k, std::size_t o) {
      sums[o] += std::int64_t{c.x[i] - c.to.in_zero} * c.weight[k];
    });
    std::vector<std::int8_t> y(sums.size());
    std::vector<std::uint8_t> mask(sums.size() / 8 + 1, 0xAA);
    std::vector<std::int32_t> scratch(
        (c.depthwise ? ops_depthwise_conv_i8_scratch(&c.w) : ops_conv_i8_scratch(&c.w)) / 4 + 1);
    (c.depthwise ? ops_depthwise_conv_i8 : ops_conv_i8)(c.x.data(), c.weight.data(), c.bias.data(), y.data(),
                                                        mask.data(), scratch.data(), &c.w, &c.to);
    // The form that this processor takes, and the plain one.
    std::vector<std::int8_t> plain(y.size());
    std::vector<std::uint8_t> plain_mask(mask.size(), 0xAA);
    scratch.resize(std::max(scratch.size(), ops_conv_i8_plain_scratch(&c.w) / 4 + 1));
    (c.depthwise ? ops_depthwise_conv_i8_plain : ops_conv_i8_plain)(
        c.x.data(), c.weight.data(), c.bias.data(), plain.data(), plain_mask.data(), scratch.data(), &c.w,
        &c.to);
    CHECK(plain == y);
    CHECK(plain_mask == mask);
    bool same = true;
    for (std::size_t o = 0; o < sums.size(); ++o) {
      const auto channel = o % static_cast<std::size_t>(c.w.out_channels);
      const auto sum = static_cast<float>(sums[o] + c.bias[channel]);
      const auto value = static_cast<std::int64_t>(std::nearbyint(sum * c.scale[channel])) + c.to.out_zero;
      same = same && y[o] == std::clamp<std::int64_t>(value, -100, 90);
      same = same && ((mask[o / 8] >> (o % 8)) & 1) == (value >= -100 && value <= 90);
    }
    INFO("seed " << seed);
    CHECK(same);
  }
}

TEST_CASE("a convolution on int8 whose weight lies in two parts is the one of the whole weight", "[ops]") {
  for (std::uint64_t seed = 0; seed < 120; ++seed) {
    const test::ConvCase c = test::random_conv_case(seed);
    if (c.depthwise || c.w.groups != 1) continue;
    const std::size_t in = static_cast<std::size_t>(c.w.in_channels), rows = c.weight.size() / in;
    std::vector<std::int32_t> channels;
    for (std::int32_t i = static_cast<std::int32_t>(seed % 3); i < c.w.in_channels; i += 2)
      channels.push_back(i);
    std::vector<std::int8_t> frozen = c.weight, trained;
    for (std::size_t r = 0; r < rows; ++r) {
      for (const std::int32_t channel : channels) {
        std::int8_t& weight = frozen[r * in + static_cast<std::size_t>(channel)];
        trained.push_back(weight);
        weight = 99;
      }
    }
    std::vector<std::int8_t> whole(c.gradient.size()), parts(c.gradient.size());
    std::vector<std::uint8_t> whole_mask(whole.size() / 8 + 1, 0xAA), parts_mask(whole.size() / 8 + 1, 0xAA);
    std::vector<std::int64_t> scratch(
        std::max(ops_conv_i8_scratch(&c.w), ops_conv_i8_of_parts_scratch(&c.w)) / 8 + 1);
    ops_conv_i8(c.x.data(), c.weight.data(), c.bias.data(), whole.data(), whole_mask.data(), scratch.data(),
                &c.w, &c.to);
    ops_conv_i8_of_parts(c.x.data(), frozen.data(), trained.data(), c.bias.data(), parts.data(),
                         parts_mask.data(), channels.data(), static_cast<std::int32_t>(channels.size()),
                         scratch.data(), &c.w, &c.to);
    INFO("seed " << seed);
    CHECK(parts == whole);
    CHECK(parts_mask == whole_mask);
  }
}

TEST_CASE("more outputs of two parts than are made at once have each their own fixed-point scale", "[ops]") {
  constexpr std::int32_t in = 3, out = 40;
  ops_window w{};
  w.in_height = w.in_width = w.out_height = w.out_width = 2;
  w.in_channels = in, w.out_channels = out;
  w.kernel_height = w.kernel_width = w.stride_height = w.stride_width = w.dilation_height = w.dilation_width =
      1;
  w.groups = 1;
  base::Random random(3, "parts");
  const auto bytes = [&](std::size_t count) {
    std::vector<std::int8_t> values(count);
    for (std::int8_t& v : values) v = static_cast<std::int8_t>(static_cast<int>(random.below(256)) - 128);
    return values;
  };
  const std::vector<std::int8_t> x = bytes(4 * in), weight = bytes(out * in);
  std::vector<std::int8_t> frozen = weight, trained;
  const std::vector<std::int32_t> channels{1};
  std::vector<std::int32_t> bias, multiplier, shift;
  for (std::int32_t o = 0; o < out; ++o) {
    bias.push_back(100 * o);
    multiplier.push_back((1 << 30) + 1000 * o);
    shift.push_back(-3 - o % 7);
    trained.push_back(weight[static_cast<std::size_t>(o * in + 1)]);
    frozen[static_cast<std::size_t>(o * in + 1)] = 99;
  }
  for (const std::int32_t rounding : {OPS_TFLITE, OPS_INTEGER}) {
    const ops_requantize to{rounding, 3, -5, -128, 127, nullptr, multiplier.data(), shift.data()};
    std::vector<std::int8_t> whole(4 * out), parts(4 * out);
    std::vector<std::uint8_t> whole_mask(4 * out / 8), parts_mask(4 * out / 8);
    std::vector<std::int64_t> scratch(
        std::max(ops_conv_i8_scratch(&w), ops_conv_i8_of_parts_scratch(&w)) / 8 + 1);
    ops_conv_i8(x.data(), weight.data(), bias.data(), whole.data(), whole_mask.data(), scratch.data(), &w,
                &to);
    ops_conv_i8_of_parts(x.data(), frozen.data(), trained.data(), bias.data(), parts.data(),
                         parts_mask.data(), channels.data(), 1, scratch.data(), &w, &to);
    CHECK(parts == whole);
    CHECK(parts_mask == whole_mask);
  }
}

TEST_CASE("rows of two parts are merged, and nothing behind them is written", "[ops]") {
  const std::vector<std::int8_t> frozen{1, 2, 3, 4, 5, 6}, trained{10, 20, 30};
  const std::vector<std::int32_t> channels{1};
  std::vector<std::int8_t> y(12, 77);
  ops_merge_channels(frozen.data(), trained.data(), y.data(), 2, 3, channels.data(), 1);
  CHECK(y == std::vector<std::int8_t>{1, 10, 3, 4, 20, 6, 77, 77, 77, 77, 77, 77});
}

TEST_CASE("gradients of a convolution are the plain sums", "[ops]") {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    INFO("seed " << seed);
    const test::ConvCase c = test::random_conv_case(seed);
    std::vector<double> by_input(c.x.size()), by_weight(c.weight.size());
    c.for_each_product([&](std::size_t i, std::size_t k, std::size_t o) {
      by_input[i] += double{c.gradient[o]} * c.weight[k];
      by_weight[k] += double{c.gradient[o]} * (c.x[i] - c.to.in_zero);
    });
    std::vector<float> x_gradient(c.x.size(), 99), w_gradient(c.weight.size(), 99);
    const auto trained = c.depthwise ? c.w.out_channels : c.each();
    if (c.depthwise) {
      ops_depthwise_input_gradient(c.gradient.data(), c.weight.data(), x_gradient.data(), &c.w);
      ops_depthwise_weight_gradient(c.x.data(), c.to.in_zero, c.gradient.data(), w_gradient.data(), nullptr,
                                    trained, &c.w);
    } else {
      ops_conv_input_gradient(c.gradient.data(), c.weight.data(), x_gradient.data(), &c.w);
      ops_conv_weight_gradient(c.x.data(), c.to.in_zero, c.gradient.data(), w_gradient.data(), nullptr,
                               trained, &c.w);
    }
    check_near(x_gradient, by_input);
    check_near(w_gradient, by_weight);

    // Of some channels: the same numbers, bit for bit, of those channels alone.
    std::vector<std::int32_t> some;
    for (std::int32_t i = static_cast<std::int32_t>(seed % 2); i < trained; i += 2) some.push_back(i);
    if (some.empty()) continue;
    std::vector<float> part(w_gradient.size() / static_cast<std::size_t>(trained) * some.size());
    (c.depthwise ? ops_depthwise_weight_gradient : ops_conv_weight_gradient)(
        c.x.data(), c.to.in_zero, c.gradient.data(), part.data(), some.data(),
        static_cast<std::int32_t>(some.size()), &c.w);
    bool same = true;
    for (std::size_t i = 0; i < part.size(); ++i) {
      const std::size_t row = i / some.size(), channel = static_cast<std::size_t>(some[i % some.size()]);
      same = same && part[i] == w_gradient[row * static_cast<std::size_t>(trained) + channel];
    }
    CHECK(same);
  }
}

TEST_CASE("the input gradient of a 1x1 convolution is the same bits for many pixels as for one", "[ops]") {
  base::Random random(3, "pointwise");
  for (const std::int32_t inputs : {16, 24, 40, 67}) {
    const std::int32_t outputs = 19, pixels = 11;  // not a multiple of what is taken at once
    std::vector<float> gradient(static_cast<std::size_t>(pixels * outputs));
    for (float& g : gradient) g = static_cast<float>(random.normal());
    std::vector<std::int8_t> weight(static_cast<std::size_t>(outputs * inputs));
    for (std::int8_t& w : weight) w = static_cast<std::int8_t>(static_cast<int>(random.below(255)) - 127);
    ops_window w{1, pixels, inputs, 1, pixels, outputs, 1, 1, 1, 1, 0, 0, 1, 1, 1};
    std::vector<float> together(static_cast<std::size_t>(pixels * inputs)), alone(together.size());
    ops_conv_input_gradient(gradient.data(), weight.data(), together.data(), &w);
    w.in_width = w.out_width = 1;  // one pixel takes the plain way
    for (std::int32_t p = 0; p < pixels; ++p)
      ops_conv_input_gradient(gradient.data() + p * outputs, weight.data(), alone.data() + p * inputs, &w);
    CHECK(together == alone);
  }
}

TEST_CASE("exponential and logarithm of the kernels are near those of libm", "[ops]") {
  double worst_exp = 0, worst_log = 0;
  for (int i = -8600; i <= 8700; ++i) {
    const float x = static_cast<float>(i) * 0.01F;
    worst_exp = std::max(worst_exp, std::abs(ops_exp(x) / std::exp(double{x}) - 1));
  }
  for (int i = 1; i < 20000; ++i) {
    const float x = static_cast<float>(i) * 0.013F;
    worst_log =
        std::max(worst_log, std::abs(ops_log(x) - std::log(double{x})) / (1 + std::abs(std::log(double{x}))));
  }
  CHECK(worst_exp < 3e-7);
  CHECK(worst_log < 3e-7);
  CHECK(ops_exp(-100.0F) == 0.0F);
}

TEST_CASE("stored numbers are updated by what the storage says, stochastic rounding without bias", "[ops]") {
  std::vector<std::int8_t> weight(20000, 10);
  std::vector<float> gradient(weight.size(), 0.3F);
  const float factor = 2, rate = 0.5F;
  const std::uint32_t seed = 5;
  ops_update how{1, 1, 20000, 0, nullptr, 20000, OPS_STOCHASTIC, 0, 0};
  ops_update_i8(weight.data(), gradient.data(), &factor, &rate, &seed, &how);
  double mean = 0;
  for (const std::int8_t w : weight) {
    CHECK((w == 9 || w == 10));
    mean += w;
  }
  CHECK(mean / static_cast<double>(weight.size()) == Approx(9.7).margin(0.015));

  const auto one = [](std::int8_t from, float change, std::int32_t storage) {
    const float unit = 1;
    const std::uint32_t zero = 0;
    const ops_update single{1, 1, 1, 0, nullptr, 1, storage, 0, 0};
    ops_update_i8(&from, &change, &unit, &unit, &zero, &single);
    return static_cast<int>(from);
  };
  CHECK(one(10, 0.49F, OPS_NEAREST) == 10);
  CHECK(one(10, 0.51F, OPS_NEAREST) == 9);
  CHECK(one(-120, 500, OPS_NEAREST) == -127);
  CHECK(one(120, -500, OPS_STOCHASTIC) == 127);
  CHECK(one(10, 0.49F, OPS_TRUNCATE) == 9);  // the authors' code: toward zero,
  CHECK(one(-10, 0.49F, OPS_TRUNCATE) == -10);
  CHECK(one(-120, 20, OPS_TRUNCATE) == 116);  // and around
}
