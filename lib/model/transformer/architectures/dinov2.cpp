// DINOv2 (Oquab et al. 2023): ViT with a learned scale on what each part of a layer adds (layer scale),
// SwiGLU in the largest, and a token that stood for hidden patches in training. The classifier reads the
// class token and the mean of the patches. The FFN's size is a multiple of the hidden size, which files do
// not say by itself.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "model/transformer/architectures.h"

namespace frugal::model::arch {
namespace {

using Config = TransformerConfig;
constexpr JsonField fields[] = {
    {"hidden_size", &Config::hidden_size, 768},  {"num_hidden_layers", &Config::layers, 12},
    {"num_attention_heads", &Config::heads, 12}, {"mlp_ratio", &Config::ffn_times, 4},
    {"image_size", &Config::image_size, 224},    {"patch_size", &Config::patch_size, 14},
    {"num_channels", &Config::channels, 3}};

void read(const config::JsonNode& node, const HasTensor& has, Config& config) {
  read_fields(node, fields, config);
  config.kv_heads = config.heads;
  read_head_dim(node, config);
  config.norm_eps = node.number_or("layer_norm_eps", 1e-6);
  config.gated_ffn = node.flag_or("use_swiglu_ffn", false);
  config.activation = node.text_or("hidden_act", "gelu");
  if (config.gated_ffn) config.activation = "silu";
  if (config.ffn_times < 1 || config.ffn_times > 1000)
    node.fail_at("mlp_ratio", fmt::format("must be from 1 to 1000, got {}", config.ffn_times));
  config.ffn_size = config.ffn_of(config.hidden_size);
  config.causal = false;
  config.vocab_size = config.positions = 0;
  config.qkv_bias = node.flag_or("qkv_bias", true);
  config.mask_token = node.flag_or("use_mask_token", true);
  config.heads_make_hidden = config.layer_scale = true;
  const bool head = has ? has("classifier.weight") : !class_ends(node, "Model", false);
  config.head = head ? HeadKind::classifier : HeadKind::none;
  config.head_bias = config.patch_head = head;
  config.tied_head = false;
  read_labels(node, config);
}

void write(const Config& config, nlohmann::ordered_json& json) {
  if (!json.contains("architectures"))
    json["architectures"] = {config.head == HeadKind::none ? "Dinov2Model" : "Dinov2ForImageClassification"};
  // As a backbone it gives what its last stage made, where it did so before.
  if (json.contains("out_indices") &&
      json["out_indices"] == nlohmann::json::array({json["num_hidden_layers"]})) {
    json["out_indices"] = {config.layers};
    json["out_features"] = {fmt::format("stage{}", config.layers)};
  }
  json.erase("stage_names");
  write_fields(config, fields, json);
  json["layer_norm_eps"] = config.norm_eps;
  if (!config.gated_ffn) json["hidden_act"] = config.activation;
  json["qkv_bias"] = config.qkv_bias;
  json["use_mask_token"] = config.mask_token;
  json["use_swiglu_ffn"] = config.gated_ffn;
  write_labels(config, json);
}

std::vector<FileTensor> tensors(const Config& config) {
  TensorTable t(config);
  const std::string base = config.head == HeadKind::none ? "" : "dinov2.";
  const std::int64_t hidden = config.hidden_size;
  t.vector(base + "embeddings.cls_token", Role::class_token, Dim::hidden, false);
  t.last().shape = {1, 1, hidden};
  if (config.mask_token) {
    t.vector(base + "embeddings.mask_token", Role::mask_token, Dim::hidden, false);
    t.last().shape = {1, hidden};
  }
  t.table(base + "embeddings.position_embeddings", Role::position_embedding, Dim::position);
  t.last().shape = {1, extent(config, Dim::position), hidden};
  t.patches(base + "embeddings.patch_embeddings.projection");
  for (int i = 0; i < config.layers; ++i) {
    const std::string layer = fmt::format("{}encoder.layer.{}.", base, i);
    t.norm(layer + "norm1", Role::attention_norm, i);
    t.linear(layer + "attention.attention.query", Role::q, i, Dim::heads, Dim::hidden, config.qkv_bias);
    t.linear(layer + "attention.attention.key", Role::k, i, Dim::kv, Dim::hidden, config.qkv_bias);
    t.linear(layer + "attention.attention.value", Role::v, i, Dim::kv, Dim::hidden, config.qkv_bias);
    t.linear(layer + "attention.output.dense", Role::o, i, Dim::hidden, Dim::heads, true);
    t.vector(layer + "layer_scale1.lambda1", Role::attention_scale, Dim::hidden, false, i);
    t.norm(layer + "norm2", Role::ffn_norm, i);
    if (config.gated_ffn) {
      t.joined(layer + "mlp.weights_in", {Role::ffn_gate, Role::ffn_in}, i, {Dim::ffn, Dim::ffn}, true,
               false);
    } else {
      t.linear(layer + "mlp.fc1", Role::ffn_in, i, Dim::ffn, Dim::hidden, true);
    }
    t.linear(layer + (config.gated_ffn ? "mlp.weights_out" : "mlp.fc2"), Role::ffn_out, i, Dim::hidden,
             Dim::ffn, true);
    t.vector(layer + "layer_scale2.lambda1", Role::ffn_scale, Dim::hidden, false, i);
  }
  t.norm(base + "layernorm", Role::final_norm, -1);
  if (config.head == HeadKind::classifier) t.fixed_out("classifier", Role::head, config.labels, true);
  return t.take();
}

}  // namespace

const Architecture dinov2 = {"dinov2", "DINOv2, bare or image classification", "dinov2.", read, write,
                             tensors};

}  // namespace frugal::model::arch
