// A float network computed with torch, for what quantisation looks at (calibrate/float_network.h).
#pragma once

#include <torch/types.h>

#include <memory>
#include <span>
#include <vector>

#include "calibrate/float_network.h"
#include "model/image/graph_forward.h"

namespace frugal::in_float {

class Network : public calibrate::FloatNetwork {
 public:
  explicit Network(const ir::Model& model);

  // batch: its first axis the examples. Returns what the last node gives.
  torch::Tensor operator()(const torch::Tensor& batch,
                           const model::GraphForward::Observer& observe = nullptr) const;

  void run(const adapt::Examples& examples, std::span<const std::size_t> which,
           const std::vector<bool>& wanted, const See& see) const override;
  quant::Score evaluate(const adapt::Examples& examples,
                        const std::vector<std::size_t>& which) const override;

 private:
  // Examples as the network takes them: float, or int64 for token numbers.
  torch::Tensor batch(const adapt::Examples& examples, std::span<const std::size_t> which) const;

  ir::TensorId input_;
  ir::Dims shape_;  // of what it takes
  bool takes_tokens_;
  model::GraphForward forward_;
};

class Networks : public calibrate::FloatNetworks {
 public:
  std::unique_ptr<calibrate::FloatNetwork> of(const ir::Model& model) const override;
  int use_threads(int threads) const override;
};

}  // namespace frugal::in_float
