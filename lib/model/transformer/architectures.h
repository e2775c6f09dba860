// The transformer architectures that can be read and written: one file each in architectures/, one line each
// in architectures.cpp. An architecture says how its config.json maps to TransformerConfig, and which tensors
// its files have.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "config/json_node.h"
#include "model/transformer/config.h"

namespace frugal::model {

struct Description;

// Given by tables (model/transformer/description.h), or by three functions.
struct Architecture {
  const char* model_type;  // of config.json
  const char* help;
  // Tensor names in files may lack this prefix (files of the bare model) or have it; "" for none.
  const char* base_prefix;
  void (*read)(const config::JsonNode& node, const HasTensor& has, TransformerConfig& config);
  void (*write)(const TransformerConfig& config, nlohmann::ordered_json& json);
  std::vector<FileTensor> (*tensors)(const TransformerConfig& config);
  const Description* described = nullptr;  // then the functions are null
  bool towers = false;                     // there are two in a file: TransformerConfig::tower says which
};

std::span<const Architecture> architectures();
// UserError with the supported ones where there is none of that name.
const Architecture& architecture_named(const std::string& model_type, const std::string& place);

// A key of config.json and the field that it fills. An absent key takes the default of `transformers`.
struct JsonField {
  const char* key;
  std::int64_t TransformerConfig::*field;
  std::int64_t otherwise;
};
void read_fields(const config::JsonNode& node, std::span<const JsonField> fields, TransformerConfig& config);
void write_fields(const TransformerConfig& config, std::span<const JsonField> fields,
                  nlohmann::ordered_json& json);
// Head size from hidden_size / heads, which must divide.
void read_head_dim(const config::JsonNode& node, TransformerConfig& config);
// Whether `architectures` names a class that ends so; `otherwise` where the key is absent.
bool class_ends(const config::JsonNode& node, const std::string& ending, bool otherwise);

// Builds the list of a file's tensors.
class TensorTable {
 public:
  explicit TensorTable(const TransformerConfig& config) : config_(config) {}

  // A linear: NAME.weight [out, in] and, where `bias`, NAME.bias.
  void linear(const std::string& name, Role role, int layer, Dim out, Dim in, bool bias, int expert = -1);
  // The same with an axis of a fixed size (labels, pixels); with `patch_head` in two halves.
  void fixed_out(const std::string& name, Role role, std::int64_t out, bool bias);
  // ViT's patch convolution: [hidden, channels, p, p] in the file, [hidden, channels·p·p] here; with
  // `patch_bias` its bias.
  void patches(const std::string& name);
  // NAME.weight and, for LayerNorm, NAME.bias.
  void norm(const std::string& name, Role role, int layer);
  // A table at NAME (the whole tensor name): [rows, hidden].
  void table(const std::string& name, Role role, Dim rows);
  // Scores by distance at NAME.weight: [distance classes, heads].
  void position_bias(const std::string& name, Role role);
  // One vector over a dimension at NAME.
  void vector(const std::string& name, Role role, Dim dim, bool bias, int layer = -1);
  // NAME.weight over one head (norms on q and k).
  void head_norm(const std::string& name, Role role, int layer);
  // A linear of hidden that holds several, side by side along out, or head by head.
  void joined(const std::string& name, const std::vector<Role>& roles, int layer, const std::vector<Dim>& out,
              bool bias, bool by_head);
  // GPT-2's layout: [in, out], with the parts side by side along out.
  void conv1d(const std::string& name, const std::vector<Role>& roles, int layer, const std::vector<Dim>& out,
              Dim in);
  // The width of tables, and of what is multiplied by them: the hidden size, or one of their own.
  Dim width() const { return config_.embedding_size > 0 ? Dim::embedding : Dim::hidden; }
  FileTensor& last() { return tensors_.back(); }
  std::vector<FileTensor> take() { return std::move(tensors_); }

 private:
  const TransformerConfig& config_;
  std::vector<FileTensor> tensors_;
};

// What RoBERTa shares with BERT: config.json but for its head, and the embeddings and layers.
struct BertDefaults {
  std::int64_t vocab_size, pad_token, hidden_size = 768, heads = 12, ffn_size = 3072;
};
void read_bert(const config::JsonNode& node, const BertDefaults& defaults, TransformerConfig& config);
// classes: the prefix of `architectures` where the source has none: Bert, Roberta, …
void write_bert(const TransformerConfig& config, const std::string& classes, nlohmann::ordered_json& json);
// Classes of images: id2label's number, or num_labels; and written so.
void read_labels(const config::JsonNode& node, TransformerConfig& config);
void write_labels(const TransformerConfig& config, nlohmann::ordered_json& json);
void bert_encoder(TensorTable& table, const TransformerConfig& config, const std::string& base);

namespace arch {
extern const Architecture bert, roberta, xlm_roberta, camembert, distilbert, electra, modernbert, gpt2, opt,
    gpt_neox, t5, llama, mistral, mixtral, qwen2, qwen3, gemma, gemma2, gemma3, phi3, smollm3, vit, deit,
    dinov2, clip, clip_text, clip_image;
}

}  // namespace frugal::model
