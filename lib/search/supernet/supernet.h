// The over-parameterised network as a torch module: the space's frame with a MixedBlock for every searched
// block. A path's tensors have the names that the same network has on its own, so that a derived network
// starts from the weights it was searched with.
#pragma once

#include <torch/nn/module.h>

#include <functional>
#include <memory>
#include <vector>

#include "search/supernet/mixed_block.h"
#include "tensor/safetensors.h"

namespace frugal::search {

class Supernet : public torch::nn::Module {
 public:
  // Weights as in model::ImageNetwork, from torch's generator: seed it first.
  explicit Supernet(const SearchSpace& space);

  // images [B, C, H, W] -> logits [B, classes].
  torch::Tensor forward_path(const torch::Tensor& images, const Choice& choice);
  torch::Tensor forward_gated(const torch::Tensor& images, const std::vector<Gates>& gates, bool recompute);
  torch::Tensor forward_mixture(const torch::Tensor& images, const std::vector<torch::Tensor>& p);

  void use_channels_last();
  torch::Device device() const { return classifier_->weight.device(); }

  // Architecture steps look at weights and running statistics without changing them. While one of these
  // lives, weights ask for no gradients and batch norm, in training mode, leaves its averages alone.
  class Frozen {
   public:
    explicit Frozen(Supernet& net);
    ~Frozen();
    Frozen(const Frozen&) = delete;
    Frozen& operator=(const Frozen&) = delete;

   private:
    Supernet& net_;
  };

  const SearchSpace& space() const { return space_; }
  tensor::NamedTensors weights();

  // The tensors of one path, by their names in the network of that choice.
  tensor::NamedTensors path_state(const Choice& choice) const;

 private:
  torch::Tensor forward(torch::Tensor x,
                        const std::function<torch::Tensor(std::size_t, const torch::Tensor&)>& block_forward);

  SearchSpace space_;
  std::shared_ptr<model::ConvUnit> first_conv_, feature_mix_;
  std::vector<std::shared_ptr<model::BlockUnit>> fixed_;
  std::vector<std::shared_ptr<MixedBlock>> mixed_;
  torch::nn::Linear classifier_{nullptr};
  std::vector<torch::nn::BatchNorm2dImpl*> norms_;
};

}  // namespace frugal::search
