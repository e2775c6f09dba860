// Which transformer a run trains: a Hugging Face directory, or fresh weights of given sizes.
#pragma once

#include <cstdint>
#include <string>

#include "config/visitor.h"
#include "model/transformer/transformer.h"

namespace frugal::train {

struct ModelChoice {
  std::string path;                   // a directory with config.json and weights; empty: fresh
  std::string architecture = "gpt2";  // gpt2, llama, bert, roberta, vit, deit
  std::int64_t hidden_size = 128, layers = 4, heads = 4;
  std::int64_t kv_heads = 0;  // 0: as many as heads
  std::int64_t ffn_size = 0;  // 0: four times hidden_size
  std::int64_t vocab_size = 1024, positions = 64;
  std::int64_t image_size = 28, patch_size = 4, channels = 1, labels = 10;
  std::string activation = "gelu";
  bool tied_head = true, head_bias = false;
  double init_std = 0.02;
  bool scaled_output = false;

  void visit(config::Visitor& v);
};

// The sizes of a fresh model as its architecture's config. UserError where they cannot be.
model::TransformerConfig fresh_config(const ModelChoice& choice);

struct LoadedModel {
  model::TransformerConfig config;
  model::Weights weights;  // canonical, float32
};
LoadedModel load_model(const ModelChoice& choice, std::uint64_t seed);

}  // namespace frugal::train
