// LLaMA-type (Touvron et al. 2023): RMSNorm, SwiGLU, rotary positions, grouped queries, no biases by default.
#include <nlohmann/json.hpp>

#include "model/transformer/architectures/decoder.h"

namespace frugal::model::arch {
namespace {

constexpr auto sizes = decoder_sizes({32000, 4096, 11008, 32, 32, 0, 2048}, 0);
constexpr NumberField numbers[] = {{"rms_norm_eps", &Config::norm_eps, 1e-6}};
constexpr FlagField flags[] = {{"attention_bias", &Config::qkv_bias, false},
                               {"mlp_bias", &Config::ffn_bias, false},
                               {"tie_word_embeddings", &Config::tied_head, false}};

void structure(Config& config) {
  decoder_structure(config);
  config.heads_divide_hidden = true;
}

void more(const config::JsonNode& node, Config& config) {
  config.o_bias = config.qkv_bias;
  config.rope = read_rope(node, 10000, config.positions);
}

void more_json(const Config& config, nlohmann::ordered_json& json) {
  if (!json.contains("rope_parameters")) json["rope_theta"] = config.rope.theta;
}

constexpr Description description = {"Llama",       "ForCausalLM", "lm_head.weight", "hidden_act",
                                     "silu",        sizes,         numbers,          flags,
                                     structure,     more,          more_json,        decoder_before,
                                     decoder_layer, decoder_after, decoder_head};

}  // namespace

const Architecture llama = {"llama", "LLaMA-type", "model.", nullptr, nullptr, nullptr, &description};

}  // namespace frugal::model::arch
