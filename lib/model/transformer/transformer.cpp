#include "model/transformer/transformer.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <cmath>
#include <limits>

#include "base/error.h"
#include "model/transformer/attention.h"
#include "model/transformer/by_layer.h"
#include "model/transformer/feed_forward.h"
#include "model/transformer/rotary.h"

namespace frugal::model {
namespace {

using torch::Tensor;

Tensor norm_of(const TransformerConfig& config, const Weights& weights, const char* name, const Tensor& x) {
  return normalise(config, x, weights.at(std::string(name) + ".weight"),
                   weights.find(std::string(name) + ".bias"));
}

// x [B·T, hidden]. Pre-norm: x + f(norm(x)), sandwich: x + norm(f(norm(x))); post-norm: norm(x + f(x)).
Tensor run_layer(const TransformerConfig& config, const Weights& weights, std::int64_t index, Tensor x,
                 const Pass& pass) {
  const LayerWeights layer(weights, index);
  const auto norm = [&](const char* scale, const char* bias, const Tensor& at) {
    return normalise(config, at, layer.at(scale), layer.find(bias));
  };
  const LayerKind kind = config.kind_of(index);
  if (config.pre_norm) {
    const bool bare = config.bare_first && index == 0;
    Tensor attended =
        attend(config, layer, kind, bare ? x : norm("attention_norm.weight", "attention_norm.bias", x), pass);
    if (config.sandwich_norm)
      attended = norm("post_attention_norm.weight", "post_attention_norm.bias", attended);
    if (config.layer_scale) attended = attended * layer.at("attention_scale.weight");
    Tensor between = x + attended;
    if (pass.memory.defined())
      between =
          between + attend_memory(config, layer, norm("cross_norm.weight", "cross_norm.bias", between), pass);
    Tensor fed =
        feed_forward(config, layer, norm("ffn_norm.weight", "ffn_norm.bias", config.parallel ? x : between));
    if (config.sandwich_norm) fed = norm("post_ffn_norm.weight", "post_ffn_norm.bias", fed);
    if (config.layer_scale) fed = fed * layer.at("ffn_scale.weight");
    return between + fed;
  }
  x = norm("attention_norm.weight", "attention_norm.bias", x + attend(config, layer, kind, x, pass));
  return norm("ffn_norm.weight", "ffn_norm.bias", x + feed_forward(config, layer, x));
}

Tensor embed_tokens(const TransformerConfig& config, const Weights& weights, const TransformerInput& input) {
  const Tensor& ids = input.ids;
  const std::int64_t tokens = ids.size(1);
  Tensor x = torch::embedding(weights.at("token_embedding.weight"), ids);
  if (config.scaled_embedding) x = x * torch::scalar_tensor(config.embedding_scale(), x.options());
  if (!config.rotary && config.distance_classes == 0) {
    const Tensor& places = weights.at("position_embedding.weight");
    if (config.position_offset > 0 && config.pad_token >= 0) {
      const Tensor there = ids.ne(config.pad_token).to(torch::kInt64);
      x = x + torch::embedding(places, there.cumsum(1) * there + config.pad_token);
    } else {
      x = x + places.narrow(0, config.position_offset, tokens);
    }
  }
  if (config.token_types > 0) {
    const Tensor& types = weights.at("type_embedding.weight");
    x = x + (input.token_types.defined() ? torch::embedding(types, input.token_types) : types[0]);
  }
  return x;
}

Tensor embed_image(const TransformerConfig& config, const Weights& weights, const Tensor& pixels) {
  const std::int64_t batch = pixels.size(0), c = config.channels, p = config.patch_size;
  const std::int64_t side = config.image_size / p, hidden = config.hidden_size;
  const Tensor patches = pixels.reshape({batch, c, side, p, side, p})
                             .permute({0, 2, 4, 1, 3, 5})
                             .reshape({batch * side * side, c * p * p});
  const Tensor* bias = weights.find("patch.bias");
  const Tensor embedded =
      torch::linear(patches, weights.at("patch.weight"), bias != nullptr ? *bias : Tensor())
          .view({batch, -1, hidden});
  std::vector<Tensor> parts = {weights.at("class_token.weight").expand({batch, 1, hidden})};
  if (config.distillation)
    parts.push_back(weights.at("distillation_token.weight").expand({batch, 1, hidden}));
  parts.push_back(embedded);
  return torch::cat(parts, 1) + weights.at("position_embedding.weight");
}

// True where a token may look: those up to it in a causal model, within the window where that is > 0.
Tensor seen(const TransformerConfig& config, const Tensor& positions, std::int64_t tokens,
            std::int64_t window, torch::Device device) {
  const Tensor at =
      positions.defined()
          ? positions.to(device)
          : torch::arange(tokens, torch::TensorOptions(torch::kInt64).device(device)).unsqueeze(0);
  const Tensor back = (at.unsqueeze(2) - at.unsqueeze(1)).unsqueeze(1);  // [1 or B, 1, T, T]
  if (!config.causal) return back.abs().le(window / 2);
  return window > 0 ? back.ge(0).logical_and(back.lt(window)) : back.ge(0);
}

Pass pass_of(const TransformerConfig& config, const Tensor& x, const Tensor& mask, const Tensor& positions) {
  Pass pass{x.size(0), x.size(1), {}, {}, {}, {}, {}, {}, {}, {}};
  Tensor there;
  if (mask.defined()) {
    there = pass.mask = mask.to(torch::kBool).view({pass.batch, 1, 1, pass.tokens});
    if (config.causal) {
      pass.mask = pass.mask.logical_and(torch::ones({pass.tokens, pass.tokens}, pass.mask.options()).tril());
    }
  }
  const std::int64_t reach = config.causal ? config.window : config.window / 2 + 1;  // tokens on one side
  if (config.window > 0 && (positions.defined() || reach < pass.tokens)) {
    pass.window_mask = seen(config, positions, pass.tokens, config.window, x.device());
    if (there.defined()) pass.window_mask = pass.window_mask.logical_and(there);
  }
  if (!config.rotary) return pass;
  const std::int64_t dim = config.rotary_dim > 0 ? config.rotary_dim : config.head_dim;
  rotary_tables(config.rope, dim, positions, pass.tokens, x.options(), pass.cos, pass.sin);
  if (config.local_rope) {
    rotary_tables(*config.local_rope, dim, positions, pass.tokens, x.options(), pass.window_cos,
                  pass.window_sin);
  }
  return pass;
}

Tensor embed(const TransformerConfig& config, const Weights& weights, const TransformerInput& input) {
  const Tensor x =
      config.image() ? embed_image(config, weights, input.pixels) : embed_tokens(config, weights, input);
  const Tensor normed = config.embedding_norm ? norm_of(config, weights, "embedding_norm", x) : x;
  if (config.embedding_size == 0) return normed;
  return torch::linear(normed, weights.at("embedding_project.weight"), weights.at("embedding_project.bias"));
}

// Scores that are added to each head's, and minus infinity where a token may not look.
Tensor added(const Tensor& bias, const Tensor& mask) {
  if (!mask.defined()) return bias;
  return bias.masked_fill(mask.logical_not(), -std::numeric_limits<double>::infinity());
}

// Layers [first, last).
Tensor run_layers(const TransformerConfig& config, const WeightsOfLayer& weights, Tensor x,
                  std::int64_t first, std::int64_t last, const Pass& pass) {
  const auto shape = x.sizes().vec();
  for (std::int64_t i = first; i < last; ++i)
    x = run_layer(config, weights(i), i, x.reshape({-1, shape[2]}), pass).view(shape);
  return x;
}

// T5: the encoder's layers, then the decoder's, which look at what the encoder made. Without a text of its
// own the decoder reads the encoder's, one token later.
Tensor encode_and_decode(const TransformerConfig& config, const Weights& outside,
                         const WeightsOfLayer& weights, const TransformerInput& input) {
  Tensor x = embed(config, outside, input);
  Pass pass{x.size(0), x.size(1), {}, {}, {}, {}, {}, {}, {}, {}};
  const Tensor there =
      input.mask.defined() ? input.mask.to(torch::kBool).view({pass.batch, 1, 1, pass.tokens}) : Tensor();
  pass.mask = added(position_bias(config, outside.at("position_bias.weight"), pass.tokens, false), there);
  x = run_layers(config, weights, x, 0, config.layers, pass);
  if (config.decoder_layers == 0) return norm_of(config, outside, "final_norm", x);
  TransformerInput answer;
  answer.ids =
      input.decoder_ids.defined()
          ? input.decoder_ids
          : torch::cat(
                {torch::full_like(input.ids.slice(1, 0, 1), std::max<std::int64_t>(0, config.pad_token)),
                 input.ids.slice(1, 0, -1)},
                1);
  const Tensor memory = norm_of(config, outside, "encoder_norm", x);
  x = embed(config, outside, answer);
  Pass decoding{x.size(0), x.size(1), {}, {}, {}, {}, {}, {}, memory, there};
  decoding.mask = position_bias(config, outside.at("decoder_position_bias.weight"), decoding.tokens, true);
  x = run_layers(config, weights, x, config.layers, config.stack(), decoding);
  return norm_of(config, outside, "final_norm", x);
}

// Of an image the class token's state, of a text that of the token that ends it, or else the first one's.
Tensor pooled(const TransformerConfig& config, const TransformerInput& input, const Tensor& hidden) {
  if (config.image()) return hidden.select(1, 0);
  const Tensor end =
      config.text_end == 2 ? input.ids.argmax(1) : input.ids.eq(config.text_end).to(torch::kInt64).argmax(1);
  return hidden.gather(1, end.view({-1, 1, 1}).expand({-1, 1, hidden.size(2)})).squeeze(1);
}

// `logits` from the hidden states.
Tensor of_hidden(const TransformerConfig& config, const Weights& weights, const TransformerInput& input,
                 const Tensor& hidden) {
  if (config.head == HeadKind::none) return hidden;
  if (config.head == HeadKind::projection)
    return torch::linear(pooled(config, input, hidden), weights.at("head.weight"));
  if (config.head == HeadKind::classifier) return head_logits(config, weights, hidden);
  const Tensor rows = head_logits(config, weights, hidden.reshape({-1, hidden.size(2)}));
  if (config.head == HeadKind::detector) return rows.view({hidden.size(0), hidden.size(1)});
  return rows.view({hidden.size(0), hidden.size(1), -1});
}

}  // namespace

Tensor hidden_states(const TransformerConfig& config, const Weights& weights, const TransformerInput& input,
                     const ForwardOptions& options) {
  if (config.distance_classes > 0)
    return encode_and_decode(
        config, weights, [&](std::int64_t) { return weights; }, input);
  Tensor x = embed(config, weights, input);
  const std::int64_t hidden = x.size(2);
  const Pass whole = pass_of(config, x, input.mask, {});
  Pass kept = whole;
  Tensor index;
  if (options.kept_tokens.defined()) {
    const Tensor positions = options.kept_tokens.to(x.device());
    index = positions.unsqueeze(2).expand({whole.batch, positions.size(1), hidden});
    kept = pass_of(config, x.gather(1, index),
                   input.mask.defined() ? input.mask.gather(1, positions) : Tensor(), positions);
  }
  Tensor aside;  // all tokens, while only the kept ones run
  for (std::int64_t i = 0; i < config.layers; ++i) {
    if (index.defined() && i == options.kept_first) {
      aside = x;
      x = x.gather(1, index);
    }
    if (options.run_layer.empty() || options.run_layer[static_cast<std::size_t>(i)]) {
      const Pass& pass = aside.defined() ? kept : whole;
      x = run_layer(config, weights, i, x.reshape({-1, hidden}), pass)
              .view({pass.batch, pass.tokens, hidden});
    }
    if (aside.defined() && (i + 1 == options.kept_last || i + 1 == config.layers)) {
      x = aside.scatter(1, index, x);
      aside = torch::Tensor();
    }
  }
  return config.final_norm ? norm_of(config, weights, "final_norm", x) : x;
}

Tensor logits_by_layer(const TransformerConfig& config, const WeightsOfLayer& weights,
                       const TransformerInput& input) {
  const Weights outside = weights(no_layer);
  if (config.distance_classes > 0)
    return of_hidden(config, outside, input, encode_and_decode(config, outside, weights, input));
  Tensor x = embed(config, outside, input);
  const Pass pass = pass_of(config, x, input.mask, {});
  x = run_layers(config, weights, x, 0, config.layers, pass);
  return of_hidden(config, outside, input, config.final_norm ? norm_of(config, outside, "final_norm", x) : x);
}

bool is_of_layer(const std::string& name, std::int64_t layer) {
  return layer == no_layer ? !name.starts_with("layers.")
                           : name.starts_with(fmt::format("layers.{}.", layer));
}

Tensor head_logits(const TransformerConfig& config, const Weights& weights, const Tensor& hidden) {
  FRUGAL_ASSERT(config.head != HeadKind::none, "logits of a model that has no head");
  if (config.head == HeadKind::classifier) {
    Tensor first = torch::linear(hidden.select(1, 0), weights.at("head.weight"), weights.at("head.bias"));
    if (config.patch_head) first = first + hidden.slice(1, 1).mean(1).mm(weights.at("patch_head.weight").t());
    if (!config.distillation_head) return first;
    return (first + torch::linear(hidden.select(1, 1), weights.at("distillation_head.weight"),
                                  weights.at("distillation_head.bias"))) /
           2;
  }
  Tensor x = hidden;
  if (config.head == HeadKind::masked || config.head == HeadKind::detector) {
    const Tensor* bias = weights.find("head_transform.bias");
    x = torch::linear(x, weights.at("head_transform.weight"), bias != nullptr ? *bias : Tensor());
    x = activate(config.head_activation.empty() ? config.activation : config.head_activation, x);
    if (config.head == HeadKind::detector)
      return torch::linear(x, weights.at("head.weight"), weights.at("head.bias"));
    x = norm_of(config, weights, "head_norm", x);
  }
  if (config.scaled_head) x = x * config.head_scale();
  const Tensor& out = weights.at(config.tied_head ? "token_embedding.weight" : "head.weight");
  const Tensor logits = config.head_bias ? torch::addmm(weights.at("head.bias"), x, out.t()) : x.mm(out.t());
  if (config.head_softcap == 0) return logits;
  return torch::tanh(logits / config.head_softcap) * config.head_softcap;
}

Tensor logits(const TransformerConfig& config, const Weights& weights, const TransformerInput& input,
              const ForwardOptions& options) {
  return of_hidden(config, weights, input, hidden_states(config, weights, input, options));
}

}  // namespace frugal::model
