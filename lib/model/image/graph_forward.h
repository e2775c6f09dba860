// A graph of operators (lib/ir) computed with torch: what one node does stands once, in graph_forward.cpp's
// table. It serves layers that have no faster module of their own (image/graph_unit.h) and pieces of networks
// that are measured (search/profile/module.h).
#pragma once

#include <torch/types.h>

#include <functional>
#include <memory>
#include <vector>

#include "ir/ids.h"
#include "model/kernels/batch_norm.h"

namespace frugal::model {

struct GraphMode {
  bool training = false;
  bool fold_batch_norm = false;  // leave batch norm out: it is in the convolution before it
  SumOverProcesses sum;          // where batch statistics are those of several processes
};

// Nodes [first, end) of a graph as a function of their first input.
class GraphForward {
 public:
  // Shown what a node gives as soon as it is computed; a later node may overwrite it.
  using Observer = std::function<void(ir::TensorId, const torch::Tensor&)>;

  // parameters: by tensor of the graph; those of other tensors are not defined. Throws UserError naming an
  // operator that torch has no function for here.
  GraphForward(std::shared_ptr<const ir::Graph> graph, ir::NodeId first, ir::NodeId end,
               std::vector<torch::Tensor> parameters);

  torch::Tensor operator()(const torch::Tensor& x, const GraphMode& mode,
                           const Observer& observe = nullptr) const;

 private:
  struct Steps;
  std::shared_ptr<const Steps> steps_;
};

}  // namespace frugal::model
