// DistilBERT (Sanh et al. 2019): BERT's layers without segments and pooler, under names of its own.
#include "model/transformer/description.h"

namespace frugal::model::arch {
namespace {

using Config = TransformerConfig;
constexpr JsonField sizes[] = {{"vocab_size", &Config::vocab_size, 30522},
                               {"dim", &Config::hidden_size, 768},
                               {"hidden_dim", &Config::ffn_size, 3072},
                               {"n_layers", &Config::layers, 6},
                               {"n_heads", &Config::heads, 12},
                               {"max_position_embeddings", &Config::positions, 512}};
constexpr FlagField flags[] = {{"tie_word_embeddings", &Config::tied_head, true}};

constexpr TensorRow before[] = {
    {Layout::table, "embeddings.word_embeddings.weight", Role::token_embedding, Dim::vocab},
    {Layout::table, "embeddings.position_embeddings.weight", Role::position_embedding, Dim::position},
    {Layout::norm, "embeddings.LayerNorm", Role::embedding_norm}};
constexpr TensorRow layer[] = {
    {Layout::linear, "transformer.layer.{}.attention.q_lin", Role::q, Dim::heads, Dim::hidden,
     &Config::qkv_bias},
    {Layout::linear, "transformer.layer.{}.attention.k_lin", Role::k, Dim::kv, Dim::hidden,
     &Config::qkv_bias},
    {Layout::linear, "transformer.layer.{}.attention.v_lin", Role::v, Dim::kv, Dim::hidden,
     &Config::qkv_bias},
    {Layout::linear, "transformer.layer.{}.attention.out_lin", Role::o, Dim::hidden, Dim::heads,
     &Config::o_bias},
    {Layout::norm, "transformer.layer.{}.sa_layer_norm", Role::attention_norm},
    {Layout::linear, "transformer.layer.{}.ffn.lin1", Role::ffn_in, Dim::ffn, Dim::hidden, &Config::ffn_bias},
    {Layout::linear, "transformer.layer.{}.ffn.lin2", Role::ffn_out, Dim::hidden, Dim::ffn,
     &Config::ffn_bias},
    {Layout::norm, "transformer.layer.{}.output_layer_norm", Role::ffn_norm}};
constexpr TensorRow head[] = {
    {Layout::linear, "vocab_transform", Role::head_transform, Dim::hidden, Dim::hidden, &Config::head_bias},
    {Layout::norm, "vocab_layer_norm", Role::head_norm},
    {Layout::linear, "vocab_projector", Role::head, Dim::vocab, Dim::hidden},
    {Layout::vector, "vocab_projector.bias", Role::head_bias, Dim::vocab}};

void structure(Config& config) {
  config.pre_norm = config.causal = config.final_norm = false;
  config.embedding_norm = config.heads_make_hidden = config.fixed_eps = config.head_bias = true;
  config.norm_eps = 1e-12;
}

constexpr Description description = {"DistilBert",
                                     "ForMaskedLM",
                                     "vocab_transform.weight",
                                     "activation",
                                     "gelu",
                                     sizes,
                                     {},
                                     flags,
                                     structure,
                                     nullptr,
                                     nullptr,
                                     before,
                                     layer,
                                     {},
                                     head,
                                     HeadKind::masked};

}  // namespace

const Architecture distilbert = {
    "distilbert", "DistilBERT, masked language model or bare", "distilbert.", nullptr, nullptr, nullptr,
    &description};

}  // namespace frugal::model::arch
