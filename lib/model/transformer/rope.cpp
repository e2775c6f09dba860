#include "model/transformer/rope.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>

#include "base/error.h"

namespace frugal::model {
namespace {

// Up to which pair a frequency makes at least `turns` turns over the first training's length (YaRN, eq. 17).
double pair_of(const Rope& rope, double turns, std::int64_t dim) {
  return static_cast<double>(dim) * std::log(rope.original / (turns * 2 * std::numbers::pi)) /
         (2 * std::log(rope.theta));
}

void stretch_yarn(const Rope& rope, std::int64_t dim, std::vector<double>& inverse) {
  double low = pair_of(rope, rope.beta_fast, dim), high = pair_of(rope, rope.beta_slow, dim);
  if (rope.truncate) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  low = std::max(low, 0.0);
  high = std::min(high, static_cast<double>(dim - 1));
  if (low == high) high += 0.001;
  for (std::size_t i = 0; i < inverse.size(); ++i) {
    const double ramp = std::clamp((static_cast<double>(i) - low) / (high - low), 0.0, 1.0);
    inverse[i] = inverse[i] / rope.factor * ramp + inverse[i] * (1 - ramp);
  }
}

void stretch_llama3(const Rope& rope, std::vector<double>& inverse) {
  for (double& one : inverse) {
    const double wavelength = 2 * std::numbers::pi / one;
    if (wavelength < rope.original / rope.high) continue;
    if (wavelength > rope.original / rope.low) {
      one /= rope.factor;
      continue;
    }
    const double smooth = (rope.original / wavelength - rope.low) / (rope.high - rope.low);
    one = (1 - smooth) * one / rope.factor + smooth * one;
  }
}

double yarn_magnitude(double factor, double scale) {
  return factor <= 1 ? 1 : 0.1 * scale * std::log(factor) + 1;
}

void read_scaling(const config::JsonNode& node, const config::JsonNode& top, std::int64_t positions,
                  Rope& rope) {
  const auto positive = config::greater_than(0);
  rope.kind = node.text_or("rope_type", node.text_or("type", "default"));
  if (rope.kind == "su") rope.kind = "longrope";
  const double longest = static_cast<double>(positions);
  const double otherwise = rope.kind == "llama3" ? 8192 : longest;
  rope.original =
      node.number_or("original_max_position_embeddings",
                     top.number_or("original_max_position_embeddings", otherwise, positive), positive);
  rope.factor = node.number_or(
      "factor", rope.kind == "yarn" || rope.kind == "longrope" ? longest / rope.original : 1, positive);
  rope.low = node.number_or("low_freq_factor", 1);
  rope.high = node.number_or("high_freq_factor", 4);
  if (rope.kind == "yarn") {
    rope.beta_fast = node.number_or("beta_fast", 32, positive);
    rope.beta_slow = node.number_or("beta_slow", 1, positive);
    rope.truncate = node.flag_or("truncate", true);
    const double scale = node.number_or("mscale", 0), all = node.number_or("mscale_all_dim", 0);
    const double inferred = scale != 0 && all != 0
                                ? yarn_magnitude(rope.factor, scale) / yarn_magnitude(rope.factor, all)
                                : yarn_magnitude(rope.factor, 1);
    rope.magnitude = node.number_or("attention_factor", inferred);
  } else if (rope.kind == "longrope") {
    rope.short_factors = node["short_factor"].numbers(positive);
    rope.long_factors = node["long_factor"].numbers(positive);
    const double inferred =
        rope.factor <= 1 ? 1 : std::sqrt(1 + std::log(rope.factor) / std::log(rope.original));
    rope.magnitude = node.number_or("attention_factor", inferred);
  } else if (rope.kind != "default" && rope.kind != "linear" && rope.kind != "dynamic" &&
             rope.kind != "llama3") {
    node.fail("rotary scaling of the kind '" + rope.kind + "' is not supported",
              "default, linear, dynamic, llama3, yarn, longrope");
  }
}

}  // namespace

std::vector<double> Rope::frequencies(std::int64_t dim, std::int64_t tokens) const {
  std::vector<double> inverse;
  for (std::int64_t i = 0; i < dim; i += 2) {
    inverse.push_back(1 / std::pow(theta, static_cast<double>(i) / static_cast<double>(dim)));
  }
  if (kind == "linear") {
    for (double& one : inverse) one /= factor;
  } else if (kind == "llama3") {
    stretch_llama3(*this, inverse);
  } else if (kind == "yarn") {
    stretch_yarn(*this, dim, inverse);
  } else if (kind == "longrope") {
    const auto& by = static_cast<double>(tokens) > original ? long_factors : short_factors;
    if (by.size() != inverse.size()) {
      throw base::UserError("rope_scaling", "has " + std::to_string(by.size()) + " factors, but a head has " +
                                                std::to_string(inverse.size()) + " pairs");
    }
    for (std::size_t i = 0; i < inverse.size(); ++i) inverse[i] /= by[i];
  }
  return inverse;
}

Rope read_rope(const config::JsonNode& node, double theta, std::int64_t positions,
               const std::string& layer_kind) {
  Rope rope;
  rope.theta = node.number_or("rope_theta", theta, config::greater_than(0));
  auto scaling = node.find("rope_parameters");
  if (scaling && scaling->json().is_object() && !layer_kind.empty() && scaling->has(layer_kind)) {
    scaling = scaling->find(layer_kind);
  }
  if (!scaling || !scaling->json().is_object()) scaling = node.find("rope_scaling");
  if (!scaling || !scaling->json().is_object()) return rope;
  rope.theta = scaling->number_or("rope_theta", rope.theta, config::greater_than(0));
  read_scaling(*scaling, node, positions, rope);
  return rope;
}

}  // namespace frugal::model
