// Processor seconds of a training step (forward, loss, backward, clip, AdamW) of two transformers on made-up
// tokens: `gpt2` 4 × 128, vocabulary 1,024, 16 × 64 tokens; `bert` (BERT-mini) 4 × 256, vocabulary 30,522,
// 32 × 128 tokens with 15 % masked. The other side is scripts/bench.d/torch_transformer.py.
//   build/bin/transformer_bench gpt2|bert [steps]
#include <torch/torch.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>

#include "model/transformer/transformer.h"
#include "tensor/device.h"
#include "train/optimizer.h"

using namespace frugal;

int main(int argc, char** argv) {
  const bool bert = argc > 1 && std::string(argv[1]) == "bert";
  const int steps = argc > 2 ? std::atoi(argv[2]) : 20;
  tensor::set_threads(1);
  model::TransformerConfig config;
  config.hidden_size = bert ? 256 : 128;
  config.heads = config.kv_heads = 4;
  config.head_dim = config.hidden_size / 4;
  config.ffn_size = 4 * config.hidden_size;
  config.vocab_size = bert ? 30522 : 1024;
  config.positions = bert ? 128 : 64;
  if (bert) {
    config.model_type = "bert";
    config.pre_norm = config.causal = config.final_norm = false;
    config.embedding_norm = config.head_bias = true;
    config.token_types = 2;
    config.head = model::HeadKind::masked;
    config.norm_eps = 1e-12;
  }
  const std::int64_t batch = bert ? 32 : 16, tokens = config.positions;
  model::Weights weights = fuse(config, initial_weights(config, 0));
  for (auto& [name, tensor] : weights.list()) tensor = tensor.detach().clone().requires_grad_();
  train::OptimizerConfig adam;
  adam.kind = "adamw";
  adam.weight_decay = 0.1;
  adam.clip_norm = 1;
  train::Optimizer optimizer(adam, weights.list());
  const torch::Tensor ids = torch::randint(config.vocab_size, {batch, tokens});
  const torch::Tensor targets = torch::randint(config.vocab_size, {batch * tokens});
  // 15 % of the positions have a loss in a masked model; the others need no logits.
  const torch::Tensor masked = torch::randperm(batch * tokens).narrow(0, 0, batch * tokens * 15 / 100);
  const auto step = [&] {
    torch::Tensor hidden = hidden_states(config, weights, {ids, {}, {}, {}}).view({-1, config.hidden_size});
    torch::Tensor wanted = targets;
    if (bert) {
      hidden = hidden.index_select(0, masked);
      wanted = wanted.index_select(0, masked);
    }
    torch::cross_entropy_loss(head_logits(config, weights, hidden), wanted).backward();
    optimizer.step(1e-3);
  };
  for (int i = 0; i < 3; ++i) step();
  const std::clock_t start = std::clock();
  for (int i = 0; i < steps; ++i) step();
  const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC / steps;
  std::printf("{\"value\": %.6f, \"what\": \"processor seconds a step\"}\n", seconds);
  return 0;
}
