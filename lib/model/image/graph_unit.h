// A layer of network.json as a torch module, computed operator by operator from its graph: every kind of
// layer trains by it, unless it has a faster module of its own (image/network.h).
#pragma once

#include <torch/nn/module.h>

#include <memory>

#include "model/image/graph_forward.h"
#include "model/image/layer_unit.h"
#include "network/network.h"

namespace frugal::model {

class GraphUnit : public LayerUnit {
 public:
  // Parameters and buffers have the names of the graph's tensors. Weights by initialise().
  GraphUnit(const network::Layer& layer, const network::BatchNorm& bn);

  torch::Tensor forward(torch::Tensor x) override;
  void share_statistics(const SumOverProcesses& sum) override { sum_ = sum; }
  // Convolutions He normal, fan-out; fully connected N(0, 0.01); batch norm 1 and 0; biases 0. From torch's
  // generator.
  void initialise();

 private:
  torch::Tensor registered(const std::string& name, const std::vector<std::int64_t>& shape, bool is_state);

  std::shared_ptr<const ir::Graph> graph_;
  std::unique_ptr<GraphForward> run_;
  std::vector<std::pair<std::string, torch::Tensor>> parameters_;
  SumOverProcesses sum_;
};

}  // namespace frugal::model
