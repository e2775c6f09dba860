#include "model/transformer/rotary.h"

#include <torch/torch.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>

#include "config/json_node.h"

namespace frugal::model {
namespace {

using torch::Tensor;

// Inverse frequencies, float64 [D/2].
std::vector<double> inverse_frequencies(const TransformerConfig& config) {
  std::vector<double> inverse;
  for (std::int64_t i = 0; i < config.head_dim; i += 2) {
    inverse.push_back(
        1 / std::pow(config.rope_theta, static_cast<double>(i) / static_cast<double>(config.head_dim)));
  }
  if (config.json.empty()) return inverse;
  const auto json = nlohmann::json::parse(config.json);
  const config::JsonNode node(json, config.origin);
  auto scaling = node.find("rope_parameters");
  if (!scaling || !scaling->json().is_object()) scaling = node.find("rope_scaling");
  if (!scaling || !scaling->json().is_object()) return inverse;
  const std::string kind = scaling->text_or("rope_type", scaling->text_or("type", "default"));
  if (kind == "default") return inverse;
  const double factor = scaling->number_or("factor", 1);
  if (kind == "linear") {
    for (double& one : inverse) one /= factor;
    return inverse;
  }
  if (kind != "llama3") {
    scaling->fail("rotary scaling of the kind '" + kind + "' is not supported", "default, linear, llama3");
  }
  const double low = scaling->number_or("low_freq_factor", 1);
  const double high = scaling->number_or("high_freq_factor", 4);
  const double original = scaling->number_or("original_max_position_embeddings", 8192);
  for (double& one : inverse) {
    const double wavelength = 2 * std::numbers::pi / one;
    if (wavelength < original / high) continue;
    if (wavelength > original / low) {
      one /= factor;
      continue;
    }
    const double smooth = (original / wavelength - low) / (high - low);
    one = (1 - smooth) * one / factor + smooth * one;
  }
  return inverse;
}

}  // namespace

void rotary_tables(const TransformerConfig& config, const Tensor& positions, std::int64_t tokens,
                   const torch::TensorOptions& options, Tensor& cos, Tensor& sin) {
  const Tensor inverse = torch::tensor(inverse_frequencies(config), torch::kFloat64);
  const Tensor at = positions.defined() ? positions.to(torch::kCPU, torch::kFloat64)
                                        : torch::arange(tokens, torch::kFloat64);
  Tensor angles = at.unsqueeze(-1) * inverse;
  angles = torch::cat({angles, angles}, -1).unsqueeze(-2);
  cos = angles.cos().to(options);
  sin = angles.sin().to(options);
}

Tensor rotate(const Tensor& x, const Tensor& cos, const Tensor& sin) {
  const std::int64_t half = x.size(-1) / 2;
  const Tensor turned = torch::cat({-x.narrow(-1, half, half), x.narrow(-1, 0, half)}, -1);
  return x * cos + turned * sin;
}

}  // namespace frugal::model
