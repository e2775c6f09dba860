// LLaMA-type (Touvron et al. 2023): RMSNorm, SwiGLU, rotary positions, grouped queries, no biases by default.
// Rotary frequencies are kept as config.json has them (`rope_theta` or `rope_parameters`).
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "model/transformer/architectures.h"

namespace frugal::model::arch {
namespace {

using Config = TransformerConfig;
constexpr JsonField fields[] = {
    {"vocab_size", &Config::vocab_size, 32000},      {"hidden_size", &Config::hidden_size, 4096},
    {"intermediate_size", &Config::ffn_size, 11008}, {"num_hidden_layers", &Config::layers, 32},
    {"num_attention_heads", &Config::heads, 32},     {"max_position_embeddings", &Config::positions, 2048}};

void read(const config::JsonNode& node, const HasTensor& has, Config& config) {
  read_fields(node, fields, config);
  const JsonField kv[] = {{"num_key_value_heads", &Config::kv_heads, config.heads}};
  read_fields(node, kv, config);
  if (node.has("head_dim")) {
    const JsonField dim[] = {{"head_dim", &Config::head_dim, 0}};
    read_fields(node, dim, config);
  } else {
    read_head_dim(node, config);
  }
  config.norm_eps = node.number_or("rms_norm_eps", 1e-6);
  config.activation = node.text_or("hidden_act", "silu");
  config.rope_theta = node.number_or("rope_theta", 10000);
  if (const auto rope = node.find("rope_parameters"); rope && rope->json().is_object()) {
    config.rope_theta = rope->number_or("rope_theta", config.rope_theta);
  }
  config.norm = NormKind::rms_norm;
  config.rotary = config.gated_ffn = true;
  config.qkv_bias = config.o_bias = node.flag_or("attention_bias", false);
  config.ffn_bias = node.flag_or("mlp_bias", false);
  config.tied_head = node.flag_or("tie_word_embeddings", false);
  const bool head = class_ends(node, "ForCausalLM", true) || (has && has("lm_head.weight"));
  config.head = head ? HeadKind::language : HeadKind::none;
}

void write(const Config& config, nlohmann::ordered_json& json) {
  if (!json.contains("architectures")) {
    json["architectures"] = {config.head == HeadKind::language ? "LlamaForCausalLM" : "LlamaModel"};
  }
  write_fields(config, fields, json);
  json["num_key_value_heads"] = config.kv_heads;
  json["head_dim"] = config.head_dim;
  json["rms_norm_eps"] = config.norm_eps;
  json["hidden_act"] = config.activation;
  if (!json.contains("rope_parameters")) json["rope_theta"] = config.rope_theta;
  json["attention_bias"] = config.qkv_bias;
  json["mlp_bias"] = config.ffn_bias;
  json["tie_word_embeddings"] = config.tied_head;
}

std::vector<FileTensor> tensors(const Config& config) {
  TensorTable t(config);
  const std::string base = config.head == HeadKind::none ? "" : "model.";
  t.table(base + "embed_tokens.weight", Role::token_embedding, Dim::vocab);
  for (int i = 0; i < config.layers; ++i) {
    const std::string layer = fmt::format("{}layers.{}.", base, i);
    t.norm(layer + "input_layernorm", Role::attention_norm, i);
    t.linear(layer + "self_attn.q_proj", Role::q, i, Dim::heads, Dim::hidden, config.qkv_bias);
    t.linear(layer + "self_attn.k_proj", Role::k, i, Dim::kv, Dim::hidden, config.qkv_bias);
    t.linear(layer + "self_attn.v_proj", Role::v, i, Dim::kv, Dim::hidden, config.qkv_bias);
    t.linear(layer + "self_attn.o_proj", Role::o, i, Dim::hidden, Dim::heads, config.o_bias);
    t.norm(layer + "post_attention_layernorm", Role::ffn_norm, i);
    t.linear(layer + "mlp.gate_proj", Role::ffn_gate, i, Dim::ffn, Dim::hidden, config.ffn_bias);
    t.linear(layer + "mlp.up_proj", Role::ffn_in, i, Dim::ffn, Dim::hidden, config.ffn_bias);
    t.linear(layer + "mlp.down_proj", Role::ffn_out, i, Dim::hidden, Dim::ffn, config.ffn_bias);
  }
  t.norm(base + "norm", Role::final_norm, -1);
  if (config.head == HeadKind::language && !config.tied_head) {
    t.linear("lm_head", Role::head, -1, Dim::vocab, Dim::hidden, false);
  }
  return t.take();
}

}  // namespace

const Architecture llama = {"llama", "LLaMA-type", "model.", read, write, tensors};

}  // namespace frugal::model::arch
