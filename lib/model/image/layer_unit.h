// What every kind of layer is as a torch module, so that a block runs any of them.
#pragma once

#include <torch/nn/module.h>

#include "model/kernels/batch_norm.h"

namespace frugal::model {

class LayerUnit : public torch::nn::Module {
 public:
  virtual torch::Tensor forward(torch::Tensor x) = 0;
  // Batch statistics are then those of all processes.
  virtual void share_statistics(const SumOverProcesses&) {}
};

// A module that only names its children, as Python's nn.Sequential with keys does.
class Group : public torch::nn::Module {};

}  // namespace frugal::model
