#include "network/float_onnx.h"

#include <fmt/format.h>

#include <cmath>
#include <random>
#include <span>
#include <vector>

#include "base/error.h"
#include "ir/model.h"
#include "ir/operator.h"
#include "network/onnx_proto.h"

namespace frugal::network {
namespace {

// Walks a graph in its order; a batch norm right after a convolution goes into that convolution's weights.
class FloatWriter {
 public:
  explicit FloatWriter(const ir::Model& model)
      : model_(model),
        graph_(model.graph),
        out_(graph_.name),
        name_of_(graph_.tensors.size()),
        readers_(graph_.tensors.size(), 0) {
    for (const ir::Node& node : graph_.nodes) {
      for (const ir::TensorId id : node.inputs) ++readers_[ir::index(id)];
    }
  }

  void add_metadata(const std::map<std::string, std::string>& texts) {
    for (const auto& [key, text] : texts) out_.metadata(key, text);
  }

  std::string write(const std::string& output_name) {
    const ir::Tensor& input = graph_.tensor(graph_.inputs.front());
    out_.input(input.name, onnx::with_any_batch(input.shape));
    name_of_[ir::index(graph_.inputs.front())] = input.name;
    for (std::size_t n = 0; n < graph_.nodes.size(); ++n) {
      const ir::Node& node = graph_.nodes[n];
      const ir::Node* next = n + 1 < graph_.nodes.size() ? &graph_.nodes[n + 1] : nullptr;
      if (next != nullptr && takes_batch_norm(node, *next)) {
        name_of_[ir::index(next->output)] = folded(node, *next);
        ++n;
      } else {
        name_of_[ir::index(node.output)] =
            plain(node, node.output == graph_.outputs.front() ? output_name : graph_.name_of(node));
      }
    }
    out_.output(output_name, onnx::with_any_batch(graph_.tensor(graph_.outputs.front()).shape));
    return out_.model("frugal", FRUGAL_VERSION);
  }

 private:
  bool takes_batch_norm(const ir::Node& node, const ir::Node& next) const {
    const std::string op = node.op->name;
    return (op == "conv" || op == "depthwise_conv") && std::string(next.op->name) == "batch_norm" &&
           next.inputs.front() == node.output && readers_[ir::index(node.output)] == 1;
  }

  std::string node_of(const ir::Node& node, const std::string& name,
                      const std::vector<std::string>& parameters) {
    const ir::Call call = ir::call_of(graph_, node);
    if (node.op->onnx == nullptr) {
      throw base::UserError(name, fmt::format("the operator '{}' has no form in ONNX here", node.op->name));
    }
    const ir::OnnxForm form = node.op->onnx(call);
    std::vector<std::string> inputs;
    for (const ir::TensorId id : call.inputs) inputs.push_back(name_of_[ir::index(id)]);
    const std::vector<std::string> constants = out_.constants_of(form, name);
    inputs.insert(inputs.end(), constants.begin(), constants.end());
    inputs.insert(inputs.end(), parameters.begin(), parameters.end());
    return out_.node(form.type, inputs, name, onnx::attributes_of(form));
  }

  std::string plain(const ir::Node& node, const std::string& name) {
    std::vector<std::string> parameters;
    for (const ir::TensorId id : node.inputs) {
      const ir::Tensor& tensor = graph_.tensor(id);
      if (tensor.role == ir::Role::parameter || tensor.role == ir::Role::state) {
        parameters.push_back(out_.constant(tensor.name, tensor.shape, model_.values<float>(id).data()));
      }
    }
    return node_of(node, name, parameters);
  }

  // In float64: w·γ/√(σ² + ε), β + (b − μ)·γ/√(σ² + ε). What a convolution has behind its input is its weight
  // and, where it has one, its bias; a batch norm γ, β, μ and σ² (ir/operators/normalisation.cpp).
  std::string folded(const ir::Node& conv, const ir::Node& norm) {
    const std::string conv_name = graph_.name_of(conv);
    const double eps = ir::call_of(graph_, norm).real("eps");
    const bool has_bias = ir::call_of(graph_, conv).flag("bias");
    const ir::Tensor& shape = graph_.tensor(conv.inputs[1]);
    const std::span<const float> plain = model_.values<float>(conv.inputs[1]);
    const std::size_t channels = static_cast<std::size_t>(shape.shape.front()),
                      each = plain.size() / channels;
    const auto of_norm = [&](std::size_t input, std::size_t c) {
      return static_cast<double>(model_.values<float>(norm.inputs[input])[c]);
    };
    std::vector<float> weight(plain.size()), bias(channels);
    for (std::size_t c = 0; c < channels; ++c) {
      const double gamma = of_norm(1, c), beta = of_norm(2, c), mean = of_norm(3, c),
                   variance = of_norm(4, c);
      const double factor = gamma / std::sqrt(variance + eps);
      for (std::size_t i = c * each; i < (c + 1) * each; ++i)
        weight[i] = static_cast<float>(static_cast<double>(plain[i]) * factor);
      const double before = has_bias ? static_cast<double>(model_.values<float>(conv.inputs[2])[c]) : 0;
      bias[c] = static_cast<float>((before - mean) * factor + beta);
    }
    // "…depth_conv.conv" and "…depth_conv.bn" become "…depth_conv".
    const std::string name =
        conv_name.ends_with(".conv") ? conv_name.substr(0, conv_name.size() - 5) : conv_name;
    const std::string weight_name = out_.constant(name + ".weight", shape.shape, weight.data());
    const std::string bias_name = out_.constant(name + ".bias", {shape.shape.front()}, bias.data());
    return node_of(conv, name, {weight_name, bias_name});
  }

  const ir::Model& model_;
  const ir::Graph& graph_;
  onnx::Graph out_;
  std::vector<std::string> name_of_;  // in the file, by tensor
  std::vector<int> readers_;
};

}  // namespace

std::string to_float_onnx(const ir::Model& model, const std::map<std::string, std::string>& metadata) {
  FloatWriter writer(model);
  writer.add_metadata(metadata);
  return writer.write("logits");
}

std::string made_up_onnx(const ir::Graph& graph) {
  ir::Model model{graph, {}};
  model.data.resize(graph.tensors.size());
  std::mt19937 bits(1);
  for (std::size_t i = 0; i < graph.tensors.size(); ++i) {
    const ir::Tensor& tensor = graph.tensors[i];
    if (tensor.role != ir::Role::parameter && tensor.role != ir::Role::state) continue;
    std::vector<float> values(static_cast<std::size_t>(ir::elements(tensor.shape)), 0.1F);
    if (tensor.shape.size() > 1) {
      // Numbers of a sensible size, so that no activation ends in subnormal numbers.
      const auto fan_in = static_cast<float>(ir::elements(tensor.shape) / tensor.shape[0]);
      std::normal_distribution<float> normal(0, std::sqrt(2 / fan_in));
      for (float& value : values) value = normal(bits);
    }
    model.set<float>(static_cast<ir::TensorId>(i), values);
  }
  return to_float_onnx(model);
}

}  // namespace frugal::network
