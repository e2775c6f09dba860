// Qwen2 (Yang et al. 2024; Qwen2.5 too): biases on q, k and v alone. Qwen3 (2025): none, but norms on q and
// k, and heads of a size of their own. Windows on upper layers are there in both, and off in all released
// models.
#include <nlohmann/json.hpp>

#include "model/transformer/architectures/decoder.h"

namespace frugal::model::arch {
namespace {

constexpr DecoderDefaults defaults = {151936, 4096, 22016, 32, 32, 32, 32768};
constexpr auto sizes2 = decoder_sizes(defaults);
constexpr auto sizes3 = decoder_sizes(defaults, 128);
constexpr NumberField numbers[] = {{"rms_norm_eps", &Config::norm_eps, 1e-6}};
constexpr FlagField flags2[] = {{"tie_word_embeddings", &Config::tied_head, false}};
constexpr FlagField flags3[] = {{"tie_word_embeddings", &Config::tied_head, false},
                                {"attention_bias", &Config::qkv_bias, false}};

void structure2(Config& config) {
  decoder_structure(config);
  config.qkv_bias = true;
}

void structure3(Config& config) {
  decoder_structure(config);
  config.qk_norm = true;
}

void more(const config::JsonNode& node, Config& config) {
  config.rope = read_rope(node, 10000, config.positions);
  const bool windows = node.flag_or("use_sliding_window", false);
  config.window = windows ? node.integer_or("sliding_window", 4096, config::at_least(0)) : 0;
  const std::int64_t first = node.integer_or("max_window_layers", 28);
  read_layer_types(node, config, [&](std::int64_t layer) { return windows && layer >= first; });
}

void more3(const config::JsonNode& node, Config& config) {
  more(node, config);
  config.o_bias = config.qkv_bias;
}

constexpr Description description2 = {"Qwen2",       "ForCausalLM", "lm_head.weight",  "hidden_act",
                                      "silu",        sizes2,        numbers,           flags2,
                                      structure2,    more,          write_layer_types, decoder_before,
                                      decoder_layer, decoder_after, decoder_head};
constexpr Description description3 = {"Qwen3",       "ForCausalLM", "lm_head.weight",  "hidden_act",
                                      "silu",        sizes3,        numbers,           flags3,
                                      structure3,    more3,         write_layer_types, decoder_before,
                                      decoder_layer, decoder_after, decoder_head};

}  // namespace

const Architecture qwen2 = {"qwen2", "Qwen2 and 2.5", "model.", nullptr, nullptr, nullptr, &description2};
const Architecture qwen3 = {"qwen3", "Qwen3, dense", "model.", nullptr, nullptr, nullptr, &description3};

}  // namespace frugal::model::arch
