// GPT-NeoX and Pythia (Black et al. 2022, Biderman et al. 2023): attention and FFN read the same hidden
// state, each through its norm, and are added together; rotary positions on a quarter of the head; q, k and v
// of a head side by side.
#include <nlohmann/json.hpp>

#include "model/transformer/architectures/decoder.h"

namespace frugal::model::arch {
namespace {

constexpr JsonField sizes[] = {
    {"vocab_size", &Config::vocab_size, 50432},      {"hidden_size", &Config::hidden_size, 6144},
    {"intermediate_size", &Config::ffn_size, 24576}, {"num_hidden_layers", &Config::layers, 44},
    {"num_attention_heads", &Config::heads, 64},     {"max_position_embeddings", &Config::positions, 2048}};
constexpr NumberField numbers[] = {{"layer_norm_eps", &Config::norm_eps, 1e-5}};
constexpr FlagField flags[] = {{"attention_bias", &Config::qkv_bias, true},
                               {"use_parallel_residual", &Config::parallel, true},
                               {"tie_word_embeddings", &Config::tied_head, false}};

constexpr TensorRow before[] = {{Layout::table, "embed_in.weight", Role::token_embedding, Dim::vocab}};
constexpr TensorRow layer[] = {
    {Layout::norm, "layers.{}.input_layernorm", Role::attention_norm},
    {Layout::norm, "layers.{}.post_attention_layernorm", Role::ffn_norm},
    {Layout::qkv_by_head, "layers.{}.attention.query_key_value", Role::q, Dim::heads, Dim::hidden,
     &Config::qkv_bias},
    {Layout::linear, "layers.{}.attention.dense", Role::o, Dim::hidden, Dim::heads, &Config::o_bias},
    {Layout::linear, "layers.{}.mlp.dense_h_to_4h", Role::ffn_in, Dim::ffn, Dim::hidden, &Config::ffn_bias},
    {Layout::linear, "layers.{}.mlp.dense_4h_to_h", Role::ffn_out, Dim::hidden, Dim::ffn, &Config::ffn_bias}};
constexpr TensorRow after[] = {{Layout::norm, "final_layer_norm", Role::final_norm}};
constexpr TensorRow head[] = {{Layout::linear, "embed_out", Role::head, Dim::vocab, Dim::hidden}};

void structure(Config& config) {
  config.heads_make_hidden = config.rotary = true;
  config.tied_head = false;
}

void more(const config::JsonNode& node, Config& config) {
  config.o_bias = config.qkv_bias;
  config.rope =
      read_rope(node, node.number_or("rotary_emb_base", 10000, config::greater_than(0)), config.positions);
  read_partial_rotary(node, "rotary_pct", 0.25, config);
}

constexpr Description description = {"GPTNeoX",    "ForCausalLM", "embed_out.weight",
                                     "hidden_act", "gelu",        sizes,
                                     numbers,      flags,         structure,
                                     more,         nullptr,       before,
                                     layer,        after,         head};

}  // namespace

const Architecture gpt_neox = {"gpt_neox", "GPT-NeoX, Pythia", "gpt_neox.", nullptr, nullptr,
                               nullptr,    &description};

}  // namespace frugal::model::arch
