// Ranges from calibration: what each method keeps, that 0 is always exact, and that the least squared error
// is found where plain search finds it.
#include "quant/convert/calibration.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/random.h"
#include "ir/graph.h"
#include "support/test.h"

using namespace frugal;

namespace {

quant::Histogram histogram_of(const std::vector<float>& values) {
  quant::Extremes extremes;
  extremes.add(values);
  quant::Histogram seen(extremes);
  seen.add(values);
  return seen;
}

// Mean squared error of the numbers themselves, without a histogram.
double error_of(const std::vector<float>& values, quant::ValueRange range) {
  const ir::Quantization q = quant::int8_over(range);
  double sum = 0;
  for (const float value : values) {
    const double stored =
        std::clamp(std::nearbyint(value / q.scale[0]) + static_cast<double>(q.zero_point[0]), -128.0, 127.0);
    sum += std::pow(value - q.scale[0] * (stored - static_cast<double>(q.zero_point[0])), 2);
  }
  return sum / static_cast<double>(values.size());
}

// Heavier tails than a normal's; rectified where `one_sided`.
std::vector<float> draws(std::uint64_t seed, bool one_sided) {
  base::Random random(seed, "draws");
  std::vector<float> values;
  for (int i = 0; i < 20000; ++i) {
    const double z = random.normal();
    const double value = z * (1 + std::abs(z));
    values.push_back(static_cast<float>(one_sided ? std::max(value, 0.0) : value));
  }
  return values;
}

}  // namespace

TEST_CASE("int8 over a range has 0 at a whole number and reaches both ends", "[quant]") {
  base::Random random(3, "ranges");
  for (int i = 0; i < 200; ++i) {
    const double size = std::pow(10.0, 6 * random.uniform() - 3);
    const quant::ValueRange range{-size * random.uniform(), size * random.uniform()};
    const ir::Quantization q = quant::int8_over(range);
    const double zero = static_cast<double>(q.zero_point[0]);
    CHECK(zero == std::clamp(zero, -128.0, 127.0));
    CHECK(q.scale[0] * (127 - zero) > range.high - 0.51 * q.scale[0]);
    CHECK(q.scale[0] * (-128 - zero) < range.low + 0.51 * q.scale[0]);
    CHECK(q.scale[0] == Approx((range.high - range.low) / 255));
  }
  // A range on one side of 0 is widened to it; one without extent still has a scale.
  CHECK(quant::int8_over({3, 5}) == ir::Quantization{{5.0 / 255}, {-128}, ir::none});
  CHECK(quant::int8_over({-5, -3}) == ir::Quantization{{5.0 / 255}, {127}, ir::none});
  CHECK(quant::int8_over({0, 0}) == ir::Quantization{{1.0 / 255}, {-128}, ir::none});
  CHECK(quant::int8_over({0, 1e-44}).scale[0] == 1.0 / 255);
}

TEST_CASE("minmax keeps all, percentile what lies between two percentiles", "[quant]") {
  std::vector<float> values;
  for (int i = -2000; i <= 8000; ++i) values.push_back(static_cast<float>(i) / 100);
  const quant::Histogram seen = histogram_of(values);
  const double bin = 100.0 / quant::Histogram::bins;
  const quant::ValueRange all = quant::choose_range(seen, {"minmax", 90});
  CHECK((all.low == -20 && all.high == 80));
  const quant::ValueRange most = quant::choose_range(seen, {"percentile", 90});
  CHECK(most.low == Approx(-10).margin(2 * bin));
  CHECK(most.high == Approx(70).margin(2 * bin));
  const quant::ValueRange whole = quant::choose_range(seen, {"percentile", 100});
  CHECK(whole.low == Approx(-20).margin(1.01 * bin));
  CHECK(whole.high == Approx(80).margin(1.01 * bin));
  // Both tails are cut to 0, never beyond it.
  const quant::ValueRange half =
      quant::choose_range(histogram_of({-2, -1, 0, 0, 0, 0, 0, 1, 2}), {"percentile", 50});
  CHECK((half.low == 0 && half.high == 0));
}

TEST_CASE("every method keeps 0 and stays within what was seen", "[quant]") {
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    for (const std::string& method : quant::calibration_names()) {
      std::vector<float> values = draws(seed, seed % 2 == 0);
      if (seed % 3 == 0) {
        for (float& value : values) value = -value;
      }
      const quant::ValueRange seen = histogram_of(values).extremes();
      const quant::ValueRange range = quant::choose_range(histogram_of(values), {method, 99.9});
      INFO(method << ", seed " << seed);
      CHECK((range.low <= 0 && range.high >= 0));
      CHECK((range.low >= std::min(seen.low, 0.0) && range.high <= std::max(seen.high, 0.0)));
      CHECK(range.high > range.low);
    }
  }
}

TEST_CASE("mse finds the range of least squared error", "[quant]") {
  for (std::uint64_t seed = 0; seed < 6; ++seed) {
    const std::vector<float> values = draws(seed, seed % 2 == 0);
    const quant::Histogram seen = histogram_of(values);
    const quant::ValueRange found = quant::choose_range(seen, {"mse", 0});
    // Plain search over a grid, on the numbers themselves.
    const quant::ValueRange all{std::min(seen.extremes().low, 0.0), seen.extremes().high};
    double least = error_of(values, all);
    const double with_all = least;
    for (int low = all.low < 0 ? 1 : 24; low <= 24; ++low) {
      for (int high = 1; high <= 24; ++high)
        least = std::min(least, error_of(values, {all.low * low / 24, all.high * high / 24}));
    }
    INFO("seed " << seed << ": " << found.low << " to " << found.high << " of " << all.low << " to "
                 << all.high);
    CHECK(error_of(values, found) < 1.05 * least);
    CHECK(error_of(values, found) <= with_all);
    CHECK(quant::squared_error(seen, found) == Approx(error_of(values, found)).epsilon(0.05));
  }
}

TEST_CASE("mse clips what costs more to keep than to lose", "[quant]") {
  // One value far out among N: keeping it costs about R² / (12 · 255²) a value, clipping it R² / N in all.
  base::Random random(1, "uniform");
  std::vector<float> values{20};
  for (int i = 0; i < 3000000; ++i) values.push_back(static_cast<float>(random.uniform()));
  const quant::Histogram seen = histogram_of(values);
  const quant::ValueRange found = quant::choose_range(seen, {"mse", 0});
  CHECK(found.high < 15);
  CHECK(error_of(values, found) < 0.8 * error_of(values, {0, 20}));
  const quant::ValueRange tail = quant::choose_range(seen, {"percentile", 99.99});
  CHECK(tail.high < 1.02);
}

TEST_CASE("a histogram counts zeros apart and leaves out nothing", "[quant]") {
  std::vector<float> values(1000, 0.0F);
  values.push_back(4);
  const quant::Histogram seen = histogram_of(values);
  CHECK((seen.count() == 1001 && seen.zeros() == 1000 && seen.in_bin(quant::Histogram::bins - 1) == 1));
  quant::Extremes extremes;
  const std::vector<float> bad{1, std::numeric_limits<float>::quiet_NaN(),
                               -std::numeric_limits<float>::infinity()};
  extremes.add(bad);
  CHECK((extremes.not_finite == 2 && extremes.low == 1 && extremes.high == 1));
}
