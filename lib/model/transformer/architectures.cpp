#include "model/transformer/architectures.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace frugal::model {
namespace {

using base::UserError;

const Architecture table[] = {
    arch::bert,       arch::roberta,   arch::xlm_roberta, arch::camembert, arch::distilbert, arch::electra,
    arch::modernbert, arch::gpt2,      arch::opt,         arch::gpt_neox,  arch::t5,         arch::llama,
    arch::mistral,    arch::mixtral,   arch::qwen2,       arch::qwen3,     arch::gemma,      arch::gemma2,
    arch::gemma3,     arch::phi3,      arch::smollm3,     arch::vit,       arch::deit,       arch::dinov2,
    arch::clip,       arch::clip_text, arch::clip_image};

std::string canonical(Role role, int layer, bool bias, int expert = -1) {
  if (role == Role::head_bias) return "head.bias";
  std::string where = layer < 0 ? "" : fmt::format("layers.{}.", layer);
  if (expert >= 0) where += fmt::format("experts.{}.", expert);
  return fmt::format("{}{}.{}", where, name_of(role), bias ? "bias" : "weight");
}

}  // namespace

std::span<const Architecture> architectures() { return table; }

const Architecture& architecture_named(const std::string& model_type, const std::string& place) {
  std::vector<std::string> names;
  for (const Architecture& one : table) {
    if (model_type == one.model_type) return one;
    names.emplace_back(one.model_type);
  }
  throw UserError(place, fmt::format("the architecture '{}' is not supported", model_type),
                  fmt::format("supported: {}", fmt::join(names, ", ")));
}

void read_fields(const config::JsonNode& node, std::span<const JsonField> fields, TransformerConfig& config) {
  const config::Range size = config::between(0, 4294967296.0);  // of anything in a model: 2^32
  for (const JsonField& one : fields) config.*one.field = node.integer_or(one.key, one.otherwise, size);
}

void write_fields(const TransformerConfig& config, std::span<const JsonField> fields,
                  nlohmann::ordered_json& json) {
  for (const JsonField& one : fields) json[one.key] = config.*one.field;
}

void read_head_dim(const config::JsonNode& node, TransformerConfig& config) {
  if (config.heads < 1 || config.hidden_size % config.heads != 0) {
    node.fail_at(node.has("n_embd") ? "n_head" : "num_attention_heads",
                 fmt::format("{} heads do not divide a hidden size of {}", config.heads, config.hidden_size));
  }
  config.head_dim = config.hidden_size / config.heads;
}

bool class_ends(const config::JsonNode& node, const std::string& ending, bool otherwise) {
  const auto names = node.find("architectures");
  if (!names || !names->json().is_array() || names->size() == 0 || !(*names)[0].json().is_string()) {
    return otherwise;
  }
  return (*names)[0].text().ends_with(ending);
}

void TensorTable::linear(const std::string& name, Role role, int layer, Dim out, Dim in, bool bias,
                         int expert) {
  const std::int64_t rows = extent(config_, out), columns = extent(config_, in);
  WeightSpec weight{
      canonical(role, layer, false, expert), role, layer, out, in, {rows, columns}, false, false, expert};
  tensors_.push_back({name + ".weight", {weight}, weight.shape, false});
  if (bias) {
    WeightSpec one{
        canonical(role, layer, true, expert), role, layer, out, Dim::none, {rows}, true, false, expert};
    tensors_.push_back({name + ".bias", {one}, one.shape, false});
  }
}

void TensorTable::fixed_out(const std::string& name, Role role, std::int64_t out, bool bias) {
  WeightSpec weight{canonical(role, -1, false), role,  -1,   Dim::fixed, Dim::hidden,
                    {out, config_.hidden_size}, false, false};
  tensors_.push_back({name + ".weight", {weight}, weight.shape, false});
  if (config_.patch_head) {
    weight.role = Role::patch_head;
    weight.name = canonical(weight.role, -1, false);
    last().parts.push_back(weight);
    last().shape[1] *= 2;
    last().by_input = true;
  }
  if (bias) {
    const Role bias_role = role == Role::head ? Role::head_bias : role;
    WeightSpec one{canonical(bias_role, -1, true), bias_role, -1, Dim::fixed, Dim::none, {out}, true, false};
    tensors_.push_back({name + ".bias", {one}, one.shape, false});
  }
}

void TensorTable::patches(const std::string& name) {
  const std::int64_t c = config_.channels, p = config_.patch_size, hidden = config_.hidden_size;
  WeightSpec weight{"patch.weight", Role::patch,         -1,    Dim::hidden,
                    Dim::fixed,     {hidden, c * p * p}, false, false};
  WeightSpec bias{"patch.bias", Role::patch, -1, Dim::hidden, Dim::none, {hidden}, true, false};
  tensors_.push_back({name + ".weight", {weight}, {hidden, c, p, p}, false});
  if (config_.patch_bias) tensors_.push_back({name + ".bias", {bias}, bias.shape, false});
}

void TensorTable::norm(const std::string& name, Role role, int layer) {
  for (const bool bias : {false, true}) {
    if (bias && (config_.norm == NormKind::rms_norm || !config_.norm_bias)) continue;
    const Dim over = role == Role::embedding_norm || role == Role::head_norm ? width() : Dim::hidden;
    WeightSpec one{canonical(role, layer, bias), role, layer, over, Dim::none,
                   {extent(config_, over)},      bias, false};
    tensors_.push_back({name + (bias ? ".bias" : ".weight"), {one}, one.shape, false});
    if (!bias && config_.norm_plus_one) tensors_.back().offset = 1;
  }
}

void TensorTable::head_norm(const std::string& name, Role role, int layer) {
  WeightSpec one{
      canonical(role, layer, false), role, layer, Dim::fixed, Dim::none, {config_.head_dim}, false, false};
  tensors_.push_back({name + ".weight", {one}, one.shape, false});
  if (config_.norm_plus_one) tensors_.back().offset = 1;
}

void TensorTable::joined(const std::string& name, const std::vector<Role>& roles, int layer,
                         const std::vector<Dim>& out, bool has_bias, bool by_head) {
  FileTensor weight{name + ".weight", {}, {}, false}, bias{name + ".bias", {}, {}, false};
  std::int64_t total = 0;
  for (std::size_t i = 0; i < roles.size(); ++i) {
    const std::int64_t rows = extent(config_, out[i]);
    total += rows;
    weight.parts.push_back({canonical(roles[i], layer, false),
                            roles[i],
                            layer,
                            out[i],
                            Dim::hidden,
                            {rows, config_.hidden_size},
                            false,
                            false});
    bias.parts.push_back(
        {canonical(roles[i], layer, true), roles[i], layer, out[i], Dim::none, {rows}, true, false});
  }
  weight.shape = {total, config_.hidden_size};
  bias.shape = {total};
  weight.by_head = bias.by_head = by_head ? config_.head_dim : 0;
  tensors_.push_back(std::move(weight));
  if (has_bias) tensors_.push_back(std::move(bias));
}

void TensorTable::table(const std::string& name, Role role, Dim rows) {
  WeightSpec one{canonical(role, -1, false),
                 role,
                 -1,
                 rows,
                 width(),
                 {extent(config_, rows), extent(config_, width())},
                 false,
                 true};
  tensors_.push_back({name, {one}, one.shape, false});
}

void TensorTable::position_bias(const std::string& name, Role role) {
  WeightSpec one{canonical(role, -1, false),
                 role,
                 -1,
                 Dim::fixed,
                 Dim::head_count,
                 {config_.distance_classes, config_.heads},
                 false,
                 true};
  tensors_.push_back({name + ".weight", {one}, one.shape, false});
}

void TensorTable::vector(const std::string& name, Role role, Dim dim, bool bias, int layer) {
  WeightSpec one{canonical(role, layer, bias), role, layer, dim, Dim::none,
                 {extent(config_, dim)},       bias, false};
  tensors_.push_back({name, {one}, one.shape, false});
}

void TensorTable::conv1d(const std::string& name, const std::vector<Role>& roles, int layer,
                         const std::vector<Dim>& out, Dim in) {
  FileTensor weight{name + ".weight", {}, {}, true}, bias{name + ".bias", {}, {}, false};
  const std::int64_t columns = extent(config_, in);
  std::int64_t total = 0;
  for (std::size_t i = 0; i < roles.size(); ++i) {
    const std::int64_t rows = extent(config_, out[i]);
    total += rows;
    weight.parts.push_back(
        {canonical(roles[i], layer, false), roles[i], layer, out[i], in, {rows, columns}, false, false});
    bias.parts.push_back(
        {canonical(roles[i], layer, true), roles[i], layer, out[i], Dim::none, {rows}, true, false});
  }
  weight.shape = {columns, total};
  bias.shape = {total};
  tensors_.push_back(std::move(weight));
  tensors_.push_back(std::move(bias));
}

}  // namespace frugal::model
