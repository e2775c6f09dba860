#include "model/transformer/attention.h"

#include <cmath>
#include <limits>

#include "model/transformer/rotary.h"

namespace frugal::model {
namespace {

using torch::Tensor;

// Scores and their product with the values; q [B, H, T, D].
Tensor mix(const TransformerConfig& config, const Tensor& q, const Tensor& k, const Tensor& v,
           const Tensor& mask) {
  const bool causal = config.causal && !mask.defined();
  const auto scale =
      config.attention_scale > 0 ? std::optional<double>(config.attention_scale) : std::nullopt;
  if (config.attention_softcap == 0) {
    const auto given = mask.defined() ? std::optional<Tensor>(mask) : std::nullopt;
    return torch::scaled_dot_product_attention(q, k, v, given, 0.0, causal, scale);
  }
  const double cap = config.attention_softcap;
  Tensor scores = torch::matmul(q, k.transpose(2, 3)) *
                  scale.value_or(1 / std::sqrt(static_cast<double>(config.head_dim)));
  scores = torch::tanh(scores / cap) * cap;
  const std::int64_t tokens = q.size(2);
  const Tensor seen =
      causal ? torch::ones({tokens, tokens}, scores.options().dtype(torch::kBool)).tril() : mask;
  if (seen.defined())
    scores = scores.masked_fill(seen.logical_not(), -std::numeric_limits<double>::infinity());
  return torch::matmul(scores.softmax(-1), v);
}

}  // namespace

Tensor normalise(const TransformerConfig& config, const Tensor& x, const Tensor& scale, const Tensor* bias) {
  if (config.norm == NormKind::rms_norm) return torch::rms_norm(x, {x.size(-1)}, scale, config.norm_eps);
  return torch::layer_norm(x, {x.size(-1)}, scale, bias != nullptr ? *bias : Tensor(), config.norm_eps);
}

Tensor attend(const TransformerConfig& config, const LayerWeights& layer, LayerKind kind, const Tensor& x,
              const Pass& pass) {
  const std::int64_t heads = config.heads, kv = config.kv_heads, size = config.head_dim;
  const bool slides = kind.slides && config.window > 0;
  const Tensor qkv =
      layer.joined(x, "qkv", {"q", "k", "v"}).view({pass.batch, pass.tokens, heads + 2 * kv, size});
  Tensor q = qkv.narrow(2, 0, heads), k = qkv.narrow(2, heads, kv);
  if (config.qk_norm) {
    q = torch::rms_norm(q, {size}, layer.at("q_norm.weight"), config.norm_eps);
    k = torch::rms_norm(k, {size}, layer.at("k_norm.weight"), config.norm_eps);
  }
  if (config.rotary && kind.rotary) {
    const Tensor both = config.qk_norm ? torch::cat({q, k}, 2) : qkv.narrow(2, 0, heads + kv);
    const bool local = slides && pass.window_cos.defined();
    const Tensor rotated =
        rotate(both, local ? pass.window_cos : pass.cos, local ? pass.window_sin : pass.sin);
    q = rotated.narrow(2, 0, heads);
    k = rotated.narrow(2, heads, kv);
  }
  Tensor v = qkv.narrow(2, heads + kv, kv).transpose(1, 2);
  k = k.transpose(1, 2);
  if (kv != heads) {  // grouped queries: each key-value head serves heads / kv neighbouring queries
    const auto spread = [&](const Tensor& one) {
      return one.unsqueeze(2)
          .expand({pass.batch, kv, heads / kv, pass.tokens, size})
          .reshape({pass.batch, heads, pass.tokens, size});
    };
    k = spread(k);
    v = spread(v);
  }
  const Tensor& mask = slides && pass.window_mask.defined() ? pass.window_mask : pass.mask;
  const Tensor mixed = mix(config, q.transpose(1, 2), k, v, mask);
  return layer.linear(mixed.transpose(1, 2).reshape({x.size(0), heads * size}), "o");
}

Tensor attend_memory(const TransformerConfig& config, const LayerWeights& layer, const Tensor& x,
                     const Pass& pass) {
  const std::int64_t size = config.head_dim, read = pass.memory.size(1);
  const Tensor memory = pass.memory.reshape({-1, config.hidden_size});
  const auto heads = [&](const Tensor& from, const char* name, std::int64_t tokens) {
    return layer.linear(from, name).view({pass.batch, tokens, config.heads, size}).transpose(1, 2);
  };
  TransformerConfig all = config;
  all.causal = false;
  const Tensor mixed = mix(all, heads(x, "cross_q", pass.tokens), heads(memory, "cross_k", read),
                           heads(memory, "cross_v", read), pass.memory_mask);
  return layer.linear(mixed.transpose(1, 2).reshape({x.size(0), config.heads * size}), "cross_o");
}

Tensor position_bias(const TransformerConfig& config, const Tensor& table, std::int64_t tokens, bool causal) {
  const std::int64_t classes = causal ? config.distance_classes : config.distance_classes / 2;
  const std::int64_t single = classes / 2;
  const Tensor at = torch::arange(tokens, torch::TensorOptions(torch::kInt64).device(table.device()));
  const Tensor ahead = at.unsqueeze(0) - at.unsqueeze(1);  // of the token looked at
  const Tensor distance = causal ? (-ahead).clamp_min(0) : ahead.abs();
  const double range = std::log(static_cast<double>(config.farthest) / static_cast<double>(single));
  const Tensor far = (distance.to(torch::kFloat32) / static_cast<double>(single)).log() / range *
                     static_cast<double>(classes - single);
  Tensor which = torch::where(distance.lt(single), distance,
                              (single + far.clamp_min(0).to(torch::kInt64)).clamp_max(classes - 1));
  if (!causal) which = which + ahead.gt(0).to(torch::kInt64) * classes;
  Tensor bias = torch::embedding(table, which).permute({2, 0, 1}).unsqueeze(0);
  if (causal) bias = bias.masked_fill(ahead.gt(0), -std::numeric_limits<double>::infinity());
  return bias;
}

}  // namespace frugal::model
