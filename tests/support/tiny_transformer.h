// Tiny transformers for tests, with random values everywhere, so that a weight that goes astray shows.
#pragma once

#include <torch/torch.h>

#include <string>

#include "model/transformer/transformer.h"

namespace frugal::test {

// type: bert, gpt2, llama, vit, deit; qwen3, gemma2, gemma3_text, opt, gpt_neox; electra, modernbert, dinov2,
// mixtral, t5, clip_text_model, clip_vision_model. 2 layers of 16 (4 heads of 4), FFN 24, vocabulary 20, 12
// positions.
inline model::TransformerConfig tiny_config(const std::string& type) {
  using namespace model;
  TransformerConfig config;
  config.model_type = type;
  config.hidden_size = 16;
  config.layers = 2;
  config.heads = config.kv_heads = 4;
  config.head_dim = 4;
  config.ffn_size = 24;
  config.vocab_size = 20;
  config.positions = 12;
  config.heads_make_hidden = type != "llama";
  if (type == "t5") {
    config.norm = NormKind::rms_norm;
    config.norm_eps = 1e-3;
    config.qkv_bias = config.o_bias = config.ffn_bias = config.causal = config.heads_make_hidden = false;
    config.attention_scale = 1;
    config.activation = "relu";
    config.decoder_layers = 2;
    config.distance_classes = 8;
    config.farthest = 10;
    config.scaled_head = true;
    config.pad_token = 0;
  } else if (type.starts_with("clip_")) {
    config.head = HeadKind::projection;
    config.labels = 6;
    config.activation = "quick_gelu";
    config.tied_head = config.patch_bias = false;
    config.text_end = 19;
    if (type == "clip_vision_model") {
      config.vocab_size = config.positions = 0;
      config.image_size = 8;
      config.patch_size = 4;
      config.channels = 3;
      config.causal = false;
      config.embedding_norm = true;
    }
  } else if (type == "mixtral") {
    config = tiny_config("llama");
    config.model_type = type;
    config.experts = 4;
    config.experts_per_token = 2;
  } else if (type == "llama") {
    config.norm = NormKind::rms_norm;
    config.kv_heads = 2;
    config.rotary = config.gated_ffn = true;
    config.qkv_bias = config.o_bias = config.ffn_bias = false;
    config.norm_eps = 1e-6;
    config.activation = "silu";
  } else if (type == "qwen3" || type.starts_with("gemma")) {
    config.norm = NormKind::rms_norm;
    config.kv_heads = 2;
    config.rotary = config.gated_ffn = true;
    config.qkv_bias = config.o_bias = config.ffn_bias = config.heads_make_hidden = false;
    config.norm_eps = 1e-3;  // large, so that one that goes astray shows
    config.activation = "silu";
    config.qk_norm = type != "gemma2";
    if (type != "qwen3") {
      config.scaled_embedding = config.norm_plus_one = config.sandwich_norm = true;
      config.attention_scale = 0.3;
      config.window = 3;
      config.layer_kinds = {{true, true}, {false, true}};
      if (type == "gemma2") {
        config.attention_softcap = 5;
        config.head_softcap = 3;
      } else {
        config.local_rope = Rope();
        config.local_rope->theta = 100;
      }
    }
  } else if (type == "opt") {
    config.fixed_eps = true;
    config.norm_eps = 1e-3;
    config.position_offset = 2;
    config.activation = "relu";
  } else if (type == "gpt_neox") {
    config.rotary = config.parallel = true;
    config.rotary_dim = 2;
    config.tied_head = false;
  } else if (type == "modernbert") {
    config.causal = config.norm_bias = config.transform_bias = false;
    config.qkv_bias = config.o_bias = config.ffn_bias = false;
    config.embedding_norm = config.bare_first = config.rotary = config.gated_ffn = true;
    config.head = HeadKind::masked;
    config.head_bias = true;
    config.window = 6;
    config.layer_kinds = {{false, true}, {true, true}};
    config.local_rope = Rope();
    config.local_rope->theta = 100;
    config.norm_eps = 1e-3;
  } else if (type == "bert" || type == "electra") {
    if (type == "electra") config.embedding_size = 8;
    config.pre_norm = config.causal = config.final_norm = false;
    config.embedding_norm = true;
    config.token_types = 2;
    config.head = HeadKind::masked;
    config.head_bias = true;
    config.norm_eps = 1e-12;
    config.pad_token = 0;
  } else if (type == "vit" || type == "deit" || type == "dinov2") {
    config.vocab_size = config.positions = 0;
    config.image_size = 8;
    config.patch_size = 4;
    config.channels = 3;
    config.labels = 5;
    config.causal = config.tied_head = false;
    config.head = HeadKind::classifier;
    config.head_bias = true;
    config.distillation = config.distillation_head = type == "deit";
    config.norm_eps = 1e-12;
    if (type == "dinov2") {
      config.layer_scale = config.mask_token = config.patch_head = true;
      config.ffn_times = 2;
      config.ffn_size = 32;
      config.norm_eps = 1e-3;
    }
  }
  return config;
}

inline model::Weights shaken(const model::TransformerConfig& config, std::uint64_t seed,
                             c10::ScalarType type = torch::kFloat32) {
  model::Weights weights = initial_weights(config, seed, 0.15);
  auto generator = at::detail::createCPUGenerator(seed + 1);
  for (auto& [name, tensor] : weights.list()) {
    if (tensor.dim() == 1) tensor += 0.2 * torch::randn(tensor.sizes(), generator);
    tensor = tensor.to(type);
  }
  return weights;
}

}  // namespace frugal::test
