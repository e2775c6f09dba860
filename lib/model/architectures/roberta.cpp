// RoBERTa (Liu et al. 2019): BERT's encoder with positions that start after padding's, and other names for
// the masked language model's head.
#include <nlohmann/json.hpp>

#include "model/architectures.h"

namespace frugal::model::arch {
namespace {

using Config = TransformerConfig;
constexpr JsonField fields[] = {
    {"vocab_size", &Config::vocab_size, 50265},     {"hidden_size", &Config::hidden_size, 768},
    {"num_hidden_layers", &Config::layers, 12},     {"num_attention_heads", &Config::heads, 12},
    {"intermediate_size", &Config::ffn_size, 3072}, {"max_position_embeddings", &Config::positions, 512},
    {"type_vocab_size", &Config::token_types, 2}};

void read(const nlohmann::json& json, const std::string& origin, const HasTensor& has, Config& config) {
  read_fields(json, origin, fields, config);
  config.kv_heads = config.heads;
  read_head_dim(json, origin, config);
  config.norm_eps = number_or(json, origin, "layer_norm_eps", 1e-12);
  config.activation = text_or(json, origin, "hidden_act", "gelu");
  config.pad_token = static_cast<std::int64_t>(number_or(json, origin, "pad_token_id", 1));
  config.position_offset = config.pad_token + 1;
  config.pre_norm = config.causal = config.final_norm = false;
  config.embedding_norm = true;
  const bool masked = has ? has("lm_head.dense.weight") : class_ends(json, "ForMaskedLM", false);
  config.head = masked ? HeadKind::masked : HeadKind::none;
  config.head_bias = masked;
  config.tied_head = bool_or(json, origin, "tie_word_embeddings", true);
  config.pooler = has ? has("roberta.pooler.dense.weight") : class_ends(json, "Model", true);
}

void write(const Config& config, nlohmann::ordered_json& json) {
  if (!json.contains("architectures")) {
    json["architectures"] = {config.head == HeadKind::masked ? "RobertaForMaskedLM" : "RobertaModel"};
  }
  write_fields(config, fields, json);
  json["layer_norm_eps"] = config.norm_eps;
  json["hidden_act"] = config.activation;
  json["pad_token_id"] = config.pad_token;
  json["tie_word_embeddings"] = config.tied_head;
}

std::vector<FileTensor> tensors(const Config& config) {
  TensorTable t(config);
  const std::string base = config.head == HeadKind::none ? "" : "roberta.";
  bert_encoder(t, config, base);
  if (config.pooler) t.linear(base + "pooler.dense", Role::pooler, -1, Dim::hidden, Dim::hidden, true);
  if (config.head == HeadKind::masked) {
    if (config.head_bias) t.vector("lm_head.bias", Role::head_bias, Dim::vocab, true);
    t.linear("lm_head.dense", Role::head_transform, -1, Dim::hidden, Dim::hidden, true);
    t.norm("lm_head.layer_norm", Role::head_norm, -1);
    if (!config.tied_head) {  // as BERT's: the bias of the decoder is the one that is read
      t.linear("lm_head.decoder", Role::head, -1, Dim::vocab, Dim::hidden, false);
      if (config.head_bias) t.vector("lm_head.decoder.bias", Role::head_bias, Dim::vocab, true);
    }
  }
  return t.take();
}

}  // namespace

const Architecture roberta = {"roberta", "RoBERTa, masked language model or bare", "roberta.", read, write,
                              tensors};

}  // namespace frugal::model::arch
