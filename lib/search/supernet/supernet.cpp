#include "search/supernet/supernet.h"

#include <string>

#include "base/error.h"

namespace frugal::search {
namespace {

namespace nn = torch::nn;

class Group : public nn::Module {};  // only names its children

}  // namespace

Supernet::Supernet(const SearchSpace& space) : space_(space) {
  const network::NetworkConfig& frame = space_.frame();
  first_conv_ = register_module("first_conv", std::make_shared<model::ConvUnit>(frame.first_conv, frame.bn));
  auto blocks = register_module("blocks", std::make_shared<Group>());
  for (const network::Block& block : frame.blocks) {
    fixed_.push_back(blocks->register_module(std::to_string(fixed_.size()),
                                             std::make_shared<model::BlockUnit>(block, frame.bn)));
  }
  for (const SearchBlock& block : space_.blocks()) {
    mixed_.push_back(blocks->register_module(std::to_string(fixed_.size() + mixed_.size()),
                                             std::make_shared<MixedBlock>(block, frame.bn)));
  }
  if (frame.feature_mix_layer) {
    feature_mix_ = register_module("feature_mix_layer",
                                   std::make_shared<model::ConvUnit>(*frame.feature_mix_layer, frame.bn));
  }
  auto classifier = register_module("classifier", std::make_shared<Group>());
  classifier_ = classifier->register_module(
      "linear", nn::Linear(nn::LinearOptions(frame.classifier.in_features, frame.classifier.out_features)
                               .bias(frame.classifier.bias)));
  model::initialise_weights(*this);
  for (const auto& module : modules(/*include_self=*/false)) {
    if (auto* norm = module->as<nn::BatchNorm2d>()) norms_.push_back(norm);
  }
}

torch::Tensor Supernet::forward(
    torch::Tensor x, const std::function<torch::Tensor(std::size_t, const torch::Tensor&)>& block_forward) {
  x = first_conv_->forward(std::move(x));
  for (const auto& block : fixed_) x = block->forward(x);
  for (std::size_t b = 0; b < mixed_.size(); ++b) x = block_forward(b, x);
  if (feature_mix_) x = feature_mix_->forward(std::move(x));
  x = x.mean({2, 3});
  const double dropout = space_.frame().classifier.dropout_rate;
  if (dropout > 0) x = torch::dropout(x, dropout, is_training());
  return classifier_->forward(x);
}

torch::Tensor Supernet::forward_path(const torch::Tensor& images, const Choice& choice) {
  FRUGAL_ASSERT(choice.size() == mixed_.size(), "one candidate a block");
  return forward(
      images, [&](std::size_t b, const torch::Tensor& x) { return mixed_[b]->forward_path(x, choice[b]); });
}

torch::Tensor Supernet::forward_gated(const torch::Tensor& images, const std::vector<Gates>& gates,
                                      bool recompute) {
  FRUGAL_ASSERT(gates.size() == mixed_.size(), "gates of every block");
  return forward(images, [&](std::size_t b, const torch::Tensor& x) {
    return gates[b].paths.size() == 1 ? mixed_[b]->forward_path(x, gates[b].paths[0])
                                      : mixed_[b]->forward_gated(x, gates[b], recompute);
  });
}

torch::Tensor Supernet::forward_mixture(const torch::Tensor& images, const std::vector<torch::Tensor>& p) {
  FRUGAL_ASSERT(p.size() == mixed_.size(), "probabilities of every block");
  return forward(images,
                 [&](std::size_t b, const torch::Tensor& x) { return mixed_[b]->forward_mixture(x, p[b]); });
}

void Supernet::use_channels_last() {
  for (torch::Tensor& parameter : parameters()) {
    if (parameter.dim() == 4)
      parameter.set_data(parameter.detach().contiguous(torch::MemoryFormat::ChannelsLast));
  }
}

Supernet::Frozen::Frozen(Supernet& net) : net_(net) {
  for (torch::Tensor& parameter : net_.parameters()) parameter.set_requires_grad(false);
  for (auto* norm : net_.norms_) norm->options.momentum(0.0);
}

Supernet::Frozen::~Frozen() {
  for (torch::Tensor& parameter : net_.parameters()) parameter.set_requires_grad(true);
  for (auto* norm : net_.norms_) norm->options.momentum(net_.space_.frame().bn.momentum);
}

tensor::NamedTensors Supernet::weights() {
  tensor::NamedTensors weights;
  for (const auto& item : named_parameters()) weights.emplace_back(item.key(), item.value());
  return weights;
}

tensor::NamedTensors Supernet::path_state(const Choice& choice) const {
  tensor::NamedTensors state;
  for (const auto& [name, value] : tensor::state_of(*this)) {
    std::string here = name;
    if (here.starts_with("blocks.")) {
      const std::size_t after_block = here.find('.', 7);
      const std::size_t block = std::stoul(here.substr(7));
      if (block >= fixed_.size()) {
        // "blocks.B.CANDIDATE.rest" is "blocks.B.rest" of the network that takes the candidate.
        const std::size_t after_candidate = here.find('.', after_block + 1);
        if (std::stoul(here.substr(after_block + 1)) != choice.at(block - fixed_.size())) continue;
        here.erase(after_block, after_candidate - after_block);
      }
    }
    state.emplace_back(here, value);
  }
  return state;
}

}  // namespace frugal::search
