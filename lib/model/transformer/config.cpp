#include "model/transformer/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "model/transformer/architectures.h"
#include "model/transformer/description.h"

namespace frugal::model {
namespace {

using base::UserError;

constexpr const char* role_names[] = {"token_embedding",
                                      "position_embedding",
                                      "position_bias",
                                      "decoder_position_bias",
                                      "type_embedding",
                                      "patch",
                                      "class_token",
                                      "distillation_token",
                                      "mask_token",
                                      "embedding_norm",
                                      "embedding_project",
                                      "attention_norm",
                                      "q",
                                      "k",
                                      "v",
                                      "o",
                                      "cross_norm",
                                      "cross_q",
                                      "cross_k",
                                      "cross_v",
                                      "cross_o",
                                      "ffn_norm",
                                      "post_attention_norm",
                                      "post_ffn_norm",
                                      "attention_scale",
                                      "ffn_scale",
                                      "q_norm",
                                      "k_norm",
                                      "ffn_in",
                                      "ffn_gate",
                                      "ffn_out",
                                      "router",
                                      "encoder_norm",
                                      "final_norm",
                                      "pooler",
                                      "head_transform",
                                      "head_norm",
                                      "head",
                                      "head_bias",
                                      "distillation_head",
                                      "patch_head",
                                      "carried"};
constexpr const char* dim_names[] = {"none",  "hidden",   "heads",      "head_count", "kv",      "ffn",
                                     "vocab", "position", "token_type", "embedding",  "experts", "fixed"};

}  // namespace

const char* name_of(Role role) { return role_names[static_cast<int>(role)]; }
const char* name_of(Dim dim) { return dim_names[static_cast<int>(dim)]; }

bool WeightSpec::hidden_norm() const {
  return role == Role::embedding_norm || role == Role::attention_norm || role == Role::ffn_norm ||
         role == Role::cross_norm || role == Role::encoder_norm || role == Role::post_attention_norm ||
         role == Role::post_ffn_norm || role == Role::final_norm || role == Role::head_norm;
}

bool WeightSpec::layer_scale() const { return role == Role::attention_scale || role == Role::ffn_scale; }

bool WeightSpec::norm() const { return hidden_norm() || role == Role::q_norm || role == Role::k_norm; }

LayerKind TransformerConfig::kind_of(std::int64_t layer) const {
  return layer_kinds.empty() ? LayerKind{} : layer_kinds.at(static_cast<std::size_t>(layer));
}

// SwiGLU has two thirds of the plain FFN's units, in multiples of eight.
std::int64_t TransformerConfig::ffn_of(std::int64_t hidden) const {
  const std::int64_t plain = hidden * ffn_times;
  return gated_ffn ? (plain * 2 / 3 + 7) / 8 * 8 : plain;
}

double TransformerConfig::head_scale() const {
  return scaled_head ? 1 / std::sqrt(static_cast<double>(hidden_size)) : 1;
}

double TransformerConfig::embedding_scale() const {
  return scaled_embedding ? std::sqrt(static_cast<double>(hidden_size)) : 1;
}

std::int64_t TransformerConfig::patches() const {
  const std::int64_t side = patch_size > 0 ? image_size / patch_size : 0;
  return side * side;
}

std::int64_t extent(const TransformerConfig& config, Dim dim) {
  switch (dim) {
    case Dim::hidden:
      return config.hidden_size;
    case Dim::heads:
      return config.heads * config.head_dim;
    case Dim::head_count:
      return config.heads;
    case Dim::kv:
      return config.kv_heads * config.head_dim;
    case Dim::ffn:
      return config.ffn_size;
    case Dim::vocab:
      return config.vocab_size;
    case Dim::position:
      return config.image() ? config.patches() + config.class_tokens() : config.positions;
    case Dim::token_type:
      return config.token_types;
    case Dim::embedding:
      return config.embedding_size;
    case Dim::experts:
      return config.experts;
    case Dim::none:
    case Dim::fixed:
      break;
  }
  FRUGAL_ASSERT(false, "this axis has no extent in the config");
  return 0;
}

std::vector<FileTensor> file_tensors(const TransformerConfig& config) {
  const Architecture& architecture = architecture_named(config.model_type, config.origin);
  if (architecture.described == nullptr) return architecture.tensors(config);
  return described_tensors(*architecture.described, architecture.base_prefix, config);
}

std::vector<WeightSpec> weight_specs(const TransformerConfig& config) {
  std::vector<WeightSpec> specs;
  std::set<std::string> seen;  // a file may hold a weight twice (an untied BERT's output bias)
  for (FileTensor& tensor : file_tensors(config)) {
    for (WeightSpec& part : tensor.parts) {
      if (seen.insert(part.name).second) specs.push_back(std::move(part));
    }
  }
  return specs;
}

std::int64_t parameter_count(const TransformerConfig& config) {
  std::int64_t total = 0;
  for (const WeightSpec& spec : weight_specs(config)) {
    std::int64_t count = 1;
    for (const std::int64_t size : spec.shape) count *= size;
    total += count;
  }
  return total;
}

double forward_flops(const TransformerConfig& config, std::int64_t tokens) {
  if (config.image()) tokens = config.patches() + config.class_tokens();
  const auto t = static_cast<double>(tokens), d = static_cast<double>(config.hidden_size);
  const auto q = static_cast<double>(extent(config, Dim::heads));
  const auto kv = static_cast<double>(extent(config, Dim::kv));
  const auto ffn = static_cast<double>(config.ffn_size);
  const double run = config.experts > 0 ? static_cast<double>(config.experts_per_token) : 1;
  const double router = static_cast<double>(config.experts) * d;
  const double linear = 2 * d * q + 2 * d * kv + (config.gated_ffn ? 3 : 2) * d * ffn * run + router;
  const double attention = 2 * t * q;  // scores and their product with the values; causal ones not halved
  // A decoder's layer looks at the encoder's states as well as at its own.
  const double decoder = static_cast<double>(config.decoder_layers),
               cross = 2 * d * q + 2 * d * kv + attention;
  double total = 2 * t * (static_cast<double>(config.stack()) * (linear + attention) + decoder * cross);
  if (config.image()) {
    const auto pixels = static_cast<double>(config.channels * config.patch_size * config.patch_size);
    total +=
        2 * static_cast<double>(config.patches()) * d * pixels +
        2 * d * static_cast<double>(config.labels) * (config.distillation_head || config.patch_head ? 2 : 1);
    return total;
  }
  const double width = config.embedding_size > 0 ? static_cast<double>(config.embedding_size) : d;
  if (config.embedding_size > 0) total += 2 * t * width * d;
  const bool detector = config.head == HeadKind::detector;
  if (detector || config.head == HeadKind::masked) total += 2 * t * d * (detector ? d + 1 : width);
  if (config.head == HeadKind::projection) return total + 2 * d * static_cast<double>(config.labels);
  if (!detector && config.head != HeadKind::none)
    total += 2 * t * width * static_cast<double>(config.vocab_size);
  return total;
}

void check(const TransformerConfig& config) {
  const auto fail = [&](const char* field, const std::string& message, const std::string& hint = "") {
    throw UserError(config.origin.empty() ? field : config.origin + ":" + field, message, hint);
  };
  const auto positive = [&](const char* field, std::int64_t value) {
    if (value < 1) fail(field, fmt::format("must be >= 1, got {}", value));
    if (value > std::int64_t{1} << 32) fail(field, fmt::format("is larger than any model: {}", value));
  };
  positive("hidden_size", config.hidden_size);
  positive("layers", config.layers);
  if (config.layers > 100000) fail("layers", fmt::format("is larger than any model: {}", config.layers));
  positive("heads", config.heads);
  positive("kv_heads", config.kv_heads);
  positive("head_dim", config.head_dim);
  positive("ffn_size", config.ffn_size);
  if (config.heads % config.kv_heads != 0) {
    fail("kv_heads", fmt::format("{} key-value heads do not divide {} heads", config.kv_heads, config.heads));
  }
  if (config.experts > 0 && (config.experts_per_token < 1 || config.experts_per_token > config.experts)) {
    fail("experts_per_token",
         fmt::format("a token cannot run {} of {} experts", config.experts_per_token, config.experts));
  }
  if (config.experts > 10000 || config.experts * config.layers > 1'000'000) {
    fail("experts",
         fmt::format("{} in each of {} layers are more than any model has", config.experts, config.layers));
  }
  if (!(config.norm_eps >= 0)) fail("norm_eps", fmt::format("must be >= 0, got {}", config.norm_eps));
  if (config.rotary && config.head_dim % 2 != 0) {
    fail("head_dim", fmt::format("must be even for rotary positions, got {}", config.head_dim));
  }
  if (config.image()) {
    positive("patch_size", config.patch_size);
    positive("channels", config.channels);
    if (config.head == HeadKind::classifier || config.head == HeadKind::projection)
      positive("labels", config.labels);
    if (config.image_size % config.patch_size != 0) {
      fail("patch_size",
           fmt::format("patches of {} do not divide images of {}", config.patch_size, config.image_size));
    }
  } else {
    positive("vocab_size", config.vocab_size);
    positive("positions", config.positions);
    if (config.positions <= config.position_offset) {
      fail("positions",
           fmt::format("{} positions, but the first token has number {}, after padding's {}",
                       config.positions, config.position_offset, config.position_offset - 1),
           "pad_token_id must lie within max_position_embeddings");
    }
    if (config.rotary)
      config.rope.frequencies(config.rotary_dim > 0 ? config.rotary_dim : config.head_dim, 1);
  }
  if (!config.layer_kinds.empty() && static_cast<std::int64_t>(config.layer_kinds.size()) != config.layers) {
    fail("layer_kinds", fmt::format("{} for {} layers", config.layer_kinds.size(), config.layers));
  }
  const std::vector<std::string> known = {"gelu",       "gelu_new", "gelu_pytorch_tanh",
                                          "quick_gelu", "relu",     "silu"};
  for (const std::string& name : {config.activation, config.head_activation}) {
    if (name.empty() || std::find(known.begin(), known.end(), name) != known.end()) continue;
    fail("activation", fmt::format("unknown activation '{}'", name), base::suggest(name, known));
  }
}

TransformerConfig read_config(const nlohmann::json& json, const std::string& origin, const HasTensor& has,
                              const std::string& tower) {
  const config::JsonNode node(json, origin, "", "is this the config.json of a transformer?");
  const config::JsonNode type = node["model_type"];
  if (const auto packed = node.find("quantization_config"); packed && packed->json().is_object()) {
    packed->fail(fmt::format("the weights are quantised ({}), which is not read here",
                             packed->text_or("quant_method", "unknown method")),
                 "grow the float32, bf16 or fp16 model and quantise the result");
  }
  const std::string name = type.text(), place = type.place();
  const Architecture& architecture = architecture_named(name, place);
  TransformerConfig config;
  config.model_type = architecture.model_type;
  config.origin = origin;
  config.tower = tower;
  if (architecture.towers && tower.empty()) {
    throw UserError(place, fmt::format("'{}' has two towers, which grow one at a time", name),
                    "say which: text or image (grow: --set tower=text, inspect: --tower text)");
  }
  if (!architecture.towers && !tower.empty())
    throw UserError("tower", fmt::format("'{}' is one model", name), "leave it out");
  if (architecture.described == nullptr) {
    architecture.read(node, has, config);
  } else {
    read_described(*architecture.described, node, has, config);
  }
  config.json = json.dump();
  check(config);
  return config;
}

nlohmann::ordered_json write_config(const TransformerConfig& config) {
  auto json =
      config.json.empty() ? nlohmann::ordered_json::object() : nlohmann::ordered_json::parse(config.json);
  json["model_type"] = config.model_type;
  const Architecture& architecture = architecture_named(config.model_type, config.origin);
  if (architecture.described == nullptr) {
    architecture.write(config, json);
  } else {
    write_described(*architecture.described, config, json);
  }
  return json;
}

}  // namespace frugal::model
