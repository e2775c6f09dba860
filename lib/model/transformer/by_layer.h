// The forward pass of a model whose weights are read layer by layer, so that no more than one layer of them
// need be in memory: what a grown model is checked with. The same numbers as `logits` of transformer.h.
#pragma once

#include <functional>

#include "model/transformer/transformer.h"

namespace frugal::model {

// The weights "layers.N.*" of layer N; of `no_layer` all that are in no layer (embeddings, norms, head).
using WeightsOfLayer = std::function<Weights(std::int64_t)>;
constexpr std::int64_t no_layer = -1;

// Whether the weight of this canonical name is one of them.
bool is_of_layer(const std::string& name, std::int64_t layer);

torch::Tensor logits_by_layer(const TransformerConfig& config, const WeightsOfLayer& weights,
                              const TransformerInput& input);

}  // namespace frugal::model
