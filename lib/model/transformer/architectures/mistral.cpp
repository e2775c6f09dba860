// Mistral (Jiang et al. 2023): LLaMA's layers; every one attends within a window where `sliding_window` is
// given.
#include <nlohmann/json.hpp>

#include "model/transformer/architectures/decoder.h"

namespace frugal::model::arch {
namespace {

constexpr auto sizes = decoder_sizes({32000, 4096, 14336, 32, 32, 8, 131072}, 0);
constexpr NumberField numbers[] = {{"rms_norm_eps", &Config::norm_eps, 1e-6}};
constexpr FlagField flags[] = {{"tie_word_embeddings", &Config::tied_head, false}};

void more(const config::JsonNode& node, Config& config) {
  config.rope = read_rope(node, 10000, config.positions);
  // Absent is the class's default, null is none.
  config.window =
      node.given("sliding_window") ? node.integer_or("sliding_window", 0, config::at_least(0)) : 4096;
}

constexpr Description description = {
    "Mistral",     "ForCausalLM", "lm_head.weight",  "hidden_act", "silu",  sizes,
    numbers,       flags,         decoder_structure, more,         nullptr, decoder_before,
    decoder_layer, decoder_after, decoder_head};

}  // namespace

const Architecture mistral = {
    "mistral", "Mistral, windows of attention", "model.", nullptr, nullptr, nullptr, &description};

}  // namespace frugal::model::arch
