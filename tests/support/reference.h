// How near the kernels come to other programs' numbers in the reference data beside the checkout: LiteRT's
// reference kernels on networks of MLPerf Tiny, and one training step of the authors' program on mcunet-5fps.
#pragma once

#include <cstddef>
#include <string>

namespace frugal::test {

// Of stored values: how many there are, how many differ, and by how much at most.
struct Agreement {
  std::size_t count = 0, different = 0;
  int most = 0;
  std::string where;  // the tensor of the largest difference
};

struct NetworkAgreement {
  Agreement activations;  // every one of the first input
  Agreement outputs;      // of all inputs
  std::size_t inputs = 0;
};
// folder: of NAME.tflite and NAME.reference.safetensors.
NetworkAgreement network_agreement(const std::string& folder, const std::string& name);

// The largest relative difference of some numbers, and of which tensor it is.
struct Nearness {
  std::size_t count = 0;
  double worst = 0;
  std::string where;
};

struct StepAgreement {
  Agreement activations;
  double loss_difference = 0;
  Nearness gradients;  // norm of the difference by the norm, a tensor
  Nearness factors;    // of quantisation-aware scaling, a channel; those of dead channels left out
};
StepAgreement step_agreement(const std::string& folder);

}  // namespace frugal::test
