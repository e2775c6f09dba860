#include "ir/dead_code.h"

#include <algorithm>
#include <utility>

namespace frugal::ir {

Model without_dead_code(Model model, DeadCode* dead) {
  const Graph& graph = model.graph;
  std::vector<bool> needed(graph.tensors.size(), false);
  const auto need = [&](TensorId id) {
    if (id != none) needed[static_cast<std::size_t>(id)] = true;
  };
  for (const TensorId id : graph.inputs) need(id);
  for (const TensorId id : graph.outputs) need(id);
  const auto lives = [&](const Node& node) {
    return needed[static_cast<std::size_t>(node.output)] ||
           (node.mask != none && needed[static_cast<std::size_t>(node.mask)]);
  };
  for (auto node = graph.nodes.rbegin(); node != graph.nodes.rend(); ++node) {
    if (!lives(*node)) continue;
    need(node->output);
    need(node->mask);
    for (const TensorId id : node->inputs) need(id);
  }
  if (std::all_of(needed.begin(), needed.end(), [](bool one) { return one; })) return model;

  Model made;
  made.graph.name = graph.name;
  std::vector<TensorId> place(graph.tensors.size(), none);
  for (std::size_t i = 0; i < graph.tensors.size(); ++i) {
    const bool has_bytes = i < model.data.size();
    if (!needed[i]) {
      if (dead != nullptr && has_bytes) dead->bytes += model.data[i].size();
      continue;
    }
    place[i] = static_cast<TensorId>(made.graph.tensors.size());
    made.graph.tensors.push_back(graph.tensors[i]);
    made.data.push_back(has_bytes ? std::move(model.data[i]) : std::vector<std::byte>());
  }
  const auto moved = [&](TensorId id) { return id == none ? none : place[static_cast<std::size_t>(id)]; };
  for (const Node& node : graph.nodes) {
    if (!lives(node)) {
      if (dead != nullptr) dead->nodes.push_back(graph.name_of(node));
      continue;
    }
    Node kept = node;
    for (TensorId& id : kept.inputs) id = moved(id);
    kept.output = moved(node.output);
    kept.mask = moved(node.mask);
    made.graph.nodes.push_back(std::move(kept));
  }
  for (const TensorId id : graph.inputs) made.graph.inputs.push_back(moved(id));
  for (const TensorId id : graph.outputs) made.graph.outputs.push_back(moved(id));
  return made;
}

}  // namespace frugal::ir
