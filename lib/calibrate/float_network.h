// A float network with its numbers, run with torch on batches of images; all that it computes can be looked
// at.
#pragma once

#include <torch/types.h>

#include <functional>
#include <span>
#include <vector>

#include "data/images/dataset.h"
#include "ir/model.h"
#include "model/image/graph_forward.h"
#include "quant/trainer.h"

namespace frugal::calibrate {

class FloatNetwork {
 public:
  explicit FloatNetwork(const ir::Model& model);

  // images: float [B, C, H, W]. Returns what the last node gives.
  torch::Tensor operator()(const torch::Tensor& images,
                           const model::GraphForward::Observer& observe = nullptr) const;

 private:
  model::GraphForward forward_;
};

// Images `which` of a set as it shows them to a network: (pixel / 255 − mean) / std, float [B, C, H, W].
torch::Tensor float_images(const data::ImageSet& set, std::span<const std::size_t> which);

// A tensor's numbers in row-major order, of one image of its batch or of all.
std::vector<float> numbers_of(const torch::Tensor& tensor);

// which: all where it is empty.
quant::Score evaluate(const FloatNetwork& network, const data::ImageSet& set,
                      const std::vector<std::size_t>& which);

}  // namespace frugal::calibrate
