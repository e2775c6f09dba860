#include "grow/difference.h"

#include <torch/torch.h>

#include <algorithm>

#include "base/random.h"

namespace frugal::grow {

using model::TransformerConfig;
using model::TransformerInput;
using model::Weights;
using model::WeightsOfLayer;
using torch::Tensor;

TransformerInput sample_input(const TransformerConfig& config, std::uint64_t seed, std::int64_t tokens,
                              c10::ScalarType type) {
  base::Random random(seed, "sample input");
  TransformerInput input;
  if (config.image()) {
    input.pixels = torch::empty({2, config.channels, config.image_size, config.image_size});
    auto* pixels = input.pixels.data_ptr<float>();
    for (std::int64_t i = 0; i < input.pixels.numel(); ++i) pixels[i] = static_cast<float>(random.normal());
    input.pixels = input.pixels.to(type);
    return input;
  }
  const std::int64_t length = std::min(tokens, config.positions - config.position_offset);
  input.ids = torch::empty({2, length}, torch::kInt64);
  auto* ids = input.ids.data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < input.ids.numel(); ++i) {
    ids[i] = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(config.vocab_size)));
  }
  return input;
}

Difference measure_difference(const TransformerConfig& source, const WeightsOfLayer& small,
                              const TransformerConfig& target, const WeightsOfLayer& large,
                              c10::ScalarType type, std::uint64_t seed, std::int64_t tokens) {
  const torch::NoGradGuard no_grad;
  const TransformerInput input = sample_input(source, seed, tokens, type);
  const Tensor a = logits_by_layer(source, small, input);
  Tensor b = logits_by_layer(target, large, input);
  if (source.head == model::HeadKind::none) b = b.narrow(-1, 0, source.hidden_size);
  return {(a - b).abs().max().item<double>(), a.abs().max().item<double>(), a.numel()};
}

Difference measure_difference(const TransformerConfig& source, const Weights& small,
                              const TransformerConfig& target, const Weights& large, std::uint64_t seed,
                              std::int64_t tokens) {
  return measure_difference(
      source, [&](std::int64_t) { return small; }, target, [&](std::int64_t) { return large; },
      small.at("layers.0.q.weight").scalar_type(), seed, tokens);
}

}  // namespace frugal::grow
