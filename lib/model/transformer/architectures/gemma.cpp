// Gemma (Mesnard et al. 2024): embeddings times sqrt(hidden_size), norms that scale by 1 + weight. Gemma 2
// (Rivière et al. 2024): norms before and after each part, soft caps on scores and logits, every other layer
// within a window. Gemma 3 (2025), the text model: norms on q and k in the place of caps, five layers of six
// within a window, with a rotary base of their own.
#include <cmath>
#include <nlohmann/json.hpp>

#include "model/transformer/architectures/decoder.h"

namespace frugal::model::arch {
namespace {

constexpr auto sizes1 = decoder_sizes({256000, 3072, 24576, 28, 16, 16, 8192}, 256);
constexpr auto sizes2 = decoder_sizes({256000, 2304, 9216, 26, 8, 4, 8192}, 256);
constexpr auto sizes3 = decoder_sizes({262208, 2304, 9216, 26, 8, 4, 131072}, 256);
constexpr NumberField numbers[] = {{"rms_norm_eps", &Config::norm_eps, 1e-6}};
constexpr FlagField flags[] = {{"attention_bias", &Config::qkv_bias, false},
                               {"tie_word_embeddings", &Config::tied_head, true}};

constexpr TensorRow sandwich_layer[] = {
    decoder_layer[0],
    decoder_layer[1],
    decoder_layer[2],
    decoder_layer[3],
    decoder_layer[4],
    decoder_layer[5],
    decoder_layer[6],
    {Layout::norm, "layers.{}.post_attention_layernorm", Role::post_attention_norm},
    {Layout::norm, "layers.{}.pre_feedforward_layernorm", Role::ffn_norm},
    decoder_layer[8],
    decoder_layer[9],
    decoder_layer[10],
    {Layout::norm, "layers.{}.post_feedforward_layernorm", Role::post_ffn_norm}};

void structure1(Config& config) {
  decoder_structure(config);
  config.scaled_embedding = config.norm_plus_one = true;
}

void structure2(Config& config) {
  structure1(config);
  config.sandwich_norm = config.heads_divide_hidden = true;
}

void structure3(Config& config) {
  structure2(config);
  config.qk_norm = true;
}

void more1(const config::JsonNode& node, Config& config) {
  config.o_bias = config.qkv_bias;
  config.rope = read_rope(node, 10000, config.positions);
  if (config.activation == "gelu") config.activation = "gelu_pytorch_tanh";  // what old files mean by it
  if (node.flag_or("use_bidirectional_attention", false)) {
    node.fail_at("use_bidirectional_attention", "is not supported", "false");
  }
}

void more_windows(const config::JsonNode& node, Config& config) {
  more1(node, config);
  config.attention_scale =
      1 / std::sqrt(node.number_or("query_pre_attn_scalar", 256, config::greater_than(0)));
  config.window =
      node.given("sliding_window") ? node.integer_or("sliding_window", 0, config::at_least(0)) : 4096;
}

double cap_of(const config::JsonNode& node, const char* key, double otherwise) {
  return node.given(key) ? node.number_or(key, 0, config::at_least(0)) : otherwise;  // null: none
}

void more2(const config::JsonNode& node, Config& config) {
  more_windows(node, config);
  config.attention_softcap = cap_of(node, "attn_logit_softcapping", 50);
  config.head_softcap = cap_of(node, "final_logit_softcapping", 30);
  read_layer_types(node, config, [](std::int64_t layer) { return layer % 2 == 0; });
}

void more3(const config::JsonNode& node, Config& config) {
  more_windows(node, config);
  config.attention_softcap = cap_of(node, "attn_logit_softcapping", 0);
  config.head_softcap = cap_of(node, "final_logit_softcapping", 0);
  const std::int64_t pattern = node.integer_or("sliding_window_pattern", 6, config::at_least(1));
  read_layer_types(node, config, [&](std::int64_t layer) { return (layer + 1) % pattern != 0; });
  config.rope = read_rope(node, 1e6, config.positions, "full_attention");
  const auto by_kind = node.find("rope_parameters");
  if (by_kind && by_kind->json().is_object() && by_kind->has("sliding_attention")) {
    config.local_rope = read_rope(node, 1e4, config.positions, "sliding_attention");
  } else {
    config.local_rope = Rope();
    config.local_rope->theta = node.number_or("rope_local_base_freq", 1e4, config::greater_than(0));
  }
}

constexpr Description description1 = {"Gemma",
                                      "ForCausalLM",
                                      "lm_head.weight",
                                      "hidden_act",
                                      "gelu_pytorch_tanh",
                                      sizes1,
                                      numbers,
                                      flags,
                                      structure1,
                                      more1,
                                      nullptr,
                                      decoder_before,
                                      decoder_layer,
                                      decoder_after,
                                      decoder_head};
constexpr Description description2 = {"Gemma2",
                                      "ForCausalLM",
                                      "lm_head.weight",
                                      "hidden_activation",
                                      "gelu_pytorch_tanh",
                                      sizes2,
                                      numbers,
                                      flags,
                                      structure2,
                                      more2,
                                      write_layer_types,
                                      decoder_before,
                                      sandwich_layer,
                                      decoder_after,
                                      decoder_head};
constexpr Description description3 = {"Gemma3",
                                      "ForCausalLM",
                                      "lm_head.weight",
                                      "hidden_activation",
                                      "gelu_pytorch_tanh",
                                      sizes3,
                                      numbers,
                                      flags,
                                      structure3,
                                      more3,
                                      write_layer_types,
                                      decoder_before,
                                      sandwich_layer,
                                      decoder_after,
                                      decoder_head};

}  // namespace

const Architecture gemma = {"gemma", "Gemma", "model.", nullptr, nullptr, nullptr, &description1};
const Architecture gemma2 = {"gemma2", "Gemma 2", "model.", nullptr, nullptr, nullptr, &description2};
const Architecture gemma3 = {"gemma3_text", "Gemma 3, the text model", "model.", nullptr, nullptr, nullptr,
                             &description3};

}  // namespace frugal::model::arch
