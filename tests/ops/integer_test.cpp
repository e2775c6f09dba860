// Kernels that train without floats, against the plainest sums and against the kernels in float.
#include "ops/integer.h"

#include <cmath>
#include <cstdlib>
#include <vector>

#include "base/random.h"
#include "support/conv_case.h"
#include "support/test.h"

using namespace frugal;

namespace {

std::vector<std::int16_t> random_mantissas(std::size_t count, std::uint64_t seed) {
  base::Random random(seed, "mantissas");
  std::vector<std::int16_t> values(count);
  for (std::int16_t& v : values)
    v = static_cast<std::int16_t>(static_cast<std::int32_t>(random.below(65535)) - 32767);
  return values;
}

// |got · 2^down − wanted| within what the rounding of `parts` parts allows.
bool near(const std::vector<std::int32_t>& got, const std::vector<std::int64_t>& wanted, int down,
          std::int64_t parts) {
  const std::int64_t most = down == 0 ? 0 : parts << (down - 1);
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (std::abs(static_cast<std::int64_t>(got[i]) * (1LL << down) - wanted[i]) > most) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("gradients in whole numbers are the plain sums, exact where they need no shift", "[ops][integer]") {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    INFO("seed " << seed);
    const test::ConvCase c = test::random_conv_case(seed);
    const ops_window& w = c.w;
    const auto g = random_mantissas(c.gradient.size(), seed);
    std::vector<std::int64_t> by_input(c.x.size()), by_weight(c.weight.size());
    c.for_each_product([&](std::size_t i, std::size_t k, std::size_t o) {
      by_input[i] += std::int64_t{g[o]} * c.weight[k];
      by_weight[k] += std::int64_t{g[o]} * (c.x[i] - c.to.in_zero);
    });
    const auto trained = c.depthwise ? w.out_channels : c.each();
    for (const int down : {0, 3}) {
      std::vector<std::int32_t> x_gradient(c.x.size(), 99), w_gradient(c.weight.size(), 99);
      (c.depthwise ? ops_depthwise_input_gradient_i16 : ops_conv_input_gradient_i16)(
          g.data(), c.weight.data(), x_gradient.data(), &w, down);
      (c.depthwise ? ops_depthwise_weight_gradient_i16 : ops_conv_weight_gradient_i16)(
          c.x.data(), c.to.in_zero, g.data(), w_gradient.data(), nullptr, trained, &w, down);
      CHECK(near(x_gradient, by_input, down, w.kernel_height * w.kernel_width));
      CHECK(near(w_gradient, by_weight, down, 1));

      // Of some channels: the same numbers of those channels alone.
      std::vector<std::int32_t> some;
      for (std::int32_t i = static_cast<std::int32_t>(seed % 2); i < trained; i += 2) some.push_back(i);
      if (some.empty()) continue;
      std::vector<std::int32_t> part(w_gradient.size() / static_cast<std::size_t>(trained) * some.size());
      (c.depthwise ? ops_depthwise_weight_gradient_i16 : ops_conv_weight_gradient_i16)(
          c.x.data(), c.to.in_zero, g.data(), part.data(), some.data(),
          static_cast<std::int32_t>(some.size()), &w, down);
      bool same = true;
      for (std::size_t i = 0; i < part.size(); ++i) {
        const std::size_t row = i / some.size(), channel = static_cast<std::size_t>(some[i % some.size()]);
        same = same && part[i] == w_gradient[row * static_cast<std::size_t>(trained) + channel];
      }
      CHECK(same);
    }
  }
}

TEST_CASE("no sum overflows, whatever the layer's size: the worst numbers in it", "[ops][integer]") {
  const std::int32_t outputs = 1000, inputs = 40, side = 40, pixels = side * side;
  ops_window w{side, side, inputs, side, side, outputs, 1, 1, 1, 1, 0, 0, 1, 1, 1};
  for (const int sign : {-1, 1}) {
    const std::vector<std::int16_t> g(static_cast<std::size_t>(pixels * outputs),
                                      static_cast<std::int16_t>(32767 * sign));
    const std::vector<std::int8_t> weight(static_cast<std::size_t>(outputs * inputs), -128);
    const std::vector<std::int8_t> x(static_cast<std::size_t>(pixels * inputs), -128);
    std::vector<std::int32_t> x_gradient(static_cast<std::size_t>(pixels * inputs)),
        w_gradient(static_cast<std::size_t>(outputs * inputs)), sums(static_cast<std::size_t>(outputs));
    const int down = ops_sum_shift(outputs), over_pixels = ops_sum_shift(pixels);
    CHECK(down == 2);
    CHECK(over_pixels == 3);
    ops_conv_input_gradient_i16(g.data(), weight.data(), x_gradient.data(), &w, down);
    const double wanted = -128.0 * 32767 * sign * outputs;
    CHECK(std::ldexp(x_gradient[5], down) == Approx(wanted).margin(8));
    ops_conv_weight_gradient_i16(x.data(), 127, g.data(), w_gradient.data(), nullptr, inputs, &w,
                                 over_pixels);
    CHECK(std::ldexp(w_gradient[7], over_pixels) == Approx(-255.0 * 32767 * sign * pixels).margin(64));
    ops_channel_sum_i16(g.data(), sums.data(), pixels, outputs, 1);
    CHECK(std::ldexp(sums[3], 1) == Approx(32767.0 * sign * pixels).margin(8));
  }
}

TEST_CASE("sums become mantissas within half a unit of their shared exponent", "[ops][integer]") {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    base::Random random(seed, "sums");
    const auto bits = static_cast<int>(seed % 32);
    std::vector<std::int32_t> sums(37);
    for (std::int32_t& v : sums)
      v = static_cast<std::int32_t>((random.uniform() * 2 - 1) * (std::ldexp(1.0, bits) - 1));
    if (bits == 31) sums[4] = INT32_MIN, sums[5] = INT32_MAX;
    const std::int32_t before = -7;
    std::int32_t exponent = 0;
    ops_shared_exponent(sums.data(), 37, &before, &exponent);
    const std::int32_t shift = exponent - before;
    CHECK((shift >= 0 && shift <= 17));
    std::vector<std::int16_t> y(sums.size());
    ops_narrow(sums.data(), y.data(), 37, &exponent, &before);
    double most = 0;
    for (std::size_t i = 0; i < sums.size(); ++i) {
      // One unit where the largest would have rounded out of int16.
      CHECK(std::abs(std::ldexp(y[i], shift) - sums[i]) <= std::ldexp(y[i] == 32767 ? 1.0 : 0.5, shift));
      most = std::max(most, std::abs(1.0 * y[i]));
    }
    if (bits > 15 && bits < 31) CHECK(most > 8000);
  }
}

TEST_CASE("the sum of two gradients is that of their values, however far their exponents lie apart",
          "[ops][integer]") {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    base::Random random(seed, "branches");
    const auto a = random_mantissas(50, seed), b = random_mantissas(50, seed + 100);
    const auto factor = [&] { return static_cast<std::int32_t>(8192 + random.below(8192)); };
    const ops_branches how{factor(), -13 - static_cast<std::int32_t>(random.below(9)), factor(), -13};
    const std::int32_t a_exponent = static_cast<std::int32_t>(random.below(40)),
                       b_exponent = static_cast<std::int32_t>(random.below(40));
    std::int32_t exponent = 0;
    ops_common_exponent(&a_exponent, &b_exponent, &exponent, &how);
    std::vector<std::int32_t> y(50);
    ops_sum_gradients(a.data(), &a_exponent, b.data(), &b_exponent, y.data(), &exponent, 50, &how);
    for (std::size_t i = 0; i < 50; ++i) {
      const double wanted = std::ldexp(1.0 * a[i] * how.a_factor, a_exponent + how.a_shift) +
                            std::ldexp(1.0 * b[i] * how.b_factor, b_exponent + how.b_shift);
      CHECK(std::abs(std::ldexp(y[i], exponent) - wanted) <= std::ldexp(1.0, exponent));
    }
  }
}

TEST_CASE("loss and its gradient in whole numbers are those in float", "[ops][integer]") {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    base::Random random(seed, "logits");
    const auto classes = static_cast<std::int32_t>(2 + random.below(30));
    // From a head whose logits count in thousandths to one where a unit is more than exp can tell.
    const double scale = std::exp2(-18 + 20 * random.uniform()), spread = std::exp2(random.uniform() * 8 - 3);
    const int shift = static_cast<int>(std::floor(std::log2(scale))) + 1 + 26;
    const ops_logits how{
        static_cast<std::int32_t>(std::min(std::nearbyint(std::ldexp(scale, 26 + 31 - shift)), 2147483647.0)),
        shift, static_cast<std::int32_t>(-std::floor(31 / scale))};
    std::vector<std::int32_t> logits, gradient(static_cast<std::size_t>(classes));
    std::vector<float> reals, wanted(static_cast<std::size_t>(classes));
    for (std::int32_t c = 0; c < classes; ++c) {
      logits.push_back(static_cast<std::int32_t>(random.normal() * spread / scale));
      reals.push_back(static_cast<float>(logits.back() * scale));
    }
    const auto label = static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(classes)));
    INFO("seed " << seed << " scale " << scale << " spread " << spread);
    std::int32_t loss = 0;
    float wanted_loss = 0;
    ops_cross_entropy_i32(logits.data(), &label, &loss, classes, &how);
    ops_cross_entropy(reals.data(), &label, &wanted_loss, classes);
    CHECK(std::ldexp(loss, -16) == Approx(wanted_loss).margin(2e-4).epsilon(1e-4));
    ops_cross_entropy_gradient_i32(logits.data(), &label, gradient.data(), classes, &how);
    ops_cross_entropy_gradient(reals.data(), &label, wanted.data(), classes);
    std::int64_t sum = 0;
    for (std::size_t c = 0; c < gradient.size(); ++c) {
      CHECK(std::ldexp(gradient[c], -30) == Approx(wanted[c]).margin(2e-6));
      sum += gradient[c];
    }
    CHECK(sum == 0);
  }
}

TEST_CASE("logits of the head and gradients of its features are the sums in 64 bits", "[ops][integer]") {
  const std::int32_t in = 1280, out = 1000;
  const std::vector<std::int8_t> x(static_cast<std::size_t>(in), 127);
  const std::vector<std::int16_t> weight(static_cast<std::size_t>(in * out), 32767),
      g(static_cast<std::size_t>(out), -32767);
  std::vector<std::int32_t> bias(static_cast<std::size_t>(out), 1000), y(bias.size()),
      by_feature(static_cast<std::size_t>(in));
  ops_fully_connected_i16(x.data(), weight.data(), bias.data(), y.data(), in, out, -128, 4);
  CHECK(y[999] == ((std::int64_t{255} * 32767 * in + 1000 + 8) >> 4));
  ops_fully_connected_input_gradient_i16(g.data(), weight.data(), by_feature.data(), in, out, 9);
  CHECK(by_feature[3] == ((-std::int64_t{32767} * 32767 * out + 256) >> 9));
  ops_fully_connected_i16(x.data(), weight.data(), bias.data(), y.data(), in, out, -128, 0);
  CHECK(y[0] == INT32_MAX);  // saturated, where the shift is too small
}

TEST_CASE("gradients of a batch add up in whole numbers, and the largest batch does not overflow",
          "[ops][integer]") {
  std::vector<std::int32_t> sum(64);
  std::int32_t exponent = OPS_NO_EXPONENT;
  std::vector<double> wanted(64);
  double largest = 0;
  for (std::uint64_t i = 0; i < 16; ++i) {
    const auto g = random_mantissas(64, i);
    const auto e = static_cast<std::int32_t>((i * 7) % 11) - 30;
    ops_accumulate(sum.data(), &exponent, g.data(), e, 64, 12);
    for (std::size_t k = 0; k < 64; ++k) wanted[k] += std::ldexp(g[k], e);
    largest = std::max(largest, std::ldexp(32767.0, e));
  }
  for (std::size_t k = 0; k < 64; ++k)
    CHECK(std::abs(std::ldexp(sum[k], exponent) - wanted[k]) < 16 * largest / (1 << 26));

  const std::vector<std::int16_t> most(64, 32767);
  exponent = OPS_NO_EXPONENT;
  for (int i = 0; i < 65536; ++i) ops_accumulate(sum.data(), &exponent, most.data(), 5, 64, 0);
  CHECK(sum[63] == 32767 * 65536);
  CHECK(exponent == 5);
}

TEST_CASE("integer updates round without bias, saturate, and neither wrap nor vanish", "[ops][integer]") {
  const ops_number one{1 << 30, 1};  // 1.0
  std::vector<std::int8_t> weight(20000, 10);
  std::vector<std::int32_t> gradient(weight.size(), 314573);  // 0.3 · 2^20
  ops_update how{1, 1, 20000, 0, nullptr, 20000, OPS_STOCHASTIC, 0, 0};
  const std::int32_t e = -20, none = 0;
  const std::uint32_t seed = 5;
  ops_update_integer_i8(weight.data(), gradient.data(), &e, &one, &one, &seed, &how);
  double mean = 0;
  for (const std::int8_t w : weight) {
    CHECK((w == 9 || w == 10));
    mean += w;
  }
  CHECK(mean / static_cast<double>(weight.size()) == Approx(9.7).margin(0.015));

  const auto changed = [&](std::int8_t from, std::int32_t g, std::int32_t exponent, std::int32_t storage) {
    const ops_update single{1, 1, 1, 0, nullptr, 1, storage, 0, 0};
    ops_update_integer_i8(&from, &g, &exponent, &one, &one, &seed, &single);
    return static_cast<int>(from);
  };
  CHECK(changed(10, 49, 0, OPS_NEAREST) == -39);
  CHECK(changed(10, 49, -5, OPS_NEAREST) == 8);    // 1.53
  CHECK(changed(10, -47, -5, OPS_NEAREST) == 11);  // -1.47
  CHECK(changed(-120, 500, 0, OPS_NEAREST) == -127);
  CHECK(changed(120, -500, 0, OPS_STOCHASTIC) == 127);
  CHECK(changed(0, INT32_MAX, 10000, OPS_STOCHASTIC) == -127);
  CHECK(changed(0, INT32_MIN, 10000, OPS_STOCHASTIC) == 127);
  CHECK(changed(7, INT32_MAX, -10000, OPS_NEAREST) == 7);
  CHECK(changed(7, 0, 10000, OPS_STOCHASTIC) == 7);

  std::vector<std::int32_t> bias{INT32_MAX - 2, 5};
  const std::vector<std::int32_t> up{-100, 3};
  const ops_number steps[] = {one, {0, 0}};  // the second channel is not trained
  const ops_update two{1, 1, 2, 1, nullptr, 2, OPS_STOCHASTIC, 0, 0};
  ops_update_integer_i32(bias.data(), up.data(), &none, steps, &one, &seed, &two);
  CHECK(bias == std::vector<std::int32_t>{INT32_MAX, 5});
  std::int16_t head = -32760;
  const std::int32_t g = 100;
  const ops_update single{1, 1, 1, 0, nullptr, 1, OPS_STOCHASTIC, 0, 0};
  ops_update_integer_i16(&head, &g, &none, &one, &one, &seed, &single);
  CHECK(head == -32767);
}

TEST_CASE("one image's mantissas update as a batch of one does, whatever exponent and step",
          "[ops][integer]") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    base::Random random(seed, "mantissas");
    const auto g = random_mantissas(60, seed);
    const std::int32_t exponent = static_cast<std::int32_t>(random.below(90)) - 60;
    const auto number = [&] {
      return ops_number{static_cast<std::int32_t>((1 << 30) + random.below(1 << 30)),
                        static_cast<std::int32_t>(random.below(50)) - 30};
    };
    const std::vector<ops_number> steps{number(), number(), number()};
    const ops_number rate = number();
    const auto draw = static_cast<std::uint32_t>(random.next());
    const ops_update how{3, 4, 5, 0, nullptr, 5, OPS_STOCHASTIC, 17, 0};
    std::vector<std::int32_t> sums(60);
    std::int32_t sum_exponent = OPS_NO_EXPONENT;
    ops_accumulate(sums.data(), &sum_exponent, g.data(), exponent, 60, 16);
    std::vector<std::int8_t> a(60, 5), b = a;
    std::vector<std::int16_t> c(60, -500), d = c;
    std::vector<std::int32_t> e(60, 70000), f = e;
    ops_update_integer_i8(a.data(), sums.data(), &sum_exponent, steps.data(), &rate, &draw, &how);
    ops_update_mantissas_i8(b.data(), g.data(), &exponent, steps.data(), &rate, &draw, &how);
    CHECK(a == b);
    ops_update_integer_i16(c.data(), sums.data(), &sum_exponent, steps.data(), &rate, &draw, &how);
    ops_update_mantissas_i16(d.data(), g.data(), &exponent, steps.data(), &rate, &draw, &how);
    CHECK(c == d);
    ops_update_integer_i32(e.data(), sums.data(), &sum_exponent, steps.data(), &rate, &draw, &how);
    ops_update_mantissas_i32(f.data(), g.data(), &exponent, steps.data(), &rate, &draw, &how);
    CHECK(e == f);
  }
}

TEST_CASE("gradients of pools in whole numbers are those in float", "[ops][integer]") {
  for (const std::int32_t pad : {0, 1}) {
    const ops_window w{7, 6, 5, 3, 3, 5, 3, 2, 2, 2, pad, 0, 1, 1, 1};
    const auto g = random_mantissas(45, 3);
    const std::vector<float> real(g.begin(), g.end());
    std::vector<float> wanted(7 * 6 * 5);
    std::vector<std::int32_t> got(wanted.size());
    const std::int32_t unit = pad == 0 ? 6 : 6 << 11;
    ops_average_pool_input_gradient(real.data(), wanted.data(), &w);
    ops_average_pool_input_gradient_i16(g.data(), got.data(), &w, unit);
    for (std::size_t i = 0; i < got.size(); ++i)
      CHECK(static_cast<double>(got[i]) / unit == Approx(wanted[i]).epsilon(1e-4).margin(0.01));
    std::vector<std::int8_t> x(wanted.size());
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<std::int8_t>(i * 37 % 11);
    ops_max_pool_input_gradient(x.data(), real.data(), wanted.data(), &w);
    ops_max_pool_input_gradient_i16(x.data(), g.data(), got.data(), &w);
    for (std::size_t i = 0; i < got.size(); ++i) CHECK(got[i] == wanted[i]);
  }
}
