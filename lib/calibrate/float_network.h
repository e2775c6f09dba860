// A float network with its numbers, run with torch on batches of examples; all that it computes can be looked
// at.
#pragma once

#include <torch/types.h>

#include <functional>
#include <span>
#include <vector>

#include "adapt/examples.h"
#include "ir/model.h"
#include "model/image/graph_forward.h"
#include "quant/trainer.h"

namespace frugal::calibrate {

class FloatNetwork {
 public:
  explicit FloatNetwork(const ir::Model& model);

  // batch: as batch() makes it, its first axis the examples. Returns what the last node gives.
  torch::Tensor operator()(const torch::Tensor& batch,
                           const model::GraphForward::Observer& observe = nullptr) const;

  // Examples `which` as the network takes them: its input's shape with a batch of so many; float, or int64
  // for token numbers.
  torch::Tensor batch(const adapt::Examples& examples, std::span<const std::size_t> which) const;

 private:
  ir::Tensor input_;
  model::GraphForward forward_;
};

// A tensor's numbers in row-major order, of one image of its batch or of all.
std::vector<float> numbers_of(const torch::Tensor& tensor);

// which: all where it is empty.
quant::Score evaluate(const FloatNetwork& network, const adapt::Examples& examples,
                      const std::vector<std::size_t>& which);

}  // namespace frugal::calibrate
