// ModernBERT (Warner et al. 2024): pre-norm with a norm on the embeddings too, and none before the first
// layer's attention; no shifts, GeGLU, rotary positions; two layers of three attend within a window, with a
// rotary base of their own. Masked language model or bare.
#include <nlohmann/json.hpp>

#include "model/transformer/architectures/decoder.h"

namespace frugal::model::arch {
namespace {

constexpr JsonField sizes[] = {
    {"vocab_size", &Config::vocab_size, 50368},     {"hidden_size", &Config::hidden_size, 768},
    {"intermediate_size", &Config::ffn_size, 1152}, {"num_hidden_layers", &Config::layers, 22},
    {"num_attention_heads", &Config::heads, 12},    {"max_position_embeddings", &Config::positions, 8192}};
constexpr NumberField numbers[] = {{"norm_eps", &Config::norm_eps, 1e-5}};
constexpr FlagField flags[] = {
    {"attention_bias", &Config::qkv_bias, false}, {"mlp_bias", &Config::ffn_bias, false},
    {"norm_bias", &Config::norm_bias, false},     {"classifier_bias", &Config::transform_bias, false},
    {"decoder_bias", &Config::head_bias, true},   {"tie_word_embeddings", &Config::tied_head, true}};

constexpr TensorRow before[] = {
    {Layout::table, "embeddings.tok_embeddings.weight", Role::token_embedding, Dim::vocab},
    {Layout::norm, "embeddings.norm", Role::embedding_norm}};
constexpr TensorRow layer[] = {
    {Layout::norm, "layers.{}.attn_norm", Role::attention_norm},
    {Layout::qkv, "layers.{}.attn.Wqkv", Role::q, Dim::heads, Dim::hidden, &Config::qkv_bias},
    {Layout::linear, "layers.{}.attn.Wo", Role::o, Dim::hidden, Dim::heads, &Config::o_bias},
    {Layout::norm, "layers.{}.mlp_norm", Role::ffn_norm},
    {Layout::gate_in, "layers.{}.mlp.Wi", Role::ffn_gate, Dim::ffn, Dim::hidden, &Config::ffn_bias},
    {Layout::linear, "layers.{}.mlp.Wo", Role::ffn_out, Dim::hidden, Dim::ffn, &Config::ffn_bias}};
constexpr TensorRow after[] = {{Layout::norm, "final_norm", Role::final_norm}};
constexpr TensorRow head[] = {
    {Layout::linear, "head.dense", Role::head_transform, Dim::hidden, Dim::hidden, &Config::transform_bias},
    {Layout::norm, "head.norm", Role::head_norm},
    {Layout::linear, "decoder", Role::head, Dim::vocab, Dim::hidden},
    {Layout::vector, "decoder.bias", Role::head_bias, Dim::vocab, {}, nullptr, &Config::head_bias}};

void structure(Config& config) {
  config.causal = false;
  config.embedding_norm = config.bare_first = config.rotary = config.gated_ffn = true;
  config.heads_make_hidden = true;
}

void more(const config::JsonNode& node, Config& config) {
  config.o_bias = config.qkv_bias;
  config.head_activation = node.text_or("classifier_activation", "gelu");
  config.window = node.integer_or("local_attention", 128, config::at_least(0));
  const std::int64_t every = node.integer_or("global_attn_every_n_layers", 3, config::at_least(1));
  read_layer_types(node, config, [&](std::int64_t at) { return at % every != 0; });
  const double far = node.number_or("global_rope_theta", 160000, config::greater_than(0));
  const double near = node.number_or("local_rope_theta", 10000, config::greater_than(0));
  config.rope = read_rope(node, far, config.positions, "full_attention");
  config.local_rope = read_rope(node, near, config.positions, "sliding_attention");
}

constexpr Description description = {"ModernBert",
                                     "ForMaskedLM",
                                     "head.dense.weight",
                                     "hidden_activation",
                                     "gelu",
                                     sizes,
                                     numbers,
                                     flags,
                                     structure,
                                     more,
                                     write_layer_types,
                                     before,
                                     layer,
                                     after,
                                     head,
                                     HeadKind::masked};

}  // namespace

const Architecture modernbert = {
    "modernbert", "ModernBERT, masked language model or bare", "model.", nullptr, nullptr, nullptr,
    &description};

}  // namespace frugal::model::arch
