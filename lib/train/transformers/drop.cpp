#include "train/transformers/drop.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <cmath>

#include "base/random.h"

namespace frugal::train {

void DropConfig::visit(config::Visitor& v) {
  v.field("layer_keep", layer_keep, config::between(0.05, 1),
          "progressive layer dropping (Zhang, He 2020): how often the last layer runs; 1: always");
  v.field("layer_speed", layer_speed, config::at_least(0),
          "the share falls as exp(-speed * step); 0: at once");
  v.field("token_keep", token_keep, config::between(0.05, 1),
          "random token dropping (Yao et al. 2022): share of the tokens that the middle layers see; 1: all");
  v.field("token_first", token_first, config::at_least(0), "first layer that sees part of the tokens");
  v.field("token_last", token_last, config::any_number(),
          "first layer that sees all again; -1: the last one");
}

namespace {

// Which layers run: the deeper a layer, the more often it is passed over.
std::vector<bool> draw_layers(const DropConfig& config, std::int64_t layers, std::uint64_t seed,
                              std::int64_t step) {
  base::Random random(seed, fmt::format("drop-layers/{}", step));
  const double fallen =
      config.layer_speed > 0 ? 1 - std::exp(-config.layer_speed * static_cast<double>(step)) : 1;
  std::vector<bool> run;
  for (std::int64_t i = 0; i < layers; ++i) {
    const double depth = static_cast<double>(i + 1) / static_cast<double>(layers);
    run.push_back(random.uniform() >= depth * fallen * (1 - config.layer_keep));
  }
  return run;
}

// [rows, kept] positions, rising; the first `always` of a row (the class tokens of an image) are among them.
torch::Tensor draw_tokens(std::int64_t rows, std::int64_t kept, std::size_t tokens, std::size_t always,
                          std::uint64_t seed, std::int64_t step) {
  torch::Tensor positions = torch::empty({rows, kept}, torch::kInt64);
  auto* out = positions.data_ptr<std::int64_t>();
  for (std::int64_t row = 0; row < rows; ++row, out += kept) {
    base::Random random(seed, fmt::format("drop-tokens/{}/{}", step, row));
    const auto order = random.permutation(tokens - always);
    for (std::int64_t i = 0; i < kept; ++i) {
      const auto at = static_cast<std::size_t>(i);
      out[i] = static_cast<std::int64_t>(at < always ? at : order[at - always] + always);
    }
    std::sort(out, out + kept);
  }
  return positions;
}

}  // namespace

model::ForwardOptions draw_drops(const DropConfig& config, const model::TransformerConfig& model,
                                 std::uint64_t seed, std::int64_t step, std::int64_t rows,
                                 std::int64_t tokens, double* share) {
  model::ForwardOptions options;
  double work = static_cast<double>(model.layers);
  if (config.layer_keep < 1) {
    options.run_layer = draw_layers(config, model.layers, seed, step);
    for (const bool runs : options.run_layer) work -= runs ? 0 : 1;
  }
  const auto kept = static_cast<std::int64_t>(std::lround(config.token_keep * static_cast<double>(tokens)));
  const std::int64_t last = config.token_last < 0 ? model.layers + config.token_last : config.token_last;
  if (kept < tokens && config.token_first < last) {
    options.kept_first = config.token_first;
    options.kept_last = std::min(last, model.layers);
    for (std::int64_t i = options.kept_first; i < options.kept_last; ++i) {
      const bool runs = options.run_layer.empty() || options.run_layer[static_cast<std::size_t>(i)];
      if (runs) work -= 1 - static_cast<double>(kept) / static_cast<double>(tokens);
    }
    if (rows > 0) {
      options.kept_tokens = draw_tokens(rows, kept, static_cast<std::size_t>(tokens),
                                        static_cast<std::size_t>(model.class_tokens()), seed, step);
    }
  }
  if (share != nullptr) *share = work / static_cast<double>(model.layers);
  return options;
}

}  // namespace frugal::train
