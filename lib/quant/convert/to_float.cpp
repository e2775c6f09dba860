#include "quant/convert/to_float.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "ir/builder.h"
#include "ir/integer_scale.h"
#include "ir/operator.h"
#include "ir/real_values.h"

namespace frugal::quant {
namespace {

using ir::index;
using ir::TensorId;

bool keeps_range(const ir::Node& node) {
  return is(node, "max_pool") || is(node, "average_pool") || is(node, "global_average_pool");
}

bool has_clamp(const ir::Node& node) {
  return std::any_of(node.attributes.begin(), node.attributes.end(),
                     [](const auto& attribute) { return attribute.first == "clamp"; });
}

// Operators that only change how numbers are stored.
bool only_stores(const ir::Node& node) {
  return is(node, "quantize") || is(node, "dequantize") || is(node, "requantize");
}

class FloatConverter {
 public:
  FloatConverter(const ir::Model& model, const std::string& origin)
      : model_(model),
        graph_(model.graph),
        origin_(origin),
        builder_(model.graph.name),
        place_(graph_.tensors.size(), ir::none) {
    builder_.at(origin);
  }

  ir::Model run() {
    for (const TensorId id : graph_.inputs) {
      const ir::Tensor& input = graph_.tensor(id);
      const bool tokens = input.type == ir::DataType::int32;
      place_[index(id)] =
          builder_.input(input.name, input.shape, tokens ? ir::DataType::int32 : ir::DataType::float32);
    }
    for (const ir::Node& node : graph_.nodes) place_[index(node.output)] = with_activation(node, copy(node));
    std::vector<TensorId> outputs;
    for (const TensorId id : graph_.outputs) outputs.push_back(place_[index(id)]);
    made_.graph = builder_.finish(outputs);
    made_.data.resize(made_.graph.tensors.size());
    ir::verify(made_, origin_);
    return std::move(made_);
  }

 private:
  TensorId copy(const ir::Node& node) {
    std::vector<TensorId> inputs;
    for (const TensorId id : ir::call_of(graph_, node).inputs) inputs.push_back(place_[index(id)]);
    const std::string& name = graph_.name_of(node);
    if (only_stores(node)) return builder_.add("identity", name, inputs);
    ir::Attributes attributes;
    for (const auto& attribute : node.attributes) {
      if (attribute.first != "rounding" && attribute.first != "clamp") attributes.push_back(attribute);
    }
    const TensorId y = builder_.add(*node.op, name, inputs, attributes);
    const ir::Node made = builder_.graph().nodes.back();
    for (std::size_t i = inputs.size(); i < made.inputs.size(); ++i)
      made_.set<float>(made.inputs[i], ir::real_values(model_, node, node.inputs[i]));
    return y;
  }

  TensorId with_activation(const ir::Node& node, TensorId y) {
    const ir::Tensor& out = graph_.tensor(node.output);
    if (out.type != ir::DataType::int8 || !has_clamp(node)) return y;
    const double scale = ir::scale_of(out);
    const std::int64_t zero = ir::zero_point_of(out);
    const auto& clamp = ir::call_of(graph_, node).integers("clamp");
    const bool says_low = clamp[0] > -128, says_high = clamp[1] < 127;
    const bool low = says_low || (clamp[0] == zero && !keeps_range(node));
    const double top = scale * static_cast<double>(clamp[1] - zero);
    const bool at_six = low && std::abs(top - 6) <= scale / 2;
    const bool high = says_high || (at_six && !keeps_range(node));
    if (!low && !high) return y;
    if (clamp[0] != zero || (high && !at_six))
      throw base::UserError(origin_ + ": " + out.name,
                            "clamps to [" + std::to_string(scale * static_cast<double>(clamp[0] - zero)) +
                                ", " + std::to_string(top) + "], which is no ReLU and no ReLU6",
                            "it has no float baseline");
    return builder_.add(high ? "relu6" : "relu", out.name + ".activation", {y});
  }

  const ir::Model& model_;
  const ir::Graph& graph_;
  const std::string& origin_;
  ir::Builder builder_;
  ir::Model made_;
  std::vector<TensorId> place_;  // of each old tensor in the result
};

}  // namespace

ir::Model to_float(const ir::Model& model, const std::string& origin) {
  return FloatConverter(model, origin).run();
}

}  // namespace frugal::quant
