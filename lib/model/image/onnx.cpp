#include "model/image/onnx.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <cmath>
#include <map>

#include "base/error.h"
#include "ir/operator.h"
#include "model/image/network.h"
#include "network/lower.h"
#include "network/onnx_proto.h"
#include "tensor/safetensors.h"

namespace frugal::model {
namespace {

namespace onnx = network::onnx;
using torch::Tensor;

// Walks a graph in its order; a batch norm right after a convolution goes into that convolution's weights.
class Writer {
 public:
  Writer(const ir::Graph& graph, std::map<std::string, Tensor> state)
      : graph_(graph),
        state_(std::move(state)),
        out_(graph.name),
        name_of_(graph.tensors.size()),
        readers_(graph.tensors.size(), 0) {
    for (const ir::Node& node : graph.nodes) {
      for (const ir::TensorId id : node.inputs) ++readers_[ir::index(id)];
    }
  }

  void add_metadata(const std::map<std::string, std::string>& texts) {
    for (const auto& [key, text] : texts) out_.metadata(key, text);
  }

  std::string write(const std::string& output_name) {
    const ir::Tensor& input = graph_.tensor(graph_.inputs.front());
    out_.input(input.name, with_any_batch(input.shape));
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
    out_.output(output_name, with_any_batch(graph_.tensor(graph_.outputs.front()).shape));
    return out_.model("frugal", FRUGAL_VERSION);
  }

 private:
  static std::vector<std::int64_t> with_any_batch(ir::Dims shape) {
    shape.front() = -1;
    return shape;
  }

  bool takes_batch_norm(const ir::Node& node, const ir::Node& next) const {
    const std::string op = node.op->name;
    return (op == "conv" || op == "depthwise_conv") && std::string(next.op->name) == "batch_norm" &&
           next.inputs.front() == node.output && readers_[ir::index(node.output)] == 1;
  }

  Tensor value(const std::string& name) const {
    const auto found = state_.find(name);
    FRUGAL_ASSERT(found != state_.end(), "a parameter of the graph that the module does not have");
    return found->second;
  }

  std::string constant(const std::string& name, const Tensor& tensor) {
    const Tensor plain = tensor.to(torch::kFloat32).contiguous();
    return out_.constant(name, plain.sizes().vec(), plain.data_ptr<float>());
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
    for (const auto& [part, number] : form.scalars)
      inputs.push_back(out_.constant(name + "." + part, {}, &number));
    for (const auto& [part, list] : form.lists) inputs.push_back(out_.constant(name + "." + part, list));
    inputs.insert(inputs.end(), parameters.begin(), parameters.end());
    std::vector<onnx::Attribute> attributes;
    for (const auto& [key, attribute] : form.attributes)
      attributes.push_back(onnx::attribute_of(key, attribute));
    return out_.node(form.type, inputs, name, attributes);
  }

  std::string plain(const ir::Node& node, const std::string& name) {
    std::vector<std::string> parameters;
    for (const ir::TensorId id : node.inputs) {
      const ir::Tensor& tensor = graph_.tensor(id);
      if (tensor.role == ir::Role::parameter || tensor.role == ir::Role::state) {
        parameters.push_back(constant(tensor.name, value(tensor.name)));
      }
    }
    return node_of(node, name, parameters);
  }

  // In float64: w·γ/√(σ² + ε), β + (b − μ)·γ/√(σ² + ε).
  std::string folded(const ir::Node& conv, const ir::Node& norm) {
    const std::string conv_name = graph_.name_of(conv), norm_name = graph_.name_of(norm);
    const auto of = [&](const std::string& name) { return value(name).to(torch::kFloat64); };
    const double eps = ir::call_of(graph_, norm).real("eps");
    const Tensor factor = of(norm_name + ".weight") / torch::sqrt(of(norm_name + ".running_var") + eps);
    const Tensor plain = of(conv_name + ".weight");
    const bool has_bias = ir::call_of(graph_, conv).flag("bias");
    const Tensor bias = has_bias ? of(conv_name + ".bias") : torch::zeros({plain.size(0)}, torch::kFloat64);
    std::vector<std::int64_t> over_outputs(static_cast<std::size_t>(plain.dim()), 1);
    over_outputs[0] = -1;
    // "…depth_conv.conv" and "…depth_conv.bn" become "…depth_conv".
    const std::string name =
        conv_name.ends_with(".conv") ? conv_name.substr(0, conv_name.size() - 5) : conv_name;
    const std::string weight_name = constant(name + ".weight", plain * factor.reshape(over_outputs));
    const std::string bias_name =
        constant(name + ".bias", (bias - of(norm_name + ".running_mean")) * factor + of(norm_name + ".bias"));
    return node_of(conv, name, {weight_name, bias_name});
  }

  const ir::Graph& graph_;
  std::map<std::string, Tensor> state_;
  onnx::Graph out_;
  std::vector<std::string> name_of_;  // in the file, by tensor
  std::vector<int> readers_;
};

}  // namespace

std::string to_onnx(const network::NetworkConfig& network, const std::string& weights_file) {
  const torch::NoGradGuard no_grad;
  ImageNetwork module(network);
  tensor::load_weights(module, weights_file);
  std::map<std::string, Tensor> state;
  for (auto& [name, value] : tensor::state_of(module)) state[name] = value.detach().clone();
  const network::Lowered lowered = network::lower(network);
  Writer writer(*lowered.graph, std::move(state));
  if (network.preprocessing) {
    writer.add_metadata(network::metadata_of(*network.preprocessing, network.resolution));
  }
  return writer.write("logits");
}

std::string made_up_onnx(const ir::Graph& graph) {
  const torch::NoGradGuard no_grad;
  std::map<std::string, Tensor> state;
  for (const ir::Tensor& tensor : graph.tensors) {
    if (tensor.role != ir::Role::parameter && tensor.role != ir::Role::state) continue;
    if (tensor.shape.size() < 2) {
      state[tensor.name] = torch::full(tensor.shape, 0.1);
      continue;
    }
    // Numbers of a sensible size, so that no activation ends in subnormal numbers.
    const double fan_in = static_cast<double>(ir::elements(tensor.shape) / tensor.shape[0]);
    state[tensor.name] = torch::randn(tensor.shape) * std::sqrt(2 / fan_in);
  }
  return Writer(graph, std::move(state)).write("logits");
}

}  // namespace frugal::model
