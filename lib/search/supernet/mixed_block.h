// One searched block of the over-parameterised network, with its N candidate operations. A forward pass runs
// one path, so that its memory is that of a compact network (path-level binarization: ProxylessNAS, Cai, Zhu,
// Han, ICLR 2019, section 3.2). The output of a block is
//   y = Σ_j g_j · o_j(x) + x where the block has a shortcut,
// with one-hot gates g and o_Zero(x) = 0. The gate's gradient is the inner product
//   ∂L/∂g_j = ⟨∂L/∂y, o_j(x)⟩,
// which is 0 for Zero: skipping a block neither helps nor harms to first order, and the competing path's own
// inner product decides between the two.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/modules/container/modulelist.h>

#include <cstddef>
#include <memory>
#include <vector>

#include "model/image/network.h"
#include "search/space/space.h"

namespace frugal::search {

// The candidates that an architecture step draws for a block.
struct Gates {
  std::vector<std::size_t> paths;  // candidates
  std::size_t active = 0;          // which of `paths` runs with its graph
  torch::Tensor values;            // float32 [paths], requires gradients; one-hot at `active`
};

class MixedBlock : public torch::nn::Module {
 public:
  MixedBlock(const SearchBlock& block, const network::BatchNorm& bn);

  std::size_t candidate_count() const { return candidates_.size(); }

  // y for one path alone. Only its weights get gradients.
  torch::Tensor forward_path(const torch::Tensor& x, std::size_t candidate);

  // y with gates that get gradients. The active path keeps its graph; the others run without one: in the
  // forward pass (their outputs are kept), or where `recompute` in the backward pass, one after the other, so
  // that nothing but x and the active path is kept.
  torch::Tensor forward_gated(const torch::Tensor& x, const Gates& gates, bool recompute);

  // Σ_j p_j · o_j(x) + shortcut with all paths in memory (DARTS: Liu, Simonyan, Yang 2019). p: [candidates].
  torch::Tensor forward_mixture(const torch::Tensor& x, const torch::Tensor& probabilities);

  // o_j(x); undefined for Zero.
  torch::Tensor path_output(const torch::Tensor& x, std::size_t candidate);

 private:
  torch::Tensor add_shortcut(const torch::Tensor& x, const torch::Tensor& path) const;

  bool shortcut_;
  std::vector<std::shared_ptr<model::BlockUnit>> candidates_;  // null for Zero
};

}  // namespace frugal::search
