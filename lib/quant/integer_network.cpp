#include "quant/integer_network.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "base/error.h"
#include "ir/builder.h"
#include "ir/integer_scale.h"
#include "ops/arguments.h"
#include "quant/head.h"

namespace frugal::quant {
namespace {

constexpr double head_room = 16;  // times the largest weight of a head that begins to learn

const char* const rounding_hint =
    "tinytrain-compile import NETWORK --rounding integer --out FOLDER makes it round in whole numbers";

std::string* rounding_of(ir::Node& node) {
  for (auto& [name, value] : node.attributes) {
    if (name == "rounding") return &std::get<std::string>(value);
  }
  return nullptr;
}

bool on_integers(const ir::Graph& graph, const ir::Node& node) {
  return graph.tensor(node.inputs[0]).type == ir::DataType::int8;
}

template <typename T, typename From>
std::vector<T> rounded(const std::vector<From>& values, double scale, double most) {
  std::vector<T> result;
  for (const From value : values) {
    if (!std::isfinite(value)) throw base::Failure("the head has a weight that is no finite number");
    result.push_back(static_cast<T>(std::clamp(std::nearbyint(value / scale), -most, most)));
  }
  return result;
}

}  // namespace

ir::Model with_integer_rounding(const ir::Model& model, const std::string& origin) {
  ir::Model made = model;
  for (ir::Node& node : made.graph.nodes) {
    std::string* rounding = rounding_of(node);
    const std::string_view op = node.op->name;
    if (rounding == nullptr || !on_integers(made.graph, node) || op == "softmax") continue;
    const ir::Tensor &x = made.graph.tensor(node.inputs[0]), &y = made.graph.tensor(node.output);
    if (op == "average_pool" && x.quantization != y.quantization)
      throw base::UserError(origin + ": " + y.name,
                            "averages between two scales, which has no kernel in whole numbers");
    *rounding = "integer";
  }
  return made;
}

ir::Model with_integer_head(const ir::Model& model, const std::string& origin) {
  const ir::Graph& graph = model.graph;
  const auto last = static_cast<ir::NodeId>(graph.nodes.size()) - 1;
  FRUGAL_ASSERT(last > 0, "a head alone");
  const ir::Node &head = graph.nodes.back(), &before = graph.nodes[static_cast<std::size_t>(last) - 1];
  if (std::string_view(before.op->name) != "dequantize" || head.inputs[0] != before.output)
    throw base::UserError(
        origin + ": " + graph.name_of(head),
        "takes features that are computed in float; training without floats needs them on int8");
  for (ir::NodeId n = 0; n < last - 1; ++n) {
    ir::Node node = graph.nodes[static_cast<std::size_t>(n)];
    const std::string place = origin + ": " + graph.name_of(node);
    if (!on_integers(graph, node))
      throw base::UserError(
          place, std::string(node.op->name) + " computes in float; training without floats cannot");
    const std::string* rounding = rounding_of(node);
    if (rounding != nullptr && *rounding != "integer")
      throw base::UserError(place, "rounds as '" + *rounding + "'; training without floats needs 'integer'",
                            rounding_hint);
  }
  const auto as_vector = [&](std::size_t place) {
    const auto values = model.values<float>(head.inputs[place]);
    return std::vector<float>(values.begin(), values.end());
  };
  const std::vector<float> weight = as_vector(1), bias = as_vector(2);
  const std::string name = graph.name_of(head), features = graph.tensor(before.inputs[0]).name;
  const double x_scale = ir::scale_of(graph.tensor(before.inputs[0]));
  float largest = 0;
  for (const float w : weight) largest = std::max(largest, std::abs(w));
  const double scale =
      std::exp2(std::ceil(std::log2(std::max(double{largest}, 1.0 / 4096) * head_room)) - 15);

  ir::Model made = front_of(model, last - 1);
  ir::Builder builder(std::move(made.graph), origin);
  const auto& tensors = builder.graph().tensors;
  const auto x = static_cast<ir::TensorId>(
      std::find_if(tensors.begin(), tensors.end(), [&](const ir::Tensor& t) { return t.name == features; }) -
      tensors.begin());
  const ir::TensorId logits = builder.add(
      "fully_connected", name, {x},
      {{"out_features", graph.tensor(head.output).shape[1]}, {"rounding", std::string("integer")}});
  const ir::Node node = builder.graph().nodes.back();
  builder.store_as(node.inputs[1], ir::DataType::int16, {{scale}, {0}, ir::none});
  builder.store_as(node.inputs[2], ir::DataType::int32, {{scale * x_scale}, {0}, ir::none});
  const double unit = std::ldexp(scale * x_scale, ops::gradient_shift(builder.graph(), node));
  builder.store_as(logits, ir::DataType::int32, {{unit}, {0}, ir::none});
  made.graph = builder.finish({logits});
  made.data.resize(made.graph.tensors.size());
  made.set<std::int16_t>(node.inputs[1], rounded<std::int16_t>(weight, scale, 32767));
  made.set<std::int32_t>(node.inputs[2], rounded<std::int32_t>(bias, scale * x_scale, 2147483647));
  return made;
}

}  // namespace frugal::quant
