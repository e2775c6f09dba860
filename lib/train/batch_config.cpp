#include "train/batch_config.h"

#include <fmt/format.h>

#include "base/error.h"
#include "train/run/communicator.h"

namespace frugal::train {

void BatchConfig::visit(config::Visitor& v) {
  v.field("batch_size", size, config::at_least(1), "examples a step, over all processes");
  v.field("workers", workers, config::between(0, 256),
          "threads that prepare batches of images; 0: the training thread");
  v.field("label_smoothing", label_smoothing, config::Range{0, 1, false, true},
          "images: share of the label spread over all classes");
}

std::int64_t BatchConfig::share(const Communicator& communicator) const {
  if (size % communicator.size() != 0) {
    throw base::UserError(
        "batch_size", fmt::format("{} examples cannot be shared by {} processes", size, communicator.size()));
  }
  return size / communicator.size();
}

}  // namespace frugal::train
