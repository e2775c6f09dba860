#include "network/quantized_onnx.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "ir/integer_scale.h"
#include "ir/operator.h"
#include "ir/real_values.h"
#include "network/onnx_proto.h"

namespace frugal::network {
namespace {

using ir::index;
using ir::TensorId;
using List = std::vector<std::int64_t>;

class Writer {
 public:
  Writer(const ir::Model& model, const std::string& origin)
      : model_(model),
        graph_(model.graph),
        origin_(origin),
        out_(graph_.name),
        stored_(graph_.tensors.size()),
        real_(graph_.tensors.size()) {}

  std::string write(const std::map<std::string, std::string>& metadata) {
    const TensorId in = graph_.inputs.front();
    const ir::Tensor& input = graph_.tensor(in);
    if (input.type != ir::DataType::int8)
      throw base::UserError(origin_ + ": " + input.name, "has an input that is no int8: not written as ONNX");
    out_.input(input.name, onnx::with_any_batch(input.shape));
    stored_[index(in)] = quantized(input.name, input);
    for (const ir::Node& node : graph_.nodes) give(node);
    const TensorId last = graph_.outputs.front();
    const std::string name = "output";
    out_.node("Identity", {real(last)}, name);
    out_.output(name, onnx::with_any_batch(graph_.tensor(last).shape));
    for (const auto& [key, text] : metadata) out_.metadata(key, text);
    return out_.model("frugal", FRUGAL_VERSION);
  }

 private:
  // Scale and zero point of a tensor as constants, behind `value`.
  std::vector<std::string> with_scale(const std::string& value, const std::string& name,
                                      const ir::Tensor& tensor) {
    const auto scale = static_cast<float>(ir::scale_of(tensor));
    const auto zero = static_cast<std::int8_t>(ir::zero_point_of(tensor));
    return {value, out_.constant(name + ".scale", List{}, &scale),
            out_.constant(name + ".zero_point", List{}, std::span(&zero, 1))};
  }
  std::string quantized(const std::string& value, const ir::Tensor& tensor) {
    return out_.node("QuantizeLinear", with_scale(value, tensor.name + ".quantized", tensor),
                     tensor.name + ".quantized");
  }

  // The real numbers of a value.
  std::string real(TensorId id) {
    std::string& name = real_[index(id)];
    const ir::Tensor& tensor = graph_.tensor(id);
    if (name.empty())
      name =
          out_.node("DequantizeLinear", with_scale(stored_[index(id)], tensor.name + ".dequantized", tensor),
                    tensor.name + ".dequantized");
    return name;
  }

  std::string parameter(const ir::Node& node, TensorId id) {
    const ir::Tensor& tensor = graph_.tensor(id);
    // Of a head in whole numbers, whose int16 weights ONNX cannot dequantize yet; and of a head in float.
    if (graph_.tensor(node.inputs[1]).type != ir::DataType::int8) {
      const std::vector<float> values = ir::real_values(model_, node, id);
      return out_.constant(tensor.name, tensor.shape, values.data());
    }
    const bool bias = tensor.type == ir::DataType::int32;
    const ir::Tensor& weight = graph_.tensor(node.inputs[1]);
    std::vector<float> scale;
    for (const double one : weight.quantization->scale)
      scale.push_back(static_cast<float>(bias ? one * ir::scale_of(graph_.tensor(node.inputs[0])) : one));
    const List shape = scale.size() == 1 ? List{} : List{static_cast<std::int64_t>(scale.size())};
    const std::string stored =
        bias ? out_.constant(tensor.name + ".stored", tensor.shape, model_.values<std::int32_t>(id))
             : out_.constant(tensor.name + ".stored", tensor.shape, model_.values<std::int8_t>(id));
    std::vector<std::string> inputs{stored, out_.constant(tensor.name + ".scale", shape, scale.data())};
    if (!bias) {
      std::vector<std::int8_t> zero;
      for (const std::int64_t one : weight.quantization->zero_point)
        zero.push_back(static_cast<std::int8_t>(one));
      inputs.push_back(out_.constant(tensor.name + ".zero_point", shape, std::span<const std::int8_t>(zero)));
    }
    const std::vector<onnx::Attribute> axis{onnx::attribute("axis", std::int64_t{0})};
    return out_.node("DequantizeLinear", inputs, tensor.name, shape.empty() ? decltype(axis){} : axis);
  }

  std::string computed(const ir::Node& node, const std::string& name) {
    if (node.op->onnx == nullptr)
      throw base::UserError(origin_ + ": " + name,
                            std::string("the operator '") + node.op->name + "' has no form in ONNX here");
    const ir::Call call = ir::call_of(graph_, node);
    const ir::OnnxForm form = node.op->onnx(call);
    std::vector<std::string> inputs;
    for (const TensorId id : call.inputs) inputs.push_back(real(id));
    const std::vector<std::string> constants = out_.constants_of(form, name);
    inputs.insert(inputs.end(), constants.begin(), constants.end());
    for (const TensorId id : node.inputs)
      if (graph_.tensor(id).role == ir::Role::parameter) inputs.push_back(parameter(node, id));
    return out_.node(form.type, inputs, name, onnx::attributes_of(form));
  }

  // The clamp of a node, where it is narrower than int8.
  std::string clamped(const ir::Node& node, const std::string& name, const std::string& value) {
    const auto found = std::find_if(node.attributes.begin(), node.attributes.end(),
                                    [](const auto& one) { return one.first == "clamp"; });
    if (found == node.attributes.end()) return value;
    const List& clamp = std::get<List>(found->second);
    if (clamp == List{-128, 127}) return value;
    const ir::Tensor& y = graph_.tensor(node.output);
    const auto bound = [&](std::int64_t stored) {
      return static_cast<float>(ir::scale_of(y) * static_cast<double>(stored - ir::zero_point_of(y)));
    };
    const float low = bound(clamp[0]), high = bound(clamp[1]);
    return out_.node(
        "Clip",
        {value, out_.constant(name + ".low", List{}, &low), out_.constant(name + ".high", List{}, &high)},
        name + ".clamped");
  }

  void give(const ir::Node& node) {
    const std::string name = graph_.name_of(node);
    const std::string_view op = node.op->name;
    const ir::Tensor& y = graph_.tensor(node.output);
    std::string value = op == "dequantize" || op == "quantize" || op == "requantize" ? real(node.inputs[0])
                                                                                     : computed(node, name);
    if (y.type == ir::DataType::int8) {
      stored_[index(node.output)] = quantized(clamped(node, name, value), y);
    } else {
      real_[index(node.output)] = value;
    }
  }

  const ir::Model& model_;
  const ir::Graph& graph_;
  const std::string& origin_;
  onnx::Graph out_;
  std::vector<std::string> stored_, real_;  // names in the file, by tensor
};

}  // namespace

std::string to_quantized_onnx(const ir::Model& model, const std::string& origin,
                              const std::map<std::string, std::string>& metadata) {
  return Writer(model, origin).write(metadata);
}

std::size_t write_quantized_onnx(const std::string& path, const ir::Model& model, const std::string& origin,
                                 std::vector<std::string>& notes,
                                 const std::map<std::string, std::string>& metadata) {
  std::string file;
  try {
    file = to_quantized_onnx(model, origin, metadata);
  } catch (const base::UserError& error) {
    notes.push_back(std::string("no model.onnx: ") + error.what());
    return 0;
  }
  base::write_text(path, file);
  return file.size();
}

}  // namespace frugal::network
