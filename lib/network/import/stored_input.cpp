#include "network/import/stored_input.h"

#include <algorithm>
#include <string_view>

#include "ir/operator.h"

namespace frugal::network {
namespace {

using ir::TensorId;

bool reads(const ir::Node& node, TensorId id) {
  return std::find(node.inputs.begin(), node.inputs.end(), id) != node.inputs.end();
}

// A tensor leaves the graph; what read it reads `instead`. Those behind it move up.
void replace(ir::Model& model, TensorId id, TensorId instead) {
  const auto moved = [&](TensorId& one) {
    if (one == id) one = instead;
    if (one > id) --one;
  };
  const auto move_all = [&](std::vector<TensorId>& all) { std::for_each(all.begin(), all.end(), moved); };
  for (ir::Node& node : model.graph.nodes) {
    move_all(node.inputs);
    moved(node.output);
    moved(node.mask);
  }
  move_all(model.graph.inputs);
  move_all(model.graph.outputs);
  model.graph.tensors.erase(model.graph.tensors.begin() + id);
  if (ir::index(id) < model.data.size()) model.data.erase(model.data.begin() + id);
}

}  // namespace

ir::Model with_stored_input(ir::Model model) {
  ir::Graph& graph = model.graph;
  if (graph.inputs.size() != 1) return model;
  const TensorId input = graph.inputs.front();
  const auto reader = std::find_if(graph.nodes.begin(), graph.nodes.end(),
                                   [&](const ir::Node& node) { return reads(node, input); });
  if (reader == graph.nodes.end() || std::string_view(reader->op->name) != "quantize") return model;
  const bool alone =
      std::none_of(reader + 1, graph.nodes.end(), [&](const ir::Node& node) { return reads(node, input); });
  const TensorId stored = reader->output;
  const auto& outputs = graph.outputs;
  if (!alone || std::find(outputs.begin(), outputs.end(), stored) != outputs.end()) return model;
  graph.tensor(input).type = graph.tensor(stored).type;
  graph.tensor(input).quantization = graph.tensor(stored).quantization;
  graph.nodes.erase(reader);
  replace(model, stored, input);
  return model;
}

}  // namespace frugal::network
