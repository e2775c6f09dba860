// Sums gradients over processes while backward still runs: parameters are cut into buckets in the order in
// which backward reaches them (last ones first), and a full bucket's sum is begun at once.
// After Li et al. 2020, "PyTorch Distributed", section 3.2.
#pragma once

#include <torch/types.h>

#include <cstddef>
#include <vector>

#include "tensor/safetensors.h"
#include "train/run/communicator.h"

namespace frugal::train {

class GradientSync {
 public:
  // With one process nothing is hooked and finish() does nothing.
  GradientSync(const tensor::NamedTensors& parameters, Communicator& communicator,
               std::size_t bucket_bytes = std::size_t{1} << 20);
  ~GradientSync();
  GradientSync(const GradientSync&) = delete;
  GradientSync& operator=(const GradientSync&) = delete;

  // After backward: waits for all sums; each parameter's `.grad` is then the sum. A parameter that backward
  // did not reach must have been left out by every process; it keeps no gradient.
  void finish();

 private:
  struct Slice {
    torch::Tensor parameter, view;  // the view has the parameter's own strides
    bool arrived = false;
    unsigned hook = 0;
  };
  struct Bucket {
    torch::Tensor flat;
    std::vector<std::size_t> slices;
    std::size_t arrived = 0, handle = 0;
  };

  void arrive(std::size_t slice, const torch::Tensor& gradient);
  void begin(Bucket& bucket);

  Communicator& communicator_;
  std::vector<Slice> slices_;
  std::vector<std::size_t> bucket_of_;
  std::vector<Bucket> buckets_;
  std::size_t begun_ = 0;  // buckets begin in their order, the same on every process
};

}  // namespace frugal::train
