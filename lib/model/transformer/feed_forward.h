// The feed-forward part of a layer: plain, gated, or a mixture of experts of which a router chooses a few for
// each token (Shazeer et al. 2017; the shares of those chosen sum to one, as in Mixtral).
#pragma once

#include "model/transformer/layer_weights.h"

namespace frugal::model {

torch::Tensor activate(const std::string& activation, const torch::Tensor& x);

// x [N, hidden].
torch::Tensor feed_forward(const TransformerConfig& config, const LayerWeights& layer,
                           const torch::Tensor& x);

}  // namespace frugal::model
