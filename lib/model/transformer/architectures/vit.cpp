// ViT (Dosovitskiy et al. 2021) and DeiT (Touvron et al. 2021): pre-norm, patches by a linear, a class token;
// DeiT has a distillation token beside it, and in its "with teacher" form a second classifier whose logits
// are averaged with the first one's.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "model/transformer/architectures.h"

namespace frugal::model::arch {
namespace {

using Config = TransformerConfig;
constexpr JsonField fields[] = {
    {"hidden_size", &Config::hidden_size, 768},  {"num_hidden_layers", &Config::layers, 12},
    {"num_attention_heads", &Config::heads, 12}, {"intermediate_size", &Config::ffn_size, 3072},
    {"image_size", &Config::image_size, 224},    {"patch_size", &Config::patch_size, 16},
    {"num_channels", &Config::channels, 3}};

void read(const config::JsonNode& node, const HasTensor& has, Config& config) {
  read_fields(node, fields, config);
  config.kv_heads = config.heads;
  config.heads_make_hidden = true;
  read_head_dim(node, config);
  config.norm_eps = node.number_or("layer_norm_eps", 1e-12);
  config.activation = node.text_or("hidden_act", "gelu");
  config.causal = false;
  config.vocab_size = config.positions = 0;
  config.qkv_bias = node.flag_or("qkv_bias", true);
  const bool deit = config.model_type == "deit";
  config.distillation = deit;
  config.distillation_head = deit && (has ? has("distillation_classifier.weight")
                                          : class_ends(node, "ForImageClassificationWithTeacher", false));
  const bool head =
      has ? has("classifier.weight") || has("cls_classifier.weight") : !class_ends(node, "Model", false);
  config.head = head ? HeadKind::classifier : HeadKind::none;
  config.head_bias = head;
  config.tied_head = false;
  read_labels(node, config);
  config.pooler = has ? has((deit ? "deit." : "vit.") + std::string("pooler.dense.weight"))
                      : class_ends(node, "Model", false);
  if (config.pooler && node.integer_or("pooler_output_size", config.hidden_size) != config.hidden_size) {
    node.fail_at("pooler_output_size", "is not the hidden size, which is not supported",
                 std::to_string(config.hidden_size));
  }
}

void write(const Config& config, nlohmann::ordered_json& json) {
  const std::string family = config.model_type == "deit" ? "DeiT" : "ViT";
  if (!json.contains("architectures")) {
    const std::string kind = config.head == HeadKind::none ? "Model" : "ForImageClassification";
    json["architectures"] = {family + kind + (config.distillation_head ? "WithTeacher" : "")};
  }
  write_fields(config, fields, json);
  json["layer_norm_eps"] = config.norm_eps;
  json["hidden_act"] = config.activation;
  json["qkv_bias"] = config.qkv_bias;
  if (json.contains("pooler_output_size")) json["pooler_output_size"] = config.hidden_size;
  write_labels(config, json);
}

std::vector<FileTensor> tensors(const Config& config) {
  TensorTable t(config);
  const std::string family = config.model_type == "deit" ? "deit." : "vit.";
  const std::string base = config.head == HeadKind::none ? "" : family;
  const std::int64_t hidden = config.hidden_size;
  t.vector(base + "embeddings.cls_token", Role::class_token, Dim::hidden, false);
  t.last().shape = {1, 1, hidden};
  if (config.distillation) {
    t.vector(base + "embeddings.distillation_token", Role::distillation_token, Dim::hidden, false);
    t.last().shape = {1, 1, hidden};
  }
  t.table(base + "embeddings.position_embeddings", Role::position_embedding, Dim::position);
  t.last().shape = {1, extent(config, Dim::position), hidden};
  t.patches(base + "embeddings.patch_embeddings.projection");
  for (int i = 0; i < config.layers; ++i) {
    const std::string layer = fmt::format("{}encoder.layer.{}.", base, i);
    t.linear(layer + "attention.attention.query", Role::q, i, Dim::heads, Dim::hidden, config.qkv_bias);
    t.linear(layer + "attention.attention.key", Role::k, i, Dim::kv, Dim::hidden, config.qkv_bias);
    t.linear(layer + "attention.attention.value", Role::v, i, Dim::kv, Dim::hidden, config.qkv_bias);
    t.linear(layer + "attention.output.dense", Role::o, i, Dim::hidden, Dim::heads, true);
    t.linear(layer + "intermediate.dense", Role::ffn_in, i, Dim::ffn, Dim::hidden, true);
    t.linear(layer + "output.dense", Role::ffn_out, i, Dim::hidden, Dim::ffn, true);
    t.norm(layer + "layernorm_before", Role::attention_norm, i);
    t.norm(layer + "layernorm_after", Role::ffn_norm, i);
  }
  t.norm(base + "layernorm", Role::final_norm, -1);
  if (config.pooler) t.linear(base + "pooler.dense", Role::pooler, -1, Dim::hidden, Dim::hidden, true);
  if (config.head == HeadKind::classifier) {
    const std::string classifier = config.distillation_head ? "cls_classifier" : "classifier";
    t.fixed_out(classifier, Role::head, config.labels, true);
    if (config.distillation_head) {
      t.fixed_out("distillation_classifier", Role::distillation_head, config.labels, true);
    }
  }
  return t.take();
}

}  // namespace

const Architecture vit = {"vit", "ViT, image classification or bare", "vit.", read, write, tensors};
const Architecture deit = {"deit", "DeiT, with its distillation token", "deit.", read, write, tensors};

}  // namespace frugal::model::arch

namespace frugal::model {

void read_labels(const config::JsonNode& node, TransformerConfig& config) {
  if (const auto labels = node.find("id2label"); labels && labels->json().is_object()) {
    config.labels = static_cast<std::int64_t>(labels->json().size());
  } else {
    config.labels = node.integer_or("num_labels", 2);
  }
}

void write_labels(const TransformerConfig& config, nlohmann::ordered_json& json) {
  if (config.head != HeadKind::classifier || json.contains("id2label")) return;
  for (std::int64_t i = 0; i < config.labels; ++i) {
    json["id2label"][std::to_string(i)] = fmt::format("LABEL_{}", i);
    json["label2id"][fmt::format("LABEL_{}", i)] = i;
  }
}

}  // namespace frugal::model
