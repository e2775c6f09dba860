// The part of a config that says what a network on integers learns from: images of any format, or tensors of
// a file.
#pragma once

#include <cstdint>
#include <vector>

#include "data/images/config.h"

namespace frugal::adapt {

struct ExampleConfig : data::DataConfig {
  // Of the kind "tensors" (samples/tensor_file.h) alone.
  std::vector<std::int64_t> groups;  // only these persons, speakers …; empty: all
  double test = 0.25;                // share that is the test split, where the file marks none

  void visit(config::Visitor& v);
};

}  // namespace frugal::adapt
