// A transformer as plain data: its sizes, its structure, and one table of its weights with the role each one
// plays. Forward pass (model/transformer/transformer.h), files (model/transformer/hf_model.h) and growth
// (lib/grow) all read this table; none of them knows an architecture by name. What a config.json holds beyond
// these fields is kept as text and written back.
//
// No torch here.
#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "model/transformer/rope.h"

namespace frugal::model {

enum class NormKind { layer_norm, rms_norm };

// What stands on the last hidden state.
//   none        nothing (BertModel, LlamaModel)
//   language    logits = h · Eᵀ (+ b), one a position (GPT-2, LLaMA)
//   masked      the same after dense, activation, norm (BERT's and RoBERTa's masked language model)
//   detector    one number a token: has it been replaced? (ELECTRA's discriminator)
//   classifier  one linear on the class token; with a distillation head the mean of two (DeiT)
//   projection  one linear without bias on the class token, or on the token that ends a text (CLIP)
enum class HeadKind { none, language, masked, detector, classifier, projection };

// What may differ from layer to layer.
struct LayerKind {
  bool slides = true;  // attends within `window`, where there is one
  bool rotary = true;  // turns q and k, where the model has rotary positions
};

struct TransformerConfig {
  std::string model_type = "gpt2";  // an architecture of model/transformer/architectures.h
  std::string tower;                // "text" or "image", where a model has two (CLIP): this one of them

  std::int64_t decoder_layers = 0;                    // after `layers` of the encoder, in one numbering (T5)
  std::int64_t distance_classes = 0, farthest = 128;  // T5's positions: scores by distance; 0: others
  std::int64_t hidden_size = 128, layers = 4, heads = 4, kv_heads = 4, head_dim = 32, ffn_size = 512;
  std::int64_t vocab_size = 1024, positions = 64;
  std::int64_t token_types = 0;  // BERT's segments; 0: none
  std::int64_t embedding_size =
      0;  // of the tables, where a linear leads to hidden_size (ELECTRA); 0: the same
  std::int64_t position_offset = 0;  // RoBERTa: 2, counted from padding
  std::int64_t pad_token = -1;       // -1: none. With an offset, positions skip padding (RoBERTa)
  double norm_eps = 1e-5;
  std::int64_t text_end = 2;        // what ends a text (CLIP); 2: the largest number in it
  std::string activation = "gelu";  // gelu, gelu_new, gelu_pytorch_tanh, quick_gelu, relu, silu
  std::string head_activation;      // of a masked model's head; empty: the same

  Rope rope;                       // where rotary
  std::optional<Rope> local_rope;  // of layers within a window, where they have one of their own (Gemma 3)
  std::int64_t rotary_dim = 0;     // units of a head that turn; 0: all
  std::int64_t window = 0;         // tokens that a token sees, itself included; 0: all
  std::vector<LayerKind> layer_kinds;              // one a layer; empty: all as LayerKind is
  double attention_scale = 0;                      // of scores; 0: 1/sqrt(head_dim)
  double attention_softcap = 0, head_softcap = 0;  // c·tanh(x/c) of scores and of logits; 0: none

  std::int64_t experts = 0,
               experts_per_token = 0;  // FFNs beside one another, and how many a token runs; 0: one
  std::int64_t image_size = 0, patch_size = 0, channels = 0;  // image models
  std::int64_t labels = 0;                                    // outputs of a classifier or a projection
  std::int64_t ffn_times = 0;  // config.json says ffn_size as this many hidden sizes (DINOv2); 0: by itself

  NormKind norm = NormKind::layer_norm;
  bool pre_norm = true, causal = true, gated_ffn = false, rotary = false;
  bool embedding_norm = false, final_norm = true;
  bool norm_bias = true;    // LayerNorms have a shift (ModernBERT's have none)
  bool bare_first = false;  // the first layer's attention has no norm before it (ModernBERT)
  bool qkv_bias = true, o_bias = true, ffn_bias = true, transform_bias = true;
  bool pooler = false, patch_bias = true;
  bool qk_norm = false;              // RMSNorm over each head of q and k, before they turn (Qwen3, Gemma 3)
  bool sandwich_norm = false;        // norms after attention and FFN too, before they are added (Gemma 2)
  bool norm_plus_one = false;        // files hold norms' scales less 1 (Gemma)
  bool scaled_embedding = false;     // the table's rows times sqrt(hidden_size) (Gemma)
  bool layer_scale = false;          // what a layer adds times a learned vector (DINOv2)
  bool mask_token = false;           // stands for hidden patches in DINOv2's training: carried, not run
  bool parallel = false;             // x + attention(norm 1) + FFN(norm 2) of the same x (GPT-NeoX)
  bool fixed_eps = false;            // config.json has no key for norm_eps
  bool heads_make_hidden = false;    // config.json cannot say head_dim: heads · head_dim is the hidden size
  bool heads_divide_hidden = false;  // transformers asks for hidden_size % heads == 0
  bool distillation = false, distillation_head = false;  // DeiT's second token, and its own classifier
  bool patch_head = false;  // the classifier reads the mean of the patches too (DINOv2)
  HeadKind head = HeadKind::language;
  bool tied_head = true, head_bias = false;
  bool scaled_head = false;  // what the head reads times 1/sqrt(hidden_size) (T5)

  std::string json;         // the config.json that it came from; empty: made here
  std::string origin = "";  // the file, for messages

  bool image() const { return image_size > 0; }
  std::int64_t stack() const { return layers + decoder_layers; }
  std::int64_t class_tokens() const { return image() ? (distillation ? 2 : 1) : 0; }
  std::int64_t patches() const;  // of an image
  LayerKind kind_of(std::int64_t layer) const;
  std::int64_t ffn_of(std::int64_t hidden) const;  // the FFN's size where ffn_times says it
  double head_scale() const;                       // what the head's input is multiplied by
  double embedding_scale() const;                  // what the token table's rows are multiplied by
};

// What a weight does. Growth operators decide by role and dimensions, never by name.
enum class Role {
  token_embedding,
  position_embedding,
  position_bias,  // [distance classes, heads], and the decoder's
  decoder_position_bias,
  type_embedding,
  patch,  // [hidden, channels·p·p]
  class_token,
  distillation_token,
  mask_token,
  embedding_norm,
  embedding_project,  // from the tables' width to the hidden size
  attention_norm,     // norm 1: before attention (pre-norm) or after its sum (post-norm)
  q,
  k,
  v,
  o,
  cross_norm,  // of a decoder's look at the encoder
  cross_q,
  cross_k,
  cross_v,
  cross_o,
  ffn_norm,             // norm 2
  post_attention_norm,  // sandwich norms
  post_ffn_norm,
  attention_scale,  // layer scale: a vector on what attention adds, and on what the FFN adds
  ffn_scale,
  q_norm,  // over one head
  k_norm,
  ffn_in,
  ffn_gate,
  ffn_out,
  router,        // of a mixture: a row an expert
  encoder_norm,  // the last of an encoder before a decoder
  final_norm,
  pooler,
  head_transform,  // BERT's dense before the decoder
  head_norm,
  head,  // absent where tied
  head_bias,
  distillation_head,
  patch_head,  // the classifier's part that reads the mean of the patches
  carried      // of the tower that does not grow: copied
};

// What an axis of a weight runs over. `fixed` axes never grow (labels, patch pixels).
// `embedding` is a width of tables that is not the hidden one; it does not grow either.
enum class Dim {
  none,
  hidden,
  heads,
  head_count,
  kv,
  ffn,
  vocab,
  position,
  token_type,
  embedding,
  experts,
  fixed
};

// One weight under its canonical name (of an expert: layers.3.experts.0.ffn_in.weight), in canonical layout:
// linear weights [out, in], tables [index, hidden], vectors [size] (columns == Dim::none).
struct WeightSpec {
  std::string name;  // "token_embedding.weight", "layers.3.q.bias", …
  Role role = Role::head;
  int layer = -1;  // -1: outside the layers
  Dim rows = Dim::none, columns = Dim::none;
  std::vector<std::int64_t> shape;
  bool bias = false;   // of a linear or a norm; false: a linear's matrix, a norm's scale, a table, a token
  bool table = false;  // rows are an index, columns are what it produces
  int expert = -1;     // of a mixture

  bool norm() const;         // a scale or shift of a norm, of whichever size
  bool hidden_norm() const;  // of one over the hidden state
  bool layer_scale() const;
  bool vector() const { return columns == Dim::none; }
};

const char* name_of(Role role);
const char* name_of(Dim dim);
std::int64_t extent(const TransformerConfig& config, Dim dim);  // not of none or fixed

// How a tensor of a file holds canonical weights: one of them, or several side by side along the output axis
// (GPT-2's fused Q|K|V); `transposed`: the file has [in, out]. `shape` is the file's own (ViT's patch
// convolution has four axes, its class token three). `by_head`: the parts of head 0 stand before those of
// head 1, this many rows each (GPT-NeoX). `by_input`: side by side along the input axis instead (DINOv2's
// classifier). `offset`: what the file's numbers lack (Gemma's norms: 1).
struct FileTensor {
  std::string name;
  std::vector<WeightSpec> parts;
  std::vector<std::int64_t> shape;
  bool transposed = false;
  std::int64_t by_head = 0;
  bool by_input = false;
  double offset = 0;
};

// All tensors of a model's file in file order: the architecture's table. `weight_specs`: their parts.
std::vector<FileTensor> file_tensors(const TransformerConfig& config);
std::vector<WeightSpec> weight_specs(const TransformerConfig& config);
std::int64_t parameter_count(const TransformerConfig& config);

// Multiply-adds count two. Of one example's forward pass (a sequence of `tokens`; an image model takes its
// own number), head included; training counts three times that.
double forward_flops(const TransformerConfig& config, std::int64_t tokens);

// Sizes that cannot be: UserError naming the field (heads that do not divide, zero layers, …).
void check(const TransformerConfig& config);

// config.json to a config and back. Unknown architectures are refused with the list of those supported.
// `has(name)` says whether the weight files have a tensor, for what config.json leaves open (is there a
// head? a pooler?); without it `architectures` decides. tower: of a model that has two, and of no other.
using HasTensor = std::function<bool(const std::string&)>;
TransformerConfig read_config(const nlohmann::json& json, const std::string& origin,
                              const HasTensor& has = nullptr, const std::string& tower = "");
nlohmann::ordered_json write_config(const TransformerConfig& config);

}  // namespace frugal::model
