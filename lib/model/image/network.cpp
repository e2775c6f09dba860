#include "model/image/network.h"

#include <torch/nn/functional.h>
#include <torch/nn/init.h>

#include <cmath>
#include <limits>

#include "base/error.h"
#include "model/image/graph_unit.h"
#include "model/kernels/depthwise.h"
#include "model/kernels/depthwise_kernel.h"
#include "tensor/layout.h"

namespace frugal::model {

using network::Activation;
using network::Block;
using network::ConvLayer;
using network::MBConvLayer;
using network::NetworkConfig;
using network::squeeze_channels;

namespace {

namespace nn = torch::nn;
namespace F = torch::nn::functional;

nn::Conv2d make_conv(const ConvLayer& layer) {
  return nn::Conv2d(nn::Conv2dOptions(layer.in_channels, layer.out_channels, layer.kernel_size)
                        .stride(layer.stride)
                        .padding(layer.dilation * (layer.kernel_size / 2))
                        .dilation(layer.dilation)
                        .groups(layer.groups)
                        .bias(layer.bias));
}

}  // namespace

torch::Tensor activate(torch::Tensor x, Activation activation) {
  switch (activation) {
    case Activation::none:
      return x;
    case Activation::relu:
      return torch::relu_(x);
    case Activation::relu6:
      return torch::hardtanh_(x, 0, 6);
    case Activation::h_swish:
      return torch::hardswish(x);
    case Activation::h_sigmoid:
      return torch::hardsigmoid(x);
    case Activation::sigmoid:
      return torch::sigmoid(x);
    case Activation::tanh:
      return torch::tanh(x);
  }
  FRUGAL_ASSERT(false, "an activation without its function");
  return x;
}

SqueezeExcite::SqueezeExcite(std::int64_t channels) {
  const std::int64_t squeezed = squeeze_channels(channels);
  auto fc = register_module("fc", std::make_shared<Group>());
  reduce_ = fc->register_module("reduce", nn::Conv2d(nn::Conv2dOptions(channels, squeezed, 1)));
  expand_ = fc->register_module("expand", nn::Conv2d(nn::Conv2dOptions(squeezed, channels, 1)));
}

torch::Tensor SqueezeExcite::forward(const torch::Tensor& x) {
  const torch::Tensor squeezed = torch::relu(reduce_->forward(x.mean({2, 3}, true)));
  return x * torch::hardsigmoid(expand_->forward(squeezed));
}

ConvUnit::ConvUnit(const ConvLayer& layer, const network::BatchNorm& bn) : layer_(layer) {
  conv_ = register_module("conv", make_conv(layer));
  if (layer.use_bn) {
    bn_ = register_module(
        "bn", nn::BatchNorm2d(nn::BatchNorm2dOptions(layer.out_channels).momentum(bn.momentum).eps(bn.eps)));
  }
  if (layer.use_se) se_ = register_module("se", std::make_shared<SqueezeExcite>(layer.out_channels));
}

bool ConvUnit::trains_in_nhwc(const torch::Tensor& x) const {
  return is_training() && x.is_cpu() && (tensor::is_channels_last(x) || sum_ != nullptr);
}

bool ConvUnit::is_depthwise() const {
  return layer_.groups == layer_.in_channels && layer_.groups == layer_.out_channels && !layer_.bias &&
         layer_.dilation == 1 && depthwise_supports(layer_.kernel_size, layer_.stride);
}

NormConfig ConvUnit::norm_config() const {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  NormConfig config{bn_->options.momentum().value(), bn_->options.eps()};
  if (clips()) {
    config.low = 0;
    config.high = layer_.activation == Activation::relu6 ? 6.0F : infinity;
  }
  return config;
}

bool ConvUnit::clips() const {
  return layer_.activation == Activation::relu || layer_.activation == Activation::relu6;
}

BatchNormTensors ConvUnit::norm_tensors() const {
  return {bn_->weight, bn_->bias, bn_->running_mean, bn_->running_var};
}

torch::Tensor ConvUnit::convolve(torch::Tensor x) {
  if (layer_.dropout_rate > 0 && is_training())
    x = F::dropout2d(x, F::Dropout2dFuncOptions().p(layer_.dropout_rate));
  if (trains_in_nhwc(x) && is_depthwise()) return depthwise_conv(x, conv_->weight, layer_.stride);
  return conv_->forward(x);
}

torch::Tensor ConvUnit::finish(torch::Tensor x) {
  bool activated = false;
  if (layer_.use_bn) {
    if (trains_in_nhwc(x)) {
      x = batch_norm_clip(x, norm_tensors(), norm_config(), sum_);
      activated = clips();
    } else {
      x = bn_->forward(x);
    }
  }
  if (!activated) x = activate(std::move(x), layer_.activation);
  return se_ ? se_->forward(x) : x;
}

torch::Tensor ConvUnit::forward(torch::Tensor x) { return finish(convolve(std::move(x))); }

torch::Tensor ConvUnit::forward_into(ConvUnit& depthwise, torch::Tensor x) {
  x = convolve(std::move(x));
  const bool one_operation = layer_.use_bn && !se_ && depthwise.is_depthwise() && trains_in_nhwc(x) &&
                             depthwise.layer_.dropout_rate == 0 &&
                             (clips() || layer_.activation == Activation::none);
  if (!one_operation) return depthwise.forward(finish(std::move(x)));
  return depthwise.finish(norm_depthwise(x, norm_tensors(), norm_config(), sum_, depthwise.conv_->weight,
                                         depthwise.layer_.stride));
}

MBConvUnit::MBConvUnit(const MBConvLayer& layer, const network::BatchNorm& bn) {
  if (layer.has_expansion()) {
    expansion_ = register_module("inverted_bottleneck", std::make_shared<ConvUnit>(layer.expansion(), bn));
  }
  depthwise_ = register_module("depth_conv", std::make_shared<ConvUnit>(layer.depthwise(), bn));
  projection_ = register_module("point_linear", std::make_shared<ConvUnit>(layer.projection(), bn));
}

torch::Tensor MBConvUnit::forward(torch::Tensor x) {
  return projection_->forward(expansion_ ? expansion_->forward_into(*depthwise_, x) : depthwise_->forward(x));
}

namespace {

// A module of its own where there is a faster one, else operator by operator.
std::shared_ptr<LayerUnit> unit_of(const Block& block, const network::BatchNorm& bn) {
  if (block.layer->is_free()) return nullptr;
  if (const auto* layer = block.as<MBConvLayer>()) return std::make_shared<MBConvUnit>(*layer, bn);
  if (const auto* layer = block.as<ConvLayer>()) return std::make_shared<ConvUnit>(*layer, bn);
  return std::make_shared<GraphUnit>(*block.layer, bn);
}

}  // namespace

BlockUnit::BlockUnit(const Block& block, const network::BatchNorm& bn)
    : zero_(block.is_zero()), shortcut_(block.shortcut), layer_(unit_of(block, bn)) {
  if (layer_) register_module("mobile_inverted_conv", layer_);
}

torch::Tensor BlockUnit::forward(const torch::Tensor& x) {
  if (zero_) return x;
  const torch::Tensor y = layer_ ? layer_->forward(x) : x;
  return shortcut_ ? y + x : y;
}

ImageNetwork::ImageNetwork(const NetworkConfig& config) : config_(config) {
  first_conv_ = register_module("first_conv", std::make_shared<ConvUnit>(config.first_conv, config.bn));
  auto blocks = register_module("blocks", std::make_shared<Group>());
  for (std::size_t i = 0; i < config.blocks.size(); ++i) {
    blocks_.push_back(
        blocks->register_module(std::to_string(i), std::make_shared<BlockUnit>(config.blocks[i], config.bn)));
  }
  if (config.final_expand_layer) {
    final_expand_ = register_module("final_expand_layer",
                                    std::make_shared<ConvUnit>(*config.final_expand_layer, config.bn));
  }
  if (config.feature_mix_layer) {
    feature_mix_ = register_module("feature_mix_layer",
                                   std::make_shared<ConvUnit>(*config.feature_mix_layer, config.bn));
  }
  auto classifier = register_module("classifier", std::make_shared<Group>());
  classifier_ = classifier->register_module(
      "linear", nn::Linear(nn::LinearOptions(config.classifier.in_features, config.classifier.out_features)
                               .bias(config.classifier.bias)));
  initialise_weights(*this);
}

void initialise_weights(nn::Module& root) {
  const torch::NoGradGuard no_grad;
  for (const auto& module : root.modules(/*include_self=*/false)) {
    if (auto* conv = module->as<nn::Conv2d>()) {
      const auto& options = conv->options;
      const double fan_out = static_cast<double>(options.out_channels() * options.kernel_size()->at(0) *
                                                 options.kernel_size()->at(1));
      conv->weight.normal_(0, std::sqrt(2 / fan_out));
      if (conv->bias.defined()) conv->bias.zero_();
    } else if (auto* linear = module->as<nn::Linear>()) {
      linear->weight.normal_(0, 0.01);
      if (linear->bias.defined()) linear->bias.zero_();
    } else if (auto* unit = module->as<GraphUnit>()) {
      unit->initialise();
    }
  }
}

void ImageNetwork::use_channels_last() {
  for (torch::Tensor& parameter : parameters()) {
    if (parameter.dim() == 4) parameter.set_data(tensor::channels_last(parameter.detach()));
  }
}

void ImageNetwork::share_statistics(const SumOverProcesses& sum) {
  for (const auto& module : modules(/*include_self=*/false)) {
    if (auto* unit = module->as<LayerUnit>()) unit->share_statistics(sum);
  }
}

torch::Tensor ImageNetwork::features(torch::Tensor x) {
  // Images of one channel are in either order; NHWC is the one that pays.
  if (x.size(1) == 1 && x.is_cpu() && is_training()) x = tensor::channels_last(x);
  x = first_conv_->forward(std::move(x));
  for (const auto& block : blocks_) x = block->forward(x);
  if (final_expand_) x = final_expand_->forward(std::move(x));
  if (config_.mixes_after_pool()) x = x.mean({2, 3}, true);
  if (feature_mix_) x = feature_mix_->forward(std::move(x));
  return x.mean({2, 3});
}

torch::Tensor ImageNetwork::classify(torch::Tensor x) {
  if (config_.classifier.dropout_rate > 0)
    x = torch::dropout(x, config_.classifier.dropout_rate, is_training());
  return classifier_->forward(x);
}

tensor::NamedTensors ImageNetwork::head_parameters() const {
  tensor::NamedTensors parameters;
  for (const auto& item : classifier_->named_parameters()) {
    parameters.emplace_back("classifier.linear." + item.key(), item.value());
  }
  return parameters;
}

}  // namespace frugal::model
