// T5 (Raffel et al. 2020) and its 1.1: an encoder and a decoder, or the encoder alone; RMSNorm before each
// part, scores that are not scaled, positions as scores by distance, which the first layer of each stack
// holds for all. The first T5 scales what its tied head reads; 1.1 has a gated FFN and a head of its own.
#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>

#include "model/transformer/architectures.h"

namespace frugal::model::arch {
namespace {

using Config = TransformerConfig;
constexpr JsonField fields[] = {{"vocab_size", &Config::vocab_size, 32128},
                                {"d_model", &Config::hidden_size, 512},
                                {"d_kv", &Config::head_dim, 64},
                                {"d_ff", &Config::ffn_size, 2048},
                                {"num_layers", &Config::layers, 6},
                                {"num_heads", &Config::heads, 8},
                                {"relative_attention_num_buckets", &Config::distance_classes, 32},
                                {"relative_attention_max_distance", &Config::farthest, 128}};

void read(const config::JsonNode& node, const HasTensor& has, Config& config) {
  read_fields(node, fields, config);
  config.kv_heads = config.heads;
  config.positions = node.integer_or("n_positions", 512, config::between(1, 1e9));
  config.norm = NormKind::rms_norm;
  config.norm_eps = node.number_or("layer_norm_epsilon", 1e-6);
  config.pad_token = node.integer_or("pad_token_id", 0);
  config.qkv_bias = config.o_bias = config.ffn_bias = config.causal = false;
  config.attention_scale = 1;
  const std::string ffn = node.text_or("feed_forward_proj", "relu");
  config.gated_ffn = ffn.starts_with("gated-");
  config.activation = config.gated_ffn ? ffn.substr(6) : ffn;
  if (ffn == "gated-gelu") config.activation = "gelu_new";
  if (config.distance_classes < 4 || config.farthest <= config.distance_classes / 2) {
    node.fail_at("relative_attention_num_buckets",
                 fmt::format("{} classes up to a distance of {}", config.distance_classes, config.farthest),
                 "at least 4, and a largest distance beyond half of them");
  }
  const bool encoder =
      has ? !has("decoder.final_layer_norm.weight") : class_ends(node, "EncoderModel", false);
  if (!encoder)
    config.decoder_layers = node.integer_or("num_decoder_layers", config.layers, config::between(1, 1e5));
  const bool head =
      !encoder && (class_ends(node, "ForConditionalGeneration", true) || (has && has("lm_head.weight")));
  config.head = head ? HeadKind::language : HeadKind::none;
  const bool tied = node.flag_or("tie_word_embeddings", true);
  config.tied_head = tied || (has && !has("lm_head.weight"));
  config.scaled_head = node.flag_or("scale_decoder_outputs", tied);
}

void write(const Config& config, nlohmann::ordered_json& json) {
  if (!json.contains("architectures")) {
    json["architectures"] = {config.decoder_layers == 0          ? "T5EncoderModel"
                             : config.head == HeadKind::language ? "T5ForConditionalGeneration"
                                                                 : "T5Model"};
  }
  write_fields(config, fields, json);
  if (config.decoder_layers > 0) json["num_decoder_layers"] = config.decoder_layers;
  json["layer_norm_epsilon"] = config.norm_eps;
  if (!json.contains("feed_forward_proj"))
    json["feed_forward_proj"] = (config.gated_ffn ? "gated-" : "") + config.activation;
  if (!json.contains("tie_word_embeddings")) json["tie_word_embeddings"] = config.tied_head;
  if (config.scaled_head != json["tie_word_embeddings"]) json["scale_decoder_outputs"] = config.scaled_head;
}

void stack(TensorTable& t, const Config& config, bool decoder) {
  const std::string side = decoder ? "decoder." : "encoder.";
  const std::int64_t first = decoder ? config.layers : 0, last = decoder ? config.stack() : config.layers;
  t.position_bias(side + "block.0.layer.0.SelfAttention.relative_attention_bias",
                  decoder ? Role::decoder_position_bias : Role::position_bias);
  for (auto i = static_cast<int>(first); i < last; ++i) {
    const std::string block = fmt::format("{}block.{}.layer.", side, i - first);
    const auto attention = [&](const std::string& at, const std::array<Role, 5>& roles) {
      t.norm(block + at.substr(0, 1) + ".layer_norm", roles[0], i);
      t.linear(block + at + ".q", roles[1], i, Dim::heads, Dim::hidden, false);
      t.linear(block + at + ".k", roles[2], i, Dim::kv, Dim::hidden, false);
      t.linear(block + at + ".v", roles[3], i, Dim::kv, Dim::hidden, false);
      t.linear(block + at + ".o", roles[4], i, Dim::hidden, Dim::heads, false);
    };
    attention("0.SelfAttention", {Role::attention_norm, Role::q, Role::k, Role::v, Role::o});
    if (decoder) {
      attention("1.EncDecAttention",
                {Role::cross_norm, Role::cross_q, Role::cross_k, Role::cross_v, Role::cross_o});
    }
    const std::string ffn = block + (decoder ? "2." : "1.");
    t.norm(ffn + "layer_norm", Role::ffn_norm, i);
    const std::string dense = ffn + "DenseReluDense.";
    if (config.gated_ffn) t.linear(dense + "wi_0", Role::ffn_gate, i, Dim::ffn, Dim::hidden, false);
    t.linear(dense + (config.gated_ffn ? "wi_1" : "wi"), Role::ffn_in, i, Dim::ffn, Dim::hidden, false);
    t.linear(dense + "wo", Role::ffn_out, i, Dim::hidden, Dim::ffn, false);
  }
  const bool before_decoder = !decoder && config.decoder_layers > 0;
  t.norm(side + "final_layer_norm", before_decoder ? Role::encoder_norm : Role::final_norm, -1);
}

std::vector<FileTensor> tensors(const Config& config) {
  TensorTable t(config);
  t.table("shared.weight", Role::token_embedding, Dim::vocab);
  stack(t, config, false);
  if (config.decoder_layers > 0) stack(t, config, true);
  if (config.head == HeadKind::language && !config.tied_head)
    t.linear("lm_head", Role::head, -1, Dim::vocab, Dim::hidden, false);
  return t.take();
}

}  // namespace

const Architecture t5 = {"t5", "T5 and 1.1, encoder and decoder, or the encoder", "", read, write, tensors};

}  // namespace frugal::model::arch
