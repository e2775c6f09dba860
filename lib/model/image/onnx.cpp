#include "model/image/onnx.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <map>

#include "base/error.h"
#include "model/image/network.h"
#include "network/onnx_proto.h"
#include "tensor/safetensors.h"

namespace frugal::model {

using network::Activation;
using network::Block;
using network::ConvLayer;
using network::MBConvLayer;
using network::NetworkConfig;
using network::Operation;
using network::squeeze_channels;

namespace {

namespace onnx = network::onnx;
using onnx::attribute;
using torch::Tensor;

class Writer {
 public:
  Writer(const NetworkConfig& network, const std::string& weights_file)
      : network_(network), graph_(network.name) {
    ImageNetwork module(network);
    tensor::load_weights(module, weights_file);
    for (auto& [name, value] : tensor::state_of(module)) state_[name] = value.detach().clone();
  }

  std::string write() {
    graph_.input("input", {-1, network_.input_channels(), network_.resolution, network_.resolution});
    std::string x = conv("input", "first_conv", network_.first_conv);
    for (std::size_t i = 0; i < network_.blocks.size(); ++i) {
      x = block(x, fmt::format("blocks.{}.mobile_inverted_conv", i), network_.blocks[i]);
    }
    if (network_.final_expand_layer) x = conv(x, "final_expand_layer", *network_.final_expand_layer);
    if (network_.mixes_after_pool()) x = graph_.node("GlobalAveragePool", {x}, "pool");
    if (network_.feature_mix_layer) x = conv(x, "feature_mix_layer", *network_.feature_mix_layer);
    x = graph_.node("GlobalAveragePool", {x}, "final_pool");
    x = graph_.node("Flatten", {x}, "features", {attribute("axis", std::int64_t{1})});
    const std::string prefix = "classifier.linear";
    std::vector<std::string> inputs{x, constant(prefix + ".weight", state_.at(prefix + ".weight"))};
    if (network_.classifier.bias) {
      inputs.push_back(constant(prefix + ".bias", state_.at(prefix + ".bias")));
    }
    graph_.node("Gemm", inputs, "logits", {attribute("transB", std::int64_t{1})});
    graph_.output("logits", {-1, network_.classes()});
    return graph_.model("frugal", FRUGAL_VERSION);
  }

 private:
  std::string constant(const std::string& name, const Tensor& value) {
    const Tensor plain = value.to(torch::kFloat32).contiguous();
    return graph_.constant(name, plain.sizes().vec(), plain.data_ptr<float>());
  }

  std::string scalar(const std::string& name, float value) { return graph_.constant(name, {}, &value); }

  std::string activate(const std::string& x, const std::string& name, Activation activation) {
    const std::string out = name + ".act";
    switch (activation) {
      case Activation::none:
        return x;
      case Activation::relu:
        return graph_.node("Relu", {x}, out);
      case Activation::relu6:
        return graph_.node("Clip", {x, scalar(out + ".low", 0), scalar(out + ".high", 6)}, out);
      case Activation::h_swish:
        return graph_.node("HardSwish", {x}, out);
      case Activation::h_sigmoid:
        return hard_sigmoid(x, out);
      case Activation::sigmoid:
        return graph_.node("Sigmoid", {x}, out);
      case Activation::tanh:
        return graph_.node("Tanh", {x}, out);
    }
    FRUGAL_ASSERT(false, "an activation without its operator");
    return x;
  }

  std::string hard_sigmoid(const std::string& x, const std::string& out) {
    return graph_.node("HardSigmoid", {x}, out, {attribute("alpha", 1.0 / 6), attribute("beta", 0.5)});
  }

  // Folded in float64: w·γ/√(σ² + ε), β + (b − μ)·γ/√(σ² + ε).
  std::string conv(const std::string& x, const std::string& name, const ConvLayer& layer) {
    Tensor weight = state_.at(name + ".conv.weight").to(torch::kFloat64);
    Tensor bias = layer.bias ? state_.at(name + ".conv.bias").to(torch::kFloat64)
                             : torch::zeros({layer.out_channels}, torch::kFloat64);
    if (layer.use_bn) {
      const auto of = [&](const char* part) { return state_.at(name + ".bn." + part).to(torch::kFloat64); };
      const Tensor factor = of("weight") / torch::sqrt(of("running_var") + network_.bn.eps);
      weight = weight * factor.reshape({-1, 1, 1, 1});
      bias = (bias - of("running_mean")) * factor + of("bias");
    }
    std::string y = plain_conv(x, name, weight, bias, layer);
    y = activate(y, name, layer.activation);
    return layer.use_se ? squeeze(y, name + ".se", layer.out_channels) : y;
  }

  std::string plain_conv(const std::string& x, const std::string& name, const Tensor& weight,
                         const Tensor& bias, const ConvLayer& layer) {
    const std::int64_t padding = layer.dilation * (layer.kernel_size / 2);
    return graph_.node(
        "Conv", {x, constant(name + ".weight", weight), constant(name + ".bias", bias)}, name,
        {attribute("kernel_shape", std::vector{layer.kernel_size, layer.kernel_size}),
         attribute("strides", std::vector{layer.stride, layer.stride}),
         attribute("dilations", std::vector{layer.dilation, layer.dilation}),
         attribute("pads", std::vector<std::int64_t>(4, padding)), attribute("group", layer.groups)});
  }

  std::string squeeze(const std::string& x, const std::string& name, std::int64_t channels) {
    const auto part = [&](const std::string& in, const std::string& fc, std::int64_t from, std::int64_t to) {
      ConvLayer layer;
      layer.in_channels = from;
      layer.out_channels = to;
      return plain_conv(in, fc, state_.at(fc + ".weight"), state_.at(fc + ".bias"), layer);
    };
    const std::int64_t squeezed = squeeze_channels(channels);
    std::string y = graph_.node("GlobalAveragePool", {x}, name + ".pool");
    y = graph_.node("Relu", {part(y, name + ".fc.reduce", channels, squeezed)}, name + ".relu");
    y = hard_sigmoid(part(y, name + ".fc.expand", squeezed, channels), name + ".gate");
    return graph_.node("Mul", {x, y}, name);
  }

  std::string block(const std::string& x, const std::string& name, const Block& described) {
    std::string y = x;
    if (described.operation == Operation::conv) {
      y = conv(x, name, described.conv);
    } else if (described.operation == Operation::mb_conv) {
      const MBConvLayer& layer = described.mb_conv;
      if (layer.has_expansion()) y = conv(y, name + ".inverted_bottleneck", layer.expansion());
      y = conv(y, name + ".depth_conv", layer.depthwise());
      y = conv(y, name + ".point_linear", layer.projection());
    }
    return described.adds_shortcut() ? graph_.node("Add", {y, x}, name + ".sum") : y;
  }

  const NetworkConfig& network_;
  onnx::Graph graph_;
  std::map<std::string, Tensor> state_;
};

}  // namespace

std::string to_onnx(const NetworkConfig& network, const std::string& weights_file) {
  const torch::NoGradGuard no_grad;
  return Writer(network, weights_file).write();
}

}  // namespace frugal::model
