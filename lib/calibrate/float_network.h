// A float network with its numbers, run on batches of examples; all that it computes can be looked at. What
// computes it comes from outside (in_float/network.h), so that this room needs no torch.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "adapt/examples.h"
#include "ir/ids.h"
#include "quant/trainer.h"

namespace frugal::calibrate {

class FloatNetwork {
 public:
  virtual ~FloatNetwork() = default;

  // Runs examples `which` together and tells what the tensors hold that are `wanted` (by tensor; the input
  // and what nodes give), in the order of computing: numbers in row-major order, the first axis the examples.
  using See = std::function<void(ir::TensorId, std::vector<float>)>;
  virtual void run(const adapt::Examples& examples, std::span<const std::size_t> which,
                   const std::vector<bool>& wanted, const See& see) const = 0;

  // which: all where it is empty.
  virtual quant::Score evaluate(const adapt::Examples& examples,
                                const std::vector<std::size_t>& which) const = 0;
};

// Makes them.
class FloatNetworks {
 public:
  virtual ~FloatNetworks() = default;
  virtual std::unique_ptr<FloatNetwork> of(const ir::Model& model) const = 0;
  // 0: all cores. Returns how many share the work from now on.
  virtual int use_threads(int threads) const = 0;
};

}  // namespace frugal::calibrate
