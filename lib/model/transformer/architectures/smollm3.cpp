// SmolLM3 (Hugging Face 2025): LLaMA's layers, every fourth without rotary positions.
#include <nlohmann/json.hpp>

#include "model/transformer/architectures/decoder.h"

namespace frugal::model::arch {
namespace {

constexpr auto sizes = decoder_sizes({128256, 2048, 11008, 36, 16, 4, 32768});
constexpr NumberField numbers[] = {{"rms_norm_eps", &Config::norm_eps, 1e-6}};
constexpr FlagField flags[] = {{"attention_bias", &Config::qkv_bias, false},
                               {"mlp_bias", &Config::ffn_bias, false},
                               {"tie_word_embeddings", &Config::tied_head, true}};

void more(const config::JsonNode& node, Config& config) {
  config.o_bias = config.qkv_bias;
  config.rope = read_rope(node, 2e6, config.positions);
  const bool windows = node.flag_or("use_sliding_window", false);
  config.window = windows ? node.integer_or("sliding_window", 0, config::at_least(0)) : 0;
  std::vector<std::int64_t> rotary;
  const std::int64_t interval = node.integer_or("no_rope_layer_interval", 4, config::at_least(1));
  if (const auto given = node.find("no_rope_layers")) {
    rotary = given->integers(config::between(0, 1));
    if (static_cast<std::int64_t>(rotary.size()) != config.layers) given->fail("must have an entry a layer");
  } else {
    for (std::int64_t i = 0; i < config.layers; ++i) rotary.push_back((i + 1) % interval != 0 ? 1 : 0);
  }
  const auto has_none = [&](std::int64_t layer) { return rotary[static_cast<std::size_t>(layer)] == 0; };
  read_layer_types(node, config, [&](std::int64_t layer) { return config.window > 0 && has_none(layer); });
  for (std::int64_t i = 0; i < config.layers; ++i)
    config.layer_kinds[static_cast<std::size_t>(i)].rotary = !has_none(i);
}

void more_json(const Config& config, nlohmann::ordered_json& json) {
  write_layer_types(config, json);
  auto& list = json["no_rope_layers"] = nlohmann::ordered_json::array();
  for (const LayerKind& one : config.layer_kinds) list.push_back(one.rotary ? 1 : 0);
}

constexpr Description description = {
    "SmolLM3",     "ForCausalLM", "lm_head.weight",  "hidden_act", "silu",    sizes,
    numbers,       flags,         decoder_structure, more,         more_json, decoder_before,
    decoder_layer, decoder_after, decoder_head};

}  // namespace

const Architecture smollm3 = {"smollm3", "SmolLM3", "model.", nullptr, nullptr, nullptr, &description};

}  // namespace frugal::model::arch
