#include "model/transformer/feed_forward.h"

#include "model/kernels/fast_gelu.h"

namespace frugal::model {
namespace {

using torch::Tensor;

Tensor one_expert(const TransformerConfig& config, const LayerWeights& layer, const Tensor& x) {
  if (!config.gated_ffn)
    return layer.linear(activate(config.activation, layer.linear(x, "ffn_in")), "ffn_out");
  const Tensor both = layer.joined(x, "gate_in", {"ffn_gate", "ffn_in"});
  const Tensor gate = both.narrow(1, 0, config.ffn_size),
               in = both.narrow(1, config.ffn_size, config.ffn_size);
  return layer.linear(activate(config.activation, gate) * in, "ffn_out");
}

Tensor mixture(const TransformerConfig& config, const LayerWeights& layer, const Tensor& x) {
  const auto [most, chosen] = layer.linear(x, "router").softmax(-1).topk(config.experts_per_token, -1);
  const Tensor share = most / most.sum(-1, true);
  Tensor sum = torch::zeros_like(x);
  for (std::int64_t i = 0; i < config.experts; ++i) {
    // An expert that no token chose runs on no rows: its gradient is then zero, and not absent.
    const Tensor at = chosen.eq(i).nonzero(), rows = at.select(1, 0), place = at.select(1, 1);
    const Tensor fed = one_expert(config, layer.expert(i), x.index_select(0, rows));
    sum = sum.index_add(0, rows, fed * share.index({rows, place}).unsqueeze(1));
  }
  return sum;
}

}  // namespace

Tensor activate(const std::string& activation, const Tensor& x) {
  if (activation == "gelu") return model::gelu(x);
  if (activation == "quick_gelu") return x * torch::sigmoid(1.702 * x);
  if (activation == "relu") return torch::relu(x);
  if (activation == "silu") return torch::silu(x);
  return torch::gelu(x, "tanh");  // gelu_new, gelu_pytorch_tanh; check() knows no others
}

Tensor feed_forward(const TransformerConfig& config, const LayerWeights& layer, const Tensor& x) {
  return config.experts > 0 ? mixture(config, layer, x) : one_expert(config, layer, x);
}

}  // namespace frugal::model
