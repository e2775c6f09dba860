#include "model/transformer/description.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace frugal::model {
namespace {

void add(TensorTable& list, const TensorRow& row, const std::string& base, int layer,
         const TransformerConfig& config, int expert = -1) {
  if (row.when != nullptr && !(config.*row.when)) return;
  if (row.role == Role::attention_norm && layer == 0 && config.bare_first) return;
  if (row.layout == Layout::expert && expert < 0) {
    for (int i = 0; i < config.experts; ++i) add(list, row, base, layer, config, i);
    return;
  }
  const std::string name = base + fmt::format(fmt::runtime(row.name), layer, expert);
  const bool bias = row.bias != nullptr && config.*row.bias;
  switch (row.layout) {
    case Layout::linear:
    case Layout::expert:
      list.linear(name, row.role, layer, row.rows, row.columns, bias, expert);
      break;
    case Layout::norm:
      list.norm(name, row.role, layer);
      break;
    case Layout::head_norm:
      list.head_norm(name, row.role, layer);
      break;
    case Layout::table:
      list.table(name, row.role, row.rows);
      break;
    case Layout::vector:
      list.vector(name, row.role, row.rows, true);
      break;
    case Layout::qkv:
    case Layout::qkv_by_head:
      list.joined(name, {Role::q, Role::k, Role::v}, layer, {Dim::heads, Dim::kv, Dim::kv}, bias,
                  row.layout == Layout::qkv_by_head);
      break;
    case Layout::gate_in:
      list.joined(name, {Role::ffn_gate, Role::ffn_in}, layer, {Dim::ffn, Dim::ffn}, bias, false);
      break;
  }
}

bool gives_head_dim(const Description& description) {
  for (const JsonField& one : description.sizes) {
    if (one.field == &TransformerConfig::head_dim) return true;
  }
  return false;
}

}  // namespace

void read_described(const Description& description, const config::JsonNode& node, const HasTensor& has,
                    TransformerConfig& config) {
  description.structure(config);
  config.kv_heads = config.head_dim = 0;
  read_fields(node, description.sizes, config);
  if (config.kv_heads == 0) config.kv_heads = config.heads;
  if (config.head_dim == 0)
    config.head_dim = node.integer_or("head_dim", 0, config::between(0, 4294967296.0));
  if (config.head_dim == 0) read_head_dim(node, config);
  for (const NumberField& one : description.numbers)
    config.*one.field = node.number_or(one.key, one.otherwise);
  for (const FlagField& one : description.flags) config.*one.field = node.flag_or(one.key, one.otherwise);
  config.activation = node.text_or(description.activation_key, description.activation);
  const bool named = class_ends(node, description.head_ending, true);
  const bool head = has && description.head_kind == HeadKind::masked
                        ? has(description.head_tensor)
                        : named || (has && has(description.head_tensor));
  config.head = head ? description.head_kind : HeadKind::none;
  if (description.more != nullptr) description.more(node, config);
}

void write_described(const Description& description, const TransformerConfig& config,
                     nlohmann::ordered_json& json) {
  if (!json.contains("architectures")) {
    const bool head = config.head != HeadKind::none;
    json["architectures"] = {std::string(description.family) + (head ? description.head_ending : "Model")};
  }
  write_fields(config, description.sizes, json);
  const bool unusual = config.heads * config.head_dim != config.hidden_size;
  if (!gives_head_dim(description) && (unusual || json.contains("head_dim")))
    json["head_dim"] = config.head_dim;
  for (const NumberField& one : description.numbers) json[one.key] = config.*one.field;
  for (const FlagField& one : description.flags) json[one.key] = config.*one.field;
  json[description.activation_key] = config.activation;
  if (description.more_json != nullptr) description.more_json(config, json);
}

std::vector<FileTensor> described_tensors(const Description& description, const char* base_prefix,
                                          const TransformerConfig& config) {
  TensorTable list(config);
  const std::string base = config.head == HeadKind::none ? "" : base_prefix;
  for (const TensorRow& row : description.before) add(list, row, base, -1, config);
  for (int i = 0; i < config.layers; ++i) {
    for (const TensorRow& row : description.layer) add(list, row, base, i, config);
  }
  for (const TensorRow& row : description.after) add(list, row, base, -1, config);
  if (config.head == HeadKind::none) return list.take();
  for (const TensorRow& row : description.head) {
    if (row.role == Role::head && config.tied_head) continue;
    add(list, row, "", -1, config);
  }
  return list.take();
}

}  // namespace frugal::model
