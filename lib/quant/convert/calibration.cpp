#include "quant/convert/calibration.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "ir/graph.h"

namespace frugal::quant {
namespace {

ValueRange with_zero(ValueRange range) { return {std::min(range.low, 0.0), std::max(range.high, 0.0)}; }

ValueRange minmax(const Histogram& seen, const CalibrationChoice&) { return with_zero(seen.extremes()); }

ValueRange percentile(const Histogram& seen, const CalibrationChoice& choice) {
  const double left_out = static_cast<double>(seen.count()) * (1 - choice.percentile / 100);
  ValueRange range = seen.extremes();
  // Zeros lie where the bins change sign; they stop either side, since the range holds 0 anyway.
  double below = 0, above = 0;
  for (std::size_t bin = 0; bin < Histogram::bins; ++bin) {
    if (seen.end_of(bin) > 0) break;
    below += static_cast<double>(seen.in_bin(bin));
    if (below > left_out) break;
    range.low = seen.end_of(bin);
  }
  for (std::size_t bin = Histogram::bins; bin-- > 0;) {
    const double start = bin == 0 ? seen.extremes().low : seen.end_of(bin - 1);
    if (start < 0) break;
    above += static_cast<double>(seen.in_bin(bin));
    if (above > left_out) break;
    range.high = start;
  }
  return with_zero(range);
}

// Either end is shrunk in turn until neither helps: the error has one valley along each.
ValueRange mse(const Histogram& seen, const CalibrationChoice&) {
  constexpr int parts = 64, rounds = 4;
  const ValueRange whole = with_zero(seen.extremes());
  ValueRange best = whole;
  double least = squared_error(seen, best);
  for (int round = 0; round < rounds; ++round) {
    const double before = least;
    for (const bool is_low : {true, false}) {
      const double all = is_low ? whole.low : whole.high;
      if (all == 0) continue;
      for (int part = 1; part <= parts; ++part) {
        ValueRange tried = best;
        (is_low ? tried.low : tried.high) = all * part / parts;
        const double error = squared_error(seen, tried);
        if (error < least) {
          least = error;
          best = tried;
        }
      }
    }
    if (!(least < before)) break;
  }
  return best;
}

struct Method {
  const char* name;
  ValueRange (*choose)(const Histogram&, const CalibrationChoice&);
};
constexpr Method methods[] = {{"minmax", minmax}, {"percentile", percentile}, {"mse", mse}};

}  // namespace

void Extremes::add(std::span<const float> values) {
  for (const float value : values) {
    if (!std::isfinite(value)) {
      ++not_finite;
      continue;
    }
    low = std::min(low, double{value});
    high = std::max(high, double{value});
  }
}

Histogram::Histogram(const Extremes& extremes)
    : low_(extremes.empty() ? 0 : extremes.low),
      high_(extremes.empty() ? 0 : extremes.high),
      width_((high_ - low_) / static_cast<double>(bins)),
      counts_(bins, 0) {}

void Histogram::add(std::span<const float> values) {
  const double to_bin = width_ > 0 ? 1 / width_ : 0;
  for (const float value : values) {
    ++count_;
    if (value == 0) {
      ++zeros_;
      continue;
    }
    const double place = std::clamp((value - low_) * to_bin, 0.0, static_cast<double>(bins - 1));
    ++counts_[static_cast<std::size_t>(place)];
  }
}

std::vector<std::string> calibration_names() {
  std::vector<std::string> names;
  for (const Method& method : methods) names.emplace_back(method.name);
  return names;
}

ValueRange choose_range(const Histogram& seen, const CalibrationChoice& choice) {
  const auto found = std::find_if(std::begin(methods), std::end(methods),
                                  [&](const Method& method) { return choice.method == method.name; });
  FRUGAL_ASSERT(found != std::end(methods), "a method of calibration that the config let through");
  return found->choose(seen, choice);
}

ir::Quantization int8_over(ValueRange range) {
  range = with_zero(range);
  double scale = (range.high - range.low) / 255;
  // Below the smallest normal float it would be lost in the kernels' arithmetic.
  if (!(scale > std::numeric_limits<float>::min())) scale = 1.0 / 255;
  // Halves go up, as those of pixels go down (adapt/samples.h): pixels of one channel stay what they are.
  const double zero = std::clamp(std::floor(-128 - range.low / scale + 0.500001), -128.0, 127.0);
  return {{scale}, {static_cast<std::int64_t>(zero)}, ir::none};
}

double squared_error(const Histogram& seen, ValueRange range) {
  if (seen.count() == 0) return 0;
  const ir::Quantization q = int8_over(range);
  const double scale = q.scale.front(), zero = static_cast<double>(q.zero_point.front());
  double sum = 0;
  for (std::size_t bin = 0; bin < Histogram::bins; ++bin) {
    if (seen.in_bin(bin) == 0) continue;
    const double value = seen.middle_of(bin);
    const double stored = std::clamp(std::nearbyint(value / scale) + zero, -128.0, 127.0);
    const double error = value - scale * (stored - zero);
    sum += error * error * static_cast<double>(seen.in_bin(bin));
  }
  return sum / static_cast<double>(seen.count());
}

}  // namespace frugal::quant
