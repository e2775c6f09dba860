// A tiny transformer (support/tiny_transformer.h) with random values, grown, and how far that is from it.
#pragma once

#include <utility>

#include "grow/difference.h"
#include "grow/operator.h"
#include "support/test.h"
#include "support/tiny_transformer.h"

namespace frugal::test {

inline grow::OperatorConfig with(const std::string& width, const std::string& depth = "identity") {
  grow::OperatorConfig config;
  config.width = width;
  config.depth = depth;
  return config;
}

struct Grown {
  grow::GrowthPlan plan;
  model::Weights small, large;
  double difference;
};

// Every weight of the large one has its shape and finite values.
inline Grown grow_and_measure(const model::TransformerConfig& source, const grow::TargetConfig& sizes,
                              const grow::OperatorConfig& config = {},
                              c10::ScalarType type = torch::kFloat32) {
  model::Weights small = shaken(source, 7, type);
  const grow::PlannedGrowth growth(grow::make_plan(source, grow::target_of(source, sizes), config, 3));
  model::Weights large = grow::grow(growth, small);
  for (const auto& spec : model::weight_specs(growth.target())) {
    REQUIRE(large.at(spec.name).sizes() == c10::IntArrayRef(spec.shape));
    REQUIRE(large.at(spec.name).isfinite().all().item<bool>());
  }
  const double difference = grow::measure_difference(source, small, growth.target(), large, 5).largest;
  return {growth.plan(), std::move(small), std::move(large), difference};
}

}  // namespace frugal::test
