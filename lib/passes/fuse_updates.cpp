#include "passes/fuse_updates.h"

#include <algorithm>

#include "ir/operator.h"
#include "ir/verify.h"

namespace frugal::passes {
namespace {

// The convolution's gradient that this update alone reads; null: none.
const ir::Node* gradient_of(const ir::Graph& graph, const ir::Node& update) {
  if (update.op->name != std::string("update") || graph.tensor(update.inputs[0]).type != ir::DataType::int8)
    return nullptr;
  for (const ir::Node& node : graph.nodes) {
    if (node.output != update.inputs[1]) continue;
    if (node.op->name != std::string("conv_weight_gradient")) return nullptr;
    return ir::call_of(graph, node).integer("groups") == 1 && graph.tensor(node.inputs[0]).shape.size() == 4
               ? &node
               : nullptr;
  }
  return nullptr;
}

}  // namespace

TrainingStep with_fused_updates(TrainingStep step) {
  ir::Graph& graph = step.model.graph;
  const ir::Operator* fused = ir::find_operator("conv_weight_update");
  std::vector<ir::TensorId> gone;
  for (ir::Node& node : graph.nodes) {
    const ir::Node* gradient = gradient_of(graph, node);
    if (gradient == nullptr) continue;
    gone.push_back(gradient->output);
    ir::Attributes attributes = attributes_of(*fused, [&](const std::string& name) -> const ir::Attributes& {
      const bool of_update = name == "place" || name == "storage" || name == "depthwise";
      return of_update ? node.attributes : gradient->attributes;
    });
    const ir::TensorId weight = node.inputs[0];
    node = {
        fused,
        std::move(attributes),
        {weight, gradient->inputs[0], gradient->inputs[1], node.inputs[2], node.inputs[3], node.inputs[4]},
        node.output,
        ir::none};
  }
  std::erase_if(graph.nodes, [&](const ir::Node& node) {
    return std::find(gone.begin(), gone.end(), node.output) != gone.end();
  });
  ir::verify(graph, graph.name);
  return step;
}

}  // namespace frugal::passes
