// Gradients of products and of tables, in float and in whole numbers, against sums by hand.
#include <vector>

#include "ops/integer.h"
#include "ops/ops.h"
#include "support/test.h"

TEST_CASE("a product's gradients are the plain products and their sums over the pixels", "[ops]") {
  constexpr std::int32_t pixels = 3, channels = 2, zero = 3;
  const std::vector<std::int8_t> other = {4, -1, 8, 2, -5, 3};
  const std::vector<float> gradient = {1, 2, 3, -4, 5, 6};
  const std::vector<std::int16_t> mantissas = {1, 2, 3, -4, 5, 6};
  // By channel: 1 * 1 + 3 * 5 + 5 * -8; 2 * -4 + -4 * -1 + 6 * 0.
  std::vector<float> by_channel(channels, 99);
  ops_mul_channel_gradient(gradient.data(), other.data(), zero, by_channel.data(), pixels, channels);
  CHECK(by_channel == std::vector<float>{-24, -4});
  std::vector<std::int32_t> whole(channels, 99);
  ops_mul_channel_gradient_i16(mantissas.data(), other.data(), zero, whole.data(), pixels, channels, 0);
  CHECK(whole == std::vector<std::int32_t>{-24, -4});

  // The other one a number a channel, which repeats; then one for each.
  std::vector<float> by_input(gradient.size(), 99);
  ops_mul_input_gradient(gradient.data(), other.data(), zero, by_input.data(), 6, channels);
  CHECK(by_input == std::vector<float>{1, -8, 3, 16, 5, -24});
  ops_mul_input_gradient(gradient.data(), other.data(), zero, by_input.data(), 6, 6);
  CHECK(by_input == std::vector<float>{1, -8, 15, 4, -40, 0});
  std::vector<std::int32_t> whole_input(gradient.size(), 99);
  ops_mul_input_gradient_i16(mantissas.data(), other.data(), zero, whole_input.data(), 6, channels);
  CHECK(whole_input == std::vector<std::int32_t>{1, -8, 3, 16, 5, -24});
}

TEST_CASE("a table's gradient takes the slope of the number that was read", "[ops]") {
  std::vector<float> slopes(256);
  std::vector<std::int16_t> factors(256);
  for (std::size_t i = 0; i < slopes.size(); ++i) {
    slopes[i] = static_cast<float>(i) / 4;
    factors[i] = static_cast<std::int16_t>(i);
  }
  const std::vector<std::int8_t> x = {-128, 0, 127};
  const std::vector<float> gradient = {8, 2, -4};
  const std::vector<std::int16_t> mantissas = {8, 2, -4};
  std::vector<float> y(3, 99);
  ops_lookup_gradient(x.data(), gradient.data(), slopes.data(), y.data(), 3);
  CHECK(y == std::vector<float>{0, 64, -255});
  std::vector<std::int32_t> whole(3, 99);
  ops_lookup_gradient_i16(x.data(), mantissas.data(), factors.data(), whole.data(), 3);
  CHECK(whole == std::vector<std::int32_t>{0, 256, -1020});
}
