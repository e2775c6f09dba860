// How a trainer makes its batches: the fields of a config that all trainers share, with their checks.
#pragma once

#include <cstdint>

#include "config/visitor.h"

namespace frugal::train {

class Communicator;

struct BatchConfig {
  std::int64_t size = 64;      // examples a step, over all processes; "batch_size" in a config
  std::int64_t workers = 1;    // threads that prepare batches of images
  double label_smoothing = 0;  // share of an image's label that is spread over all classes

  void visit(config::Visitor& v);  // the fields stand at the top of the config that has them

  // Each process's examples of a step. UserError where the processes cannot have equally many.
  std::int64_t share(const Communicator& communicator) const;
};

}  // namespace frugal::train
