#include "quant/head.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "autodiff/backward.h"
#include "base/error.h"
#include "base/random.h"
#include "ir/builder.h"
#include "ir/operator.h"
#include "ir/real_values.h"

namespace frugal::quant {
namespace {

using ir::index;
using ir::TensorId;

// The old head's weights in float, [classes][features], and its biases.
struct Head {
  std::int64_t classes = 0;
  std::vector<float> weight, bias;
};

Head old_head(const ir::Model& model, const ir::Node& node) {
  Head head;
  head.classes = model.graph.tensor(node.inputs[1]).shape[0];
  head.weight = ir::real_values(model, node, node.inputs[1]);
  head.bias.assign(static_cast<std::size_t>(head.classes), 0);
  if (node.inputs.size() > 2) head.bias = ir::real_values(model, node, node.inputs[2]);
  return head;
}

Head new_head(std::int64_t classes, std::int64_t features, std::uint64_t seed) {
  Head head;
  head.classes = classes;
  base::Random random(seed, "head");
  const double most = 1 / std::sqrt(static_cast<double>(features));
  const auto draw = [&] { return static_cast<float>((2 * random.uniform() - 1) * most); };
  for (std::int64_t i = 0; i < classes * features; ++i) head.weight.push_back(draw());
  for (std::int64_t i = 0; i < classes; ++i) head.bias.push_back(draw());
  return head;
}

}  // namespace

ir::Model front_of(const ir::Model& model, ir::NodeId end) {
  ir::Model front;
  front.graph.name = model.graph.name;
  std::vector<TensorId> places(model.graph.tensors.size(), ir::none);
  const auto keep = [&](TensorId id) {
    if (id == ir::none) return ir::none;
    TensorId& place = places[index(id)];
    if (place == ir::none) {
      place = static_cast<TensorId>(front.graph.tensors.size());
      front.graph.tensors.push_back(model.graph.tensor(id));
      front.data.push_back(index(id) < model.data.size() ? model.data[index(id)] : std::vector<std::byte>{});
    }
    return place;
  };
  for (const TensorId id : model.graph.inputs) front.graph.inputs.push_back(keep(id));
  for (ir::NodeId n = 0; n < end; ++n) {
    ir::Node node = model.graph.nodes[index(n)];
    for (TensorId& id : node.inputs) id = keep(id);
    node.output = keep(node.output);
    node.mask = keep(node.mask);
    front.graph.nodes.push_back(std::move(node));
  }
  return front;
}

ir::Model with_float_head(const ir::Model& model, std::int64_t classes, std::uint64_t seed,
                          const std::string& origin) {
  const ir::Graph& graph = model.graph;
  auto last = static_cast<ir::NodeId>(graph.nodes.size()) - 1;
  const auto is_head = [&](ir::NodeId n) { return ir::is(graph.nodes[index(n)], "fully_connected"); };
  while (last >= 0 && !is_head(last)) --last;
  if (last < 0)
    throw base::UserError(origin, "has no fully connected layer at its end",
                          "its head could not be replaced");
  const ir::Node& node = graph.nodes[index(last)];
  const ir::Tensor& taken = graph.tensor(node.inputs[0]);
  if (taken.shape.size() != 2)
    throw base::UserError(origin + ": " + graph.name_of(node),
                          "takes " + ir::to_text(taken.shape) + ", and a head takes [1, features]");
  const Head head = classes == 0 ? old_head(model, node) : new_head(classes, taken.shape[1], seed);
  const std::string name = graph.name_of(node), taken_name = taken.name;
  const bool in_float = taken.type == ir::DataType::float32;

  ir::Model made = front_of(model, last);
  ir::Builder builder(std::move(made.graph), origin);
  const auto& tensors = builder.graph().tensors;
  auto x = static_cast<TensorId>(std::find_if(tensors.begin(), tensors.end(),
                                              [&](const ir::Tensor& t) { return t.name == taken_name; }) -
                                 tensors.begin());
  if (!in_float) x = builder.add("dequantize", name + ".features", {x});
  const TensorId logits = builder.add("fully_connected", name, {x}, {{"out_features", head.classes}});
  const std::vector<TensorId> parameters = builder.graph().nodes.back().inputs;
  made.graph = builder.finish({logits});
  made.data.resize(made.graph.tensors.size());
  made.set<float>(parameters[1], head.weight);
  made.set<float>(parameters[2], head.bias);
  return made;
}

}  // namespace frugal::quant
