// A TreeNetwork as a torch module, with the parameter names of the ProxylessNAS program
// ("blocks.1.cell.child_nodes.0.edges.1.depth_conv.weight").
#pragma once

#include <torch/nn/module.h>

#include <functional>

#include "network/tree.h"

namespace frugal::model {

class TreeImageNetwork : public torch::nn::Module {
 public:
  explicit TreeImageNetwork(const network::TreeNetwork& network);

  // images [B, C, H, W] -> logits [B, classes]
  torch::Tensor forward(const torch::Tensor& images);

 private:
  std::vector<std::function<torch::Tensor(torch::Tensor)>> blocks_;
  std::function<torch::Tensor(torch::Tensor)> classifier_;
};

}  // namespace frugal::model
