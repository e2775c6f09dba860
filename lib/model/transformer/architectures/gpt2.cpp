// GPT-2 (Radford et al. 2019): pre-norm, learned positions, linears stored [in, out] with Q|K|V fused. The
// first files lack the `transformer.` prefix and carry the causal mask as `attn.bias`.
//
// `head_bias: true` in config.json is an extension of ours (an output bias `lm_head.bias`); `transformers`
// passes over it.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "model/transformer/architectures.h"

namespace frugal::model::arch {
namespace {

using Config = TransformerConfig;
constexpr JsonField fields[] = {{"vocab_size", &Config::vocab_size, 50257},
                                {"n_positions", &Config::positions, 1024},
                                {"n_embd", &Config::hidden_size, 768},
                                {"n_layer", &Config::layers, 12},
                                {"n_head", &Config::heads, 12}};
constexpr JsonField inner[] = {{"n_inner", &Config::ffn_size, 0}};

void read(const config::JsonNode& node, const HasTensor& has, Config& config) {
  read_fields(node, fields, config);
  read_fields(node, inner, config);
  if (config.ffn_size == 0) config.ffn_size = 4 * config.hidden_size;
  config.kv_heads = config.heads;
  config.heads_make_hidden = true;
  read_head_dim(node, config);
  config.norm_eps = node.number_or("layer_norm_epsilon", 1e-5);
  config.activation = node.text_or("activation_function", "gelu_new");
  if (!node.flag_or("scale_attn_weights", true) || node.flag_or("scale_attn_by_inverse_layer_idx", false)) {
    node.fail("scales its attention in a way that is not supported",
              "scale_attn_weights must be true, scale_attn_by_inverse_layer_idx false");
  }
  config.tied_head = node.flag_or("tie_word_embeddings", true);
  const bool head = class_ends(node, "LMHeadModel", true) || (has && has("lm_head.weight"));
  config.head = head ? HeadKind::language : HeadKind::none;
  config.head_bias = head && node.flag_or("head_bias", false);
}

void write(const Config& config, nlohmann::ordered_json& json) {
  if (!json.contains("architectures")) {
    json["architectures"] = {config.head == HeadKind::language ? "GPT2LMHeadModel" : "GPT2Model"};
  }
  write_fields(config, fields, json);
  if (json.contains("n_ctx")) json["n_ctx"] = config.positions;
  json["n_inner"] = config.ffn_size;
  json["layer_norm_epsilon"] = config.norm_eps;
  json["activation_function"] = config.activation;
  json["tie_word_embeddings"] = config.tied_head;
  if (config.head_bias) json["head_bias"] = true;
}

std::vector<FileTensor> tensors(const Config& config) {
  TensorTable t(config);
  const std::string base = config.head == HeadKind::none ? "" : "transformer.";
  t.table(base + "wte.weight", Role::token_embedding, Dim::vocab);
  t.table(base + "wpe.weight", Role::position_embedding, Dim::position);
  for (int i = 0; i < config.layers; ++i) {
    const std::string layer = fmt::format("{}h.{}.", base, i);
    t.norm(layer + "ln_1", Role::attention_norm, i);
    t.conv1d(layer + "attn.c_attn", {Role::q, Role::k, Role::v}, i, {Dim::heads, Dim::kv, Dim::kv},
             Dim::hidden);
    t.conv1d(layer + "attn.c_proj", {Role::o}, i, {Dim::hidden}, Dim::heads);
    t.norm(layer + "ln_2", Role::ffn_norm, i);
    t.conv1d(layer + "mlp.c_fc", {Role::ffn_in}, i, {Dim::ffn}, Dim::hidden);
    t.conv1d(layer + "mlp.c_proj", {Role::ffn_out}, i, {Dim::hidden}, Dim::ffn);
  }
  t.norm(base + "ln_f", Role::final_norm, -1);
  if (config.head == HeadKind::language) {
    if (!config.tied_head) t.linear("lm_head", Role::head, -1, Dim::vocab, Dim::hidden, false);
    if (config.head_bias) t.vector("lm_head.bias", Role::head_bias, Dim::vocab, true);
  }
  return t.take();
}

}  // namespace

const Architecture gpt2 = {"gpt2", "GPT-2", "transformer.", read, write, tensors};

}  // namespace frugal::model::arch
