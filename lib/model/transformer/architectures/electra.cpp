// ELECTRA (Clark et al. 2020): BERT's layers. Where embedding_size is not hidden_size the tables have a width
// of their own, which a linear leads to the hidden one, and which growth leaves alone. The discriminator says
// of each token whether it was replaced; the generator is a masked language model.
#include <nlohmann/json.hpp>

#include "model/transformer/architectures.h"

namespace frugal::model::arch {
namespace {

void read(const config::JsonNode& node, const HasTensor& has, TransformerConfig& config) {
  read_bert(node, {30522, 0, 256, 4, 1024}, config);
  const config::Range size = config::between(1, 4294967296.0);
  config.embedding_size = node.integer_or("embedding_size", 128, size);
  if (config.embedding_size == config.hidden_size) config.embedding_size = 0;
  config.head_activation = "gelu";
  const bool detector =
      has ? has("discriminator_predictions.dense.weight") : class_ends(node, "ForPreTraining", false);
  const bool masked =
      has ? has("generator_predictions.dense.weight") : class_ends(node, "ForMaskedLM", false);
  config.head = detector ? HeadKind::detector : masked ? HeadKind::masked : HeadKind::none;
  config.head_bias = detector || masked;
  if (detector) config.head_activation.clear();
}

void write(const TransformerConfig& config, nlohmann::ordered_json& json) {
  if (config.head == HeadKind::detector && !json.contains("architectures"))
    json["architectures"] = {"ElectraForPreTraining"};
  write_bert(config, "Electra", json);
  json["embedding_size"] = config.embedding_size > 0 ? config.embedding_size : config.hidden_size;
}

std::vector<FileTensor> tensors(const TransformerConfig& config) {
  TensorTable t(config);
  const std::string base = config.head == HeadKind::none ? "" : "electra.";
  bert_encoder(t, config, base);
  if (config.embedding_size > 0)
    t.linear(base + "embeddings_project", Role::embedding_project, -1, Dim::hidden, Dim::embedding, true);
  if (config.head == HeadKind::detector) {
    const std::string head = "discriminator_predictions.";
    t.linear(head + "dense", Role::head_transform, -1, Dim::hidden, Dim::hidden, true);
    t.fixed_out(head + "dense_prediction", Role::head, 1, true);
  } else if (config.head == HeadKind::masked) {
    t.norm("generator_predictions.LayerNorm", Role::head_norm, -1);
    t.linear("generator_predictions.dense", Role::head_transform, -1, t.width(), Dim::hidden, true);
    if (!config.tied_head) t.linear("generator_lm_head", Role::head, -1, Dim::vocab, t.width(), false);
    t.vector("generator_lm_head.bias", Role::head_bias, Dim::vocab, true);
  }
  return t.take();
}

}  // namespace

const Architecture electra = {"electra", "ELECTRA, discriminator, generator or bare", "electra.", read, write,
                              tensors};

}  // namespace frugal::model::arch
