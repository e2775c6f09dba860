// A NetworkConfig as a torch module. Parameter names are those of the ProxylessNAS program
// ("blocks.0.mobile_inverted_conv.depth_conv.conv.weight"), so that published weights load as they are.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

#include <string>
#include <vector>

#include "model/image/layer_unit.h"
#include "network/network.h"
#include "tensor/safetensors.h"

namespace frugal::model {

torch::Tensor activate(torch::Tensor x, network::Activation activation);

// Squeeze and excitation, as in Once-for-all: "fc.reduce", "fc.expand", h_sigmoid.
class SqueezeExcite : public torch::nn::Module {
 public:
  explicit SqueezeExcite(std::int64_t channels);
  torch::Tensor forward(const torch::Tensor& x);

 private:
  torch::nn::Conv2d reduce_{nullptr}, expand_{nullptr};
};

// Convolution, batch norm, activation, in that order: "conv", "bn".
class ConvUnit : public LayerUnit {
 public:
  ConvUnit(const network::ConvLayer& layer, const network::BatchNorm& bn);
  torch::Tensor forward(torch::Tensor x) override;
  // depthwise.forward(forward(x)); in training without writing what is between them.
  torch::Tensor forward_into(ConvUnit& depthwise, torch::Tensor x);

  void share_statistics(const SumOverProcesses& sum) override { sum_ = sum; }

 private:
  torch::Tensor convolve(torch::Tensor x);  // dropout and convolution
  torch::Tensor finish(torch::Tensor x);    // the rest
  // Our own operations are for training on the CPU in NHWC; else torch's.
  bool trains_in_nhwc(const torch::Tensor& x) const;
  bool is_depthwise() const;
  bool clips() const;
  NormConfig norm_config() const;
  BatchNormTensors norm_tensors() const;

  network::ConvLayer layer_;
  torch::nn::Conv2d conv_{nullptr};
  torch::nn::BatchNorm2d bn_{nullptr};
  std::shared_ptr<SqueezeExcite> se_;
  SumOverProcesses sum_;
};

// "inverted_bottleneck" (absent at expansion 1), "depth_conv", "point_linear".
class MBConvUnit : public LayerUnit {
 public:
  MBConvUnit(const network::MBConvLayer& layer, const network::BatchNorm& bn);
  torch::Tensor forward(torch::Tensor x) override;

 private:
  std::shared_ptr<ConvUnit> expansion_, depthwise_, projection_;
};

// A layer ("mobile_inverted_conv") and its shortcut.
class BlockUnit : public torch::nn::Module {
 public:
  BlockUnit(const network::Block& block, const network::BatchNorm& bn);
  torch::Tensor forward(const torch::Tensor& x);

 private:
  bool zero_, shortcut_;
  std::shared_ptr<LayerUnit> layer_;  // null where it computes nothing
};

// Convolutions He normal, fan-out; batch norm 1 and 0; classifier N(0, 0.01) and 0 (the ProxylessNAS
// program's "he_fout"). From torch's generator: seed it first.
void initialise_weights(torch::nn::Module& module);

class ImageNetwork : public torch::nn::Module {
 public:
  // Weights by initialise_weights.
  explicit ImageNetwork(const network::NetworkConfig& config);

  // images [B, C, H, W] -> logits [B, classes]
  torch::Tensor forward(torch::Tensor images) { return classify(features(std::move(images))); }
  // Its two halves: the body with the pool, [B, features], and the head on them.
  torch::Tensor features(torch::Tensor images);
  torch::Tensor classify(torch::Tensor features);
  tensor::NamedTensors head_parameters() const;

  // Weights in NHWC order, as the images should then be too.
  void use_channels_last();
  void share_statistics(const SumOverProcesses& sum);

  const network::NetworkConfig& config() const { return config_; }

 private:
  network::NetworkConfig config_;
  std::shared_ptr<ConvUnit> first_conv_, final_expand_, feature_mix_;
  std::vector<std::shared_ptr<BlockUnit>> blocks_;
  torch::nn::Linear classifier_{nullptr};
};

}  // namespace frugal::model
