// Mixtral (Jiang et al. 2024): Mistral's layers, whose feed-forward part is a mixture of experts.
// transformers joins the experts of a layer in memory; files have them one by one.
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "model/transformer/architectures/decoder.h"
#include "model/transformer/mixture.h"

namespace frugal::model {
namespace arch {
namespace {

constexpr auto shared = decoder_sizes({32000, 4096, 14336, 32, 32, 8, 131072}, 0);
constexpr JsonField sizes[] = {shared[0],
                               shared[1],
                               shared[2],
                               shared[3],
                               shared[4],
                               shared[5],
                               shared[6],
                               shared[7],
                               {"num_local_experts", &Config::experts, 8},
                               {"num_experts_per_tok", &Config::experts_per_token, 2}};
constexpr NumberField numbers[] = {{"rms_norm_eps", &Config::norm_eps, 1e-5}};
constexpr FlagField flags[] = {{"tie_word_embeddings", &Config::tied_head, false}};

constexpr TensorRow layer[] = {
    decoder_layer[0],
    decoder_layer[1],
    decoder_layer[2],
    decoder_layer[3],
    decoder_layer[6],
    decoder_layer[7],
    {Layout::linear, "layers.{}.block_sparse_moe.gate", Role::router, Dim::experts, Dim::hidden},
    {Layout::expert, "layers.{}.block_sparse_moe.experts.{}.w1", Role::ffn_gate, Dim::ffn, Dim::hidden},
    {Layout::expert, "layers.{}.block_sparse_moe.experts.{}.w3", Role::ffn_in, Dim::ffn, Dim::hidden},
    {Layout::expert, "layers.{}.block_sparse_moe.experts.{}.w2", Role::ffn_out, Dim::hidden, Dim::ffn}};

void more(const config::JsonNode& node, Config& config) {
  config.rope = read_rope(node, 1e6, config.positions);
  config.window = node.integer_or("sliding_window", 0, config::at_least(0));
  if (config.experts < 1) node.fail_at("num_local_experts", "a mixture has at least one expert");
}

constexpr Description description = {
    "Mixtral", "ForCausalLM", "lm_head.weight",  "hidden_act", "silu",  sizes,
    numbers,   flags,         decoder_structure, more,         nullptr, decoder_before,
    layer,     decoder_after, decoder_head};

// What a Mixtral cannot be; empty: nothing.
const char* hindrance(const Config& config) {
  if (config.experts > 0) return "is a mixture already";
  if (config.norm != NormKind::rms_norm || !config.pre_norm || !config.gated_ffn || !config.rotary ||
      !config.causal)
    return "has not LLaMA's layers (RMSNorm before, gated FFN, rotary positions)";
  if (config.qkv_bias || config.o_bias || config.ffn_bias) return "has biases";
  if (config.qk_norm) return "has norms on q and k";
  if (config.sandwich_norm || config.norm_plus_one || config.scaled_embedding || config.attention_scale > 0 ||
      config.attention_softcap > 0 || config.head_softcap > 0)
    return "has Gemma's norms and scales";
  if (config.rotary_dim > 0 && config.rotary_dim != config.head_dim) return "turns a part of each head alone";
  for (const LayerKind& one : config.layer_kinds) {
    if (!one.rotary || (config.window > 0 && one.slides != config.layer_kinds[0].slides))
      return "has layers of several kinds";
  }
  return nullptr;
}

}  // namespace

const Architecture mixtral = {
    "mixtral", "Mixtral, a mixture of experts", "model.", nullptr, nullptr, nullptr, &description};

}  // namespace arch

TransformerConfig as_mixture(const TransformerConfig& dense, std::int64_t experts, std::int64_t per_token) {
  if (const char* why = arch::hindrance(dense)) {
    throw base::UserError("target.experts",
                          std::string("a ") + dense.model_type + " " + why + ", which a Mixtral cannot have",
                          "LLaMA- and Mistral-type models without biases become mixtures");
  }
  TransformerConfig config = dense;
  config.model_type = arch::mixtral.model_type;
  config.experts = experts;
  config.experts_per_token = per_token;
  config.heads_make_hidden = config.heads_divide_hidden = false;
  const bool slides = dense.layer_kinds.empty() || dense.layer_kinds[0].slides;
  if (!slides) config.window = 0;
  config.layer_kinds.clear();
  // What of the old config.json speaks of what is kept; LLaMA's default base of rotary positions is another.
  const auto old =
      dense.json.empty() ? nlohmann::ordered_json::object() : nlohmann::ordered_json::parse(dense.json);
  auto json = nlohmann::ordered_json::object();
  for (const char* key :
       {"bos_token_id", "eos_token_id", "pad_token_id", "rope_parameters", "rope_scaling",
        "original_max_position_embeddings", "initializer_range", "attention_dropout", "use_cache"}) {
    if (old.contains(key)) json[key] = old[key];
  }
  if (!json.contains("rope_parameters") || json["rope_parameters"].is_null()) {
    json.erase("rope_parameters");
    json["rope_theta"] = dense.rope.theta;
  }
  if (config.window > 0) {
    json["sliding_window"] = config.window;
  } else {
    json["sliding_window"] = nullptr;
  }
  config.json = json.dump();
  return config;
}

}  // namespace frugal::model
