// An architecture as data: which keys of config.json fill which fields, which switches it always has, and its
// tensors by name, role and axes. A new one is one file of such tables in architectures/ (docs/adding.md);
// what tables cannot say stands in two functions, `more` and `more_json`, which may be null.
#pragma once

#include <span>

#include "model/transformer/architectures.h"

namespace frugal::model {

// A key of config.json and its field, with the default of `transformers` where the key is absent.
struct NumberField {
  const char* key;
  double TransformerConfig::*field;
  double otherwise;
};
struct FlagField {
  const char* key;
  bool TransformerConfig::*field;
  bool otherwise;
};

enum class Layout {
  linear,       // NAME.weight [rows, columns], NAME.bias where its switch is on
  expert,       // the same of every expert of a mixture: the second {} of its name
  norm,         // NAME.weight, and NAME.bias where the architecture's norms have one; over the hidden state
  head_norm,    // NAME.weight over one head (norms on q and k)
  table,        // NAME [rows, hidden]
  vector,       // NAME over `rows`: a bias that stands alone
  qkv,          // q, k, v side by side in one linear
  qkv_by_head,  // q, k, v of head 0, then of head 1, … (GPT-NeoX)
  gate_in       // gate and in side by side in one linear
};

struct TensorRow {
  Layout layout;
  const char* name;        // "layers.{}.self_attn.q_proj"; {} is the layer
  Role role = Role::head;  // of one part; those of several say it by their layout
  Dim rows = Dim::none, columns = Dim::none;
  bool TransformerConfig::*bias = nullptr;  // its switch; null: none
  bool TransformerConfig::*when = nullptr;  // the row is there where this is on; null: always
};

struct Description {
  const char* family;          // of the classes in `architectures`: "Qwen2", "Gemma2"
  const char* head_ending;     // of the class with a head: "ForCausalLM"; others are bare
  const char* head_tensor;     // in the file of a model with an untied head, or a masked one's
  const char* activation_key;  // and its default
  const char* activation;
  std::span<const JsonField> sizes;
  std::span<const NumberField> numbers;
  std::span<const FlagField> flags;
  void (*structure)(TransformerConfig& config);  // what every model of it has
  void (*more)(const config::JsonNode& node, TransformerConfig& config);
  void (*more_json)(const TransformerConfig& config, nlohmann::ordered_json& json);
  // In a model with a head all but `head` stand under the base prefix.
  std::span<const TensorRow> before, layer, after, head;
  HeadKind head_kind = HeadKind::language;
};

void read_described(const Description& description, const config::JsonNode& node, const HasTensor& has,
                    TransformerConfig& config);
void write_described(const Description& description, const TransformerConfig& config,
                     nlohmann::ordered_json& json);
std::vector<FileTensor> described_tensors(const Description& description, const char* base_prefix,
                                          const TransformerConfig& config);

}  // namespace frugal::model
