// The config of `tinytrain-compile quantize`: which network, on which images, and how ranges are chosen.
#pragma once

#include <cstdint>
#include <string>

#include "adapt/example_config.h"
#include "config/visitor.h"
#include "quant/convert/calibration.h"
#include "quant/convert/choice.h"

namespace frugal::calibrate {

struct CalibrationConfig {
  std::int64_t images = 256;
  std::string method = "minmax";  // a name of quant::calibration_names()
  double percentile = 99.99;

  void visit(config::Visitor& v);
  quant::CalibrationChoice choice() const { return {method, percentile}; }
};

struct QuantizeConfig {
  std::string name;  // for people
  std::int64_t seed = 0, threads = 0;
  std::string network, weights;  // what network/import/load.h reads, in float
  adapt::ExampleConfig data;
  CalibrationConfig calibration;
  std::string head = "fp32";  // or "int8"
  std::string rounding = "float32-half-even";
  std::int64_t evaluate_images = 0;  // at most so many for accuracy; 0: all

  void visit(config::Visitor& v);
  quant::Int8Choice choice() const { return {rounding, head == "fp32"}; }
};

}  // namespace frugal::calibrate
