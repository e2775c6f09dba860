// BERT (Devlin et al. 2019): post-norm, segments, learned positions; masked language model or bare.
// Old files have gamma/beta for weight/bias of norms and an int64 position_ids;
// model/transformer/hf_model.cpp reads them.
#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>

#include "model/transformer/architectures.h"

namespace frugal::model::arch {
namespace {

void read(const config::JsonNode& node, const HasTensor& has, TransformerConfig& config) {
  read_bert(node, {30522, 0}, config);
  const bool masked = has ? has("cls.predictions.transform.dense.weight")
                          : class_ends(node, "ForMaskedLM", false) ||
                                class_ends(node, "ForPreTraining", false) ||
                                class_ends(node, "LMHeadModel", false);
  config.head = masked ? HeadKind::masked : HeadKind::none;
  config.head_bias = masked;
  config.pooler = has ? has("bert.pooler.dense.weight") : class_ends(node, "Model", true);
}

void write(const TransformerConfig& config, nlohmann::ordered_json& json) {
  write_bert(config, "Bert", json);
}

std::vector<FileTensor> tensors(const TransformerConfig& config) {
  TensorTable t(config);
  const std::string base = config.head == HeadKind::none ? "" : "bert.";
  bert_encoder(t, config, base);
  if (config.pooler) t.linear(base + "pooler.dense", Role::pooler, -1, Dim::hidden, Dim::hidden, true);
  if (config.head == HeadKind::masked) {
    if (config.head_bias) t.vector("cls.predictions.bias", Role::head_bias, Dim::vocab, true);
    t.linear("cls.predictions.transform.dense", Role::head_transform, -1, Dim::hidden, Dim::hidden, true);
    t.norm("cls.predictions.transform.LayerNorm", Role::head_norm, -1);
    if (!config.tied_head) {
      // An untied decoder reads a bias of its own; the first one is then dead, but transformers asks for it.
      t.linear("cls.predictions.decoder", Role::head, -1, Dim::vocab, Dim::hidden, false);
      if (config.head_bias) t.vector("cls.predictions.decoder.bias", Role::head_bias, Dim::vocab, true);
    }
  }
  return t.take();
}

}  // namespace

const Architecture bert = {"bert", "BERT, masked language model or bare", "bert.", read, write, tensors};

}  // namespace frugal::model::arch

namespace frugal::model {
namespace {

std::array<JsonField, 7> bert_fields(const BertDefaults& defaults) {
  using Config = TransformerConfig;
  return {{{"vocab_size", &Config::vocab_size, defaults.vocab_size},
           {"hidden_size", &Config::hidden_size, defaults.hidden_size},
           {"num_hidden_layers", &Config::layers, 12},
           {"num_attention_heads", &Config::heads, defaults.heads},
           {"intermediate_size", &Config::ffn_size, defaults.ffn_size},
           {"max_position_embeddings", &Config::positions, 512},
           {"type_vocab_size", &Config::token_types, 2}}};
}

}  // namespace

void read_bert(const config::JsonNode& node, const BertDefaults& defaults, TransformerConfig& config) {
  read_fields(node, bert_fields(defaults), config);
  config.kv_heads = config.heads;
  read_head_dim(node, config);
  config.norm_eps = node.number_or("layer_norm_eps", 1e-12);
  config.activation = node.text_or("hidden_act", "gelu");
  config.pad_token = node.integer_or("pad_token_id", defaults.pad_token);
  config.pre_norm = config.final_norm = false;
  config.causal = node.flag_or("is_decoder", false);
  config.embedding_norm = config.heads_make_hidden = true;
  config.tied_head = node.flag_or("tie_word_embeddings", true);
}

void write_bert(const TransformerConfig& config, const std::string& classes, nlohmann::ordered_json& json) {
  if (!json.contains("architectures")) {
    json["architectures"] = {classes + (config.head == HeadKind::masked ? "ForMaskedLM" : "Model")};
  }
  write_fields(config, bert_fields({0, 0}), json);
  json["layer_norm_eps"] = config.norm_eps;
  json["hidden_act"] = config.activation;
  json["pad_token_id"] = config.pad_token;
  json["tie_word_embeddings"] = config.tied_head;
}

void bert_encoder(TensorTable& t, const TransformerConfig& config, const std::string& base) {
  t.table(base + "embeddings.word_embeddings.weight", Role::token_embedding, Dim::vocab);
  t.table(base + "embeddings.position_embeddings.weight", Role::position_embedding, Dim::position);
  if (config.token_types > 0) {
    t.table(base + "embeddings.token_type_embeddings.weight", Role::type_embedding, Dim::token_type);
  }
  t.norm(base + "embeddings.LayerNorm", Role::embedding_norm, -1);
  for (int i = 0; i < config.layers; ++i) {
    const std::string layer = fmt::format("{}encoder.layer.{}.", base, i);
    t.linear(layer + "attention.self.query", Role::q, i, Dim::heads, Dim::hidden, true);
    t.linear(layer + "attention.self.key", Role::k, i, Dim::kv, Dim::hidden, true);
    t.linear(layer + "attention.self.value", Role::v, i, Dim::kv, Dim::hidden, true);
    t.linear(layer + "attention.output.dense", Role::o, i, Dim::hidden, Dim::heads, true);
    t.norm(layer + "attention.output.LayerNorm", Role::attention_norm, i);
    t.linear(layer + "intermediate.dense", Role::ffn_in, i, Dim::ffn, Dim::hidden, true);
    t.linear(layer + "output.dense", Role::ffn_out, i, Dim::hidden, Dim::ffn, true);
    t.norm(layer + "output.LayerNorm", Role::ffn_norm, i);
  }
}

}  // namespace frugal::model
