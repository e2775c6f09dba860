#include "train/device.h"

#include "tensor/device.h"

namespace frugal::train {

torch::Device take_device(RunOptions& options) {
  const torch::Device device = tensor::use_device(options.device);
  options.device = device.str();
  return device;
}

}  // namespace frugal::train
