// RoBERTa (Liu et al. 2019): BERT's encoder with positions that start after padding's, and other names for
// the masked language model's head. XLM-R (Conneau et al. 2020) and CamemBERT (Martin et al. 2020) have the
// same files.
#include <nlohmann/json.hpp>

#include "model/transformer/architectures.h"

namespace frugal::model::arch {
namespace {

void read(const config::JsonNode& node, const HasTensor& has, TransformerConfig& config) {
  read_bert(node, {50265, 1}, config);
  config.position_offset = config.pad_token + 1;
  const bool masked = has ? has("lm_head.dense.weight") : class_ends(node, "ForMaskedLM", false);
  config.head = masked ? HeadKind::masked : HeadKind::none;
  config.head_bias = masked;
  config.pooler = has ? has("roberta.pooler.dense.weight") : class_ends(node, "Model", true);
}

void write(const TransformerConfig& config, nlohmann::ordered_json& json) {
  const std::string& type = config.model_type;
  write_bert(config,
             type == "xlm-roberta" ? "XLMRoberta"
             : type == "camembert" ? "Camembert"
                                   : "Roberta",
             json);
}

std::vector<FileTensor> tensors(const TransformerConfig& config) {
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

void read_30522(const config::JsonNode& node, const HasTensor& has, TransformerConfig& config) {
  read(node, has, config);
  if (!node.has("vocab_size")) config.vocab_size = 30522;
}

}  // namespace

const Architecture roberta = {"roberta", "RoBERTa, masked language model or bare", "roberta.", read, write,
                              tensors};
const Architecture xlm_roberta = {
    "xlm-roberta", "XLM-R, masked language model or bare", "roberta.", read_30522, write, tensors};
const Architecture camembert = {
    "camembert", "CamemBERT, masked language model or bare", "roberta.", read_30522, write, tensors};

}  // namespace frugal::model::arch
