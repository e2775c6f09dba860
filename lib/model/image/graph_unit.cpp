#include "model/image/graph_unit.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <sstream>

#include "ir/operator.h"
#include "network/lowering.h"

namespace frugal::model {
namespace {

// The height and width that the graph is built for: parameters do not depend on it.
constexpr std::int64_t any_size = 224;

std::shared_ptr<const ir::Graph> graph_of(const network::Layer& layer, const network::BatchNorm& bn) {
  network::Lowering lowering(layer.name(), bn, layer.name());
  const ir::TensorId x = lowering.graph.input("input", {1, layer.channels_before(), any_size, any_size});
  return std::make_shared<const ir::Graph>(lowering.graph.finish({layer.lower(lowering, x, "")}));
}

}  // namespace

GraphUnit::GraphUnit(const network::Layer& layer, const network::BatchNorm& bn)
    : graph_(graph_of(layer, bn)) {
  std::vector<torch::Tensor> tensors;
  for (const ir::Tensor& tensor : graph_->tensors) {
    const bool held = tensor.role == ir::Role::parameter || tensor.role == ir::Role::state;
    tensors.push_back(held ? registered(tensor.name, tensor.shape, tensor.role == ir::Role::state)
                           : torch::Tensor());
  }
  run_ = std::make_unique<GraphForward>(graph_, 0, ir::whole(*graph_).end, std::move(tensors));
  initialise();
}

torch::Tensor GraphUnit::registered(const std::string& name, const std::vector<std::int64_t>& shape,
                                    bool is_state) {
  // "x.conv.weight": modules x and conv, and the parameter weight.
  std::istringstream parts(name);
  std::string part, next;
  torch::nn::Module* holder = this;
  std::getline(parts, part, '.');
  while (std::getline(parts, next, '.')) {
    if (!part.empty()) {
      const auto children = holder->named_children();
      const auto* known = children.find(part);
      holder =
          known != nullptr ? known->get() : holder->register_module(part, std::make_shared<Group>()).get();
    }
    part = next;
  }
  const torch::Tensor empty = torch::zeros(shape);
  parameters_.emplace_back(
      name, is_state ? holder->register_buffer(part, empty) : holder->register_parameter(part, empty));
  return parameters_.back().second;
}

void GraphUnit::initialise() {
  const torch::NoGradGuard no_grad;
  for (const ir::Node& node : graph_->nodes) {
    const bool normalises = std::string(node.op->name) == "batch_norm";
    for (const ir::TensorId id : node.inputs) {
      const ir::Tensor& tensor = graph_->tensor(id);
      const auto found = std::find_if(parameters_.begin(), parameters_.end(),
                                      [&](const auto& entry) { return entry.first == tensor.name; });
      if (found == parameters_.end()) continue;
      torch::Tensor& value = found->second;
      if (tensor.shape.size() > 2) {
        const double fan_out = static_cast<double>(ir::elements(tensor.shape) / tensor.shape[1]);
        value.normal_(0, std::sqrt(2 / fan_out));
      } else if (tensor.shape.size() == 2) {
        value.normal_(0, 0.01);
      } else {
        value.fill_(normalises && (tensor.name.ends_with(".weight") || tensor.name.ends_with(".running_var"))
                        ? 1
                        : 0);
      }
    }
  }
}

torch::Tensor GraphUnit::forward(torch::Tensor x) {
  GraphMode mode;
  mode.training = is_training();
  mode.sum = sum_;
  return (*run_)(x, mode);
}

}  // namespace frugal::model
