// The range of values that int8 stands for, chosen from what a tensor holds on calibration images. What lies
// outside is clipped; a smaller range has finer steps.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "ir/ids.h"

namespace frugal::ir {
struct Quantization;
}

namespace frugal::quant {

struct ValueRange {
  double low = 0, high = 0;
};

// Least and largest value; a pass over the images before the histogram knows where its bins lie.
struct Extremes {
  double low = std::numeric_limits<double>::infinity(), high = -std::numeric_limits<double>::infinity();
  std::int64_t not_finite = 0;

  void add(std::span<const float> values);
  bool empty() const { return low > high; }
};

// How often values lie in each of `bins` parts of [low, high]. Zeros are counted apart: a rectifier gives
// many, and they cost nothing since 0 is always stored exactly.
class Histogram {
 public:
  static constexpr std::size_t bins = 4096;

  explicit Histogram(const Extremes& extremes);
  void add(std::span<const float> values);

  ValueRange extremes() const { return {low_, high_}; }
  std::int64_t count() const { return count_; }  // zeros too
  std::int64_t zeros() const { return zeros_; }
  std::int64_t in_bin(std::size_t bin) const { return counts_[bin]; }
  double middle_of(std::size_t bin) const { return low_ + (static_cast<double>(bin) + 0.5) * width_; }
  double end_of(std::size_t bin) const { return low_ + static_cast<double>(bin + 1) * width_; }

 private:
  double low_, high_, width_;
  std::vector<std::int64_t> counts_;
  std::int64_t count_ = 0, zeros_ = 0;
};

struct CalibrationChoice {
  std::string method = "minmax";  // a name of calibration_names()
  double percentile = 99.99;      // of the method of this name
};

// minmax: all that was seen. percentile: what lies between the (100 − p)-th and the p-th percentile. mse: the
// range whose int8 numbers have the least squared error over the histogram.
std::vector<std::string> calibration_names();
// Holds 0, and is [0, 0] where nothing else was seen.
ValueRange choose_range(const Histogram& seen, const CalibrationChoice& choice);

// int8 numbers over a range that holds 0: scale = (high − low) / 255, 0 exactly at a whole number. A range of
// no extent gets the scale 1/255.
ir::Quantization int8_over(ValueRange range);
// Mean squared error of the values in the histogram when stored so.
double squared_error(const Histogram& seen, ValueRange range);

}  // namespace frugal::quant
