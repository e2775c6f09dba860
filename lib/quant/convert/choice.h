// How a float network is to become one on integers, as a config says it.
#pragma once

#include <string>

namespace frugal::quant {

struct Int8Choice {
  std::string rounding = "float32-half-even";  // a name of ir::rounding_names()
  bool float_head = true;                      // the last fully connected layer stays in float
};

}  // namespace frugal::quant
