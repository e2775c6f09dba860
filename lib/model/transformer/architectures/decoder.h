// Tables that LLaMA's descendants share: sizes in config.json, tensors of a layer. Each of them is a file
// beside this one, with what is its own.
#pragma once

#include <array>
#include <functional>

#include "model/transformer/description.h"

namespace frugal::model::arch {

using Config = TransformerConfig;

struct DecoderDefaults {
  std::int64_t vocab_size, hidden_size, ffn_size, layers, heads, kv_heads, positions;  // kv_heads 0: as heads
};

constexpr std::array<JsonField, 7> decoder_sizes(const DecoderDefaults& d) {
  return {{{"vocab_size", &Config::vocab_size, d.vocab_size},
           {"hidden_size", &Config::hidden_size, d.hidden_size},
           {"intermediate_size", &Config::ffn_size, d.ffn_size},
           {"num_hidden_layers", &Config::layers, d.layers},
           {"num_attention_heads", &Config::heads, d.heads},
           {"num_key_value_heads", &Config::kv_heads, d.kv_heads},
           {"max_position_embeddings", &Config::positions, d.positions}}};
}
// And the size of a head, where the class has a default for it.
constexpr std::array<JsonField, 8> decoder_sizes(const DecoderDefaults& d, std::int64_t head_dim) {
  const auto s = decoder_sizes(d);
  return {{s[0], s[1], s[2], s[3], s[4], s[5], s[6], {"head_dim", &Config::head_dim, head_dim}}};
}

inline void decoder_structure(Config& config) {
  config.norm = NormKind::rms_norm;
  config.rotary = config.gated_ffn = true;
  config.qkv_bias = config.o_bias = config.ffn_bias = false;
  config.tied_head = false;
}

inline constexpr TensorRow decoder_before[] = {
    {Layout::table, "embed_tokens.weight", Role::token_embedding, Dim::vocab}};

inline constexpr TensorRow decoder_layer[] = {
    {Layout::norm, "layers.{}.input_layernorm", Role::attention_norm},
    {Layout::linear, "layers.{}.self_attn.q_proj", Role::q, Dim::heads, Dim::hidden, &Config::qkv_bias},
    {Layout::linear, "layers.{}.self_attn.k_proj", Role::k, Dim::kv, Dim::hidden, &Config::qkv_bias},
    {Layout::linear, "layers.{}.self_attn.v_proj", Role::v, Dim::kv, Dim::hidden, &Config::qkv_bias},
    {Layout::head_norm, "layers.{}.self_attn.q_norm", Role::q_norm, {}, {}, nullptr, &Config::qk_norm},
    {Layout::head_norm, "layers.{}.self_attn.k_norm", Role::k_norm, {}, {}, nullptr, &Config::qk_norm},
    {Layout::linear, "layers.{}.self_attn.o_proj", Role::o, Dim::hidden, Dim::heads, &Config::o_bias},
    {Layout::norm, "layers.{}.post_attention_layernorm", Role::ffn_norm},
    {Layout::linear, "layers.{}.mlp.gate_proj", Role::ffn_gate, Dim::ffn, Dim::hidden, &Config::ffn_bias},
    {Layout::linear, "layers.{}.mlp.up_proj", Role::ffn_in, Dim::ffn, Dim::hidden, &Config::ffn_bias},
    {Layout::linear, "layers.{}.mlp.down_proj", Role::ffn_out, Dim::hidden, Dim::ffn, &Config::ffn_bias}};

inline constexpr TensorRow decoder_after[] = {{Layout::norm, "norm", Role::final_norm}};
inline constexpr TensorRow decoder_head[] = {
    {Layout::linear, "lm_head", Role::head, Dim::vocab, Dim::hidden}};

// Of the classes that say a kind a layer ("full_attention", "sliding_attention"): layer_types, or what the
// class makes of its other keys where that is absent.
void read_layer_types(const config::JsonNode& node, Config& config,
                      const std::function<bool(std::int64_t layer)>& slides);
void write_layer_types(const Config& config, nlohmann::ordered_json& json);

// Rotary positions on a part of the head: `key`, or rope_parameters' partial_rotary_factor.
void read_partial_rotary(const config::JsonNode& node, const char* key, double otherwise, Config& config);

}  // namespace frugal::model::arch
