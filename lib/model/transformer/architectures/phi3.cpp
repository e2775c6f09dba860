// Phi-3 and 4 (Abdin et al. 2024): LLaMA's layers in files that hold q, k, v as one linear and gate and in as
// another; longrope, rotary positions on a part of the head (Phi-4-mini).
#include <cmath>
#include <nlohmann/json.hpp>

#include "model/transformer/architectures/decoder.h"

namespace frugal::model::arch {
namespace {

constexpr auto sizes = decoder_sizes({32064, 3072, 8192, 32, 32, 0, 4096});
constexpr NumberField numbers[] = {{"rms_norm_eps", &Config::norm_eps, 1e-5}};
constexpr FlagField flags[] = {{"tie_word_embeddings", &Config::tied_head, false}};

constexpr TensorRow layer[] = {
    {Layout::norm, "layers.{}.input_layernorm", Role::attention_norm},
    {Layout::qkv, "layers.{}.self_attn.qkv_proj", Role::q, Dim::heads, Dim::hidden},
    {Layout::linear, "layers.{}.self_attn.o_proj", Role::o, Dim::hidden, Dim::heads},
    {Layout::norm, "layers.{}.post_attention_layernorm", Role::ffn_norm},
    {Layout::gate_in, "layers.{}.mlp.gate_up_proj", Role::ffn_gate, Dim::ffn, Dim::hidden},
    {Layout::linear, "layers.{}.mlp.down_proj", Role::ffn_out, Dim::hidden, Dim::ffn}};

void structure(Config& config) {
  decoder_structure(config);
  config.heads_make_hidden =
      true;  // transformers takes the head's size from hidden_size where it checks longrope
}

void more(const config::JsonNode& node, Config& config) {
  config.rope = read_rope(node, 10000, config.positions);
  read_partial_rotary(node, "partial_rotary_factor", 1, config);
  config.window = node.integer_or("sliding_window", 0, config::at_least(0));
}

constexpr Description description = {
    "Phi3",    "ForCausalLM", "lm_head.weight", "hidden_act",   "silu", sizes,         numbers,     flags,
    structure, more,          nullptr,          decoder_before, layer,  decoder_after, decoder_head};

}  // namespace

const Architecture phi3 = {"phi3", "Phi-3 and 4", "model.", nullptr, nullptr, nullptr, &description};

}  // namespace frugal::model::arch
