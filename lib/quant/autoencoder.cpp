#include "quant/autoencoder.h"

#include <algorithm>

#include "autodiff/backward.h"
#include "base/error.h"
#include "ir/operator.h"
#include "quant/head.h"

namespace frugal::quant {

ir::Model as_autoencoder(const ir::Model& model, const std::string& origin) {
  const ir::Graph& graph = model.graph;
  auto end = static_cast<ir::NodeId>(graph.nodes.size());
  const auto last = [&]() -> const ir::Node& { return graph.nodes[ir::index(end) - 1]; };
  while (end > 1 && ir::is(last(), "dequantize")) --end;
  if (end == 0) throw base::UserError(origin, "has no operator");
  const std::string output = graph.tensor(last().output).name;
  ir::Model made = front_of(model, end);
  const auto& tensors = made.graph.tensors;
  const auto found = std::find_if(tensors.begin(), tensors.end(),
                                  [&](const ir::Tensor& tensor) { return tensor.name == output; });
  made.graph.outputs = {static_cast<ir::TensorId>(found - tensors.begin())};
  const ir::Tensor &in = made.graph.tensor(made.graph.inputs.front()), &out = *found;
  if (ir::elements(in.shape) != ir::elements(out.shape))
    throw base::UserError(origin,
                          "gives " + std::to_string(ir::elements(out.shape)) + " numbers for " +
                              std::to_string(ir::elements(in.shape)) + " that it takes",
                          "an auto-encoder (head: none) gives back as many");
  if (!autodiff::is_autoencoder(made.graph))
    throw base::UserError(origin, "gives '" + output + "' in float, or takes no int8",
                          "quantize it with head: int8, so that an auto-encoder learns on integers alone");
  return made;
}

}  // namespace frugal::quant
