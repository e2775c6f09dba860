#include "quant/cut.h"

#include <algorithm>

#include "base/error.h"
#include "ir/graph.h"

namespace frugal::quant {
namespace {

using ir::NodeId;
using ir::TensorId;

// The last node that reads each tensor, or none.
std::vector<NodeId> last_readers(const ir::Graph& graph) {
  std::vector<NodeId> last(graph.tensors.size(), ir::none);
  for (NodeId n = 0; n < ir::whole(graph).end; ++n) {
    for (const TensorId id : graph.nodes[static_cast<std::size_t>(n)].inputs)
      last[static_cast<std::size_t>(id)] = n;
  }
  for (const TensorId id : graph.outputs) last[static_cast<std::size_t>(id)] = ir::whole(graph).end;
  return last;
}

}  // namespace

std::vector<Cut> cuts(const ir::Graph& graph) {
  const std::vector<NodeId> last = last_readers(graph);
  std::vector<Cut> found;
  std::vector<TensorId> alive;  // values that a later node reads
  const auto add = [&](TensorId value, NodeId next) {
    std::erase_if(alive, [&](TensorId id) { return last[static_cast<std::size_t>(id)] < next; });
    alive.push_back(value);
    if (alive.size() == 1 && graph.tensor(value).type == ir::DataType::int8) found.push_back({value, next});
  };
  add(graph.inputs.front(), 0);
  for (NodeId n = 0; n < ir::whole(graph).end; ++n)
    add(graph.nodes[static_cast<std::size_t>(n)].output, n + 1);
  return found;
}

Cut choose_cut(const ir::Graph& graph, const std::string& layer, NodeId first_trained,
               const std::string& place) {
  const std::vector<Cut> all = cuts(graph);
  const NodeId trained = first_trained == ir::none ? ir::whole(graph).end : first_trained;
  const auto bytes = [&](const Cut& cut) { return ir::bytes(graph.tensor(cut.value)); };
  if (layer == "auto") {
    const Cut* best = nullptr;
    for (const Cut& cut : all) {
      if (cut.next <= trained && (best == nullptr || bytes(cut) <= bytes(*best))) best = &cut;
    }
    FRUGAL_ASSERT(best != nullptr, "the input of a network on integers is a cut");
    return *best;
  }
  std::vector<std::string> names;
  for (const Cut& cut : all) {
    names.push_back(graph.tensor(cut.value).name);
    if (names.back() != layer) continue;
    if (cut.next > trained)
      throw base::UserError(place,
                            "keeps activations of '" + layer + "', which would change: '" +
                                graph.name_of(graph.nodes[static_cast<std::size_t>(trained)]) +
                                "' below it is trained",
                            "auto, an earlier layer, or a scheme of later layers");
    return cut;
  }
  const bool known = std::any_of(graph.tensors.begin(), graph.tensors.end(),
                                 [&](const ir::Tensor& tensor) { return tensor.name == layer; });
  throw base::UserError(place,
                        known ? "needs more than '" + layer +
                                    "' to go on: another branch passes it by, or it is "
                                    "not in int8"
                              : "names no layer of the network: '" + layer + "'",
                        base::suggest(layer, names));
}

}  // namespace frugal::quant
