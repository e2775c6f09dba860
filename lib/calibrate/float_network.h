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

struct FloatScore {
  double loss = 0;  // mean
  std::int64_t correct = 0, count = 0;
  double accuracy() const {
    return count == 0 ? 0 : static_cast<double>(correct) / static_cast<double>(count);
  }
};
// which: all where it is empty.
FloatScore evaluate(const FloatNetwork& network, const data::ImageSet& set,
                    const std::vector<std::size_t>& which);

// Every index of a set where `which` is empty, else `which`.
std::vector<std::size_t> all_or(const data::ImageSet& set, const std::vector<std::size_t>& which);

}  // namespace frugal::calibrate
