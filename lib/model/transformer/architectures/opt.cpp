// OPT (Zhang et al. 2022): GPT-like, ReLU, learned positions from 2 on, an eps of the norms that no key says.
#include <nlohmann/json.hpp>

#include "model/transformer/architectures/decoder.h"

namespace frugal::model::arch {
namespace {

constexpr JsonField sizes[] = {
    {"vocab_size", &Config::vocab_size, 50272},  {"hidden_size", &Config::hidden_size, 768},
    {"ffn_dim", &Config::ffn_size, 3072},        {"num_hidden_layers", &Config::layers, 12},
    {"num_attention_heads", &Config::heads, 12}, {"max_position_embeddings", &Config::positions, 2048}};
constexpr FlagField flags[] = {{"enable_bias", &Config::qkv_bias, true},
                               {"tie_word_embeddings", &Config::tied_head, true}};

constexpr TensorRow before[] = {
    {Layout::table, "decoder.embed_tokens.weight", Role::token_embedding, Dim::vocab},
    {Layout::table, "decoder.embed_positions.weight", Role::position_embedding, Dim::position}};
constexpr TensorRow layer[] = {
    {Layout::linear, "decoder.layers.{}.self_attn.k_proj", Role::k, Dim::kv, Dim::hidden, &Config::qkv_bias},
    {Layout::linear, "decoder.layers.{}.self_attn.v_proj", Role::v, Dim::kv, Dim::hidden, &Config::qkv_bias},
    {Layout::linear, "decoder.layers.{}.self_attn.q_proj", Role::q, Dim::heads, Dim::hidden,
     &Config::qkv_bias},
    {Layout::linear, "decoder.layers.{}.self_attn.out_proj", Role::o, Dim::hidden, Dim::heads,
     &Config::o_bias},
    {Layout::norm, "decoder.layers.{}.self_attn_layer_norm", Role::attention_norm},
    {Layout::linear, "decoder.layers.{}.fc1", Role::ffn_in, Dim::ffn, Dim::hidden, &Config::ffn_bias},
    {Layout::linear, "decoder.layers.{}.fc2", Role::ffn_out, Dim::hidden, Dim::ffn, &Config::ffn_bias},
    {Layout::norm, "decoder.layers.{}.final_layer_norm", Role::ffn_norm}};
constexpr TensorRow after[] = {{Layout::norm, "decoder.final_layer_norm", Role::final_norm}};

void structure(Config& config) {
  config.heads_make_hidden = config.fixed_eps = true;
  config.norm_eps = 1e-5;
}

void more(const config::JsonNode& node, Config& config) {
  config.position_offset = 2;
  config.positions += 2;  // the table has two rows before the first position
  config.o_bias = config.ffn_bias = config.qkv_bias;
  const auto refuse = [&](const char* key, bool wrong, const char* right) {
    if (wrong) node.fail_at(key, "is of a kind of OPT that is not supported (350m)", right);
  };
  refuse("do_layer_norm_before", !node.flag_or("do_layer_norm_before", true), "true");
  refuse("_remove_final_layer_norm", node.flag_or("_remove_final_layer_norm", false), "false");
  refuse("layer_norm_elementwise_affine", !node.flag_or("layer_norm_elementwise_affine", true), "true");
  refuse("word_embed_proj_dim",
         node.integer_or("word_embed_proj_dim", config.hidden_size) != config.hidden_size, "the hidden size");
}

void more_json(const Config& config, nlohmann::ordered_json& json) {
  json["max_position_embeddings"] = config.positions - 2;
  json["word_embed_proj_dim"] = config.hidden_size;
}

constexpr Description description = {"OPT",
                                     "ForCausalLM",
                                     "lm_head.weight",
                                     "activation_function",
                                     "relu",
                                     sizes,
                                     {},
                                     flags,
                                     structure,
                                     more,
                                     more_json,
                                     before,
                                     layer,
                                     after,
                                     decoder_head};

}  // namespace

const Architecture opt = {"opt", "OPT", "model.", nullptr, nullptr, nullptr, &description};

}  // namespace frugal::model::arch
