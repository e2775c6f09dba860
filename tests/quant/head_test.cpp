// The head of a network that is to be trained: the old one's numbers, or as many new ones as it needs, drawn
// by the seed.
#include "quant/head.h"

#include <cmath>

#include "base/random.h"
#include "support/test.h"
#include "support/tiny_model.h"

using namespace frugal;

namespace {

// Weights and biases of the last layer.
std::pair<std::vector<float>, std::vector<float>> numbers_of(const ir::Model& model) {
  const ir::Node& node = model.graph.nodes.back();
  const auto weight = model.values<float>(node.inputs[1]), bias = model.values<float>(node.inputs[2]);
  return {{weight.begin(), weight.end()}, {bias.begin(), bias.end()}};
}

}  // namespace

TEST_CASE(
    "a new head has a number for each class and feature and one for each class, uniform within "
    "1/sqrt(features)",
    "[quant]") {
  const ir::Model model = test::tiny_int8_model(3, "tflite", 3, {1, 2, 6, 5});
  for (const std::uint64_t seed : {1, 2}) {
    const ir::Model made = quant::with_float_head(model, 5, seed, "tiny");
    const auto [weight, bias] = numbers_of(made);
    const std::vector<std::int64_t> shape = made.graph.tensor(made.graph.nodes.back().inputs[1]).shape;
    REQUIRE(shape[0] == 5);
    REQUIRE(weight.size() == static_cast<std::size_t>(5 * shape[1]));
    REQUIRE(bias.size() == 5);
    base::Random random(seed, "head");
    const double most = 1 / std::sqrt(static_cast<double>(shape[1]));
    for (const auto* list : {&weight, &bias}) {
      for (const float value : *list) REQUIRE(value == static_cast<float>((2 * random.uniform() - 1) * most));
    }
    for (const ir::TensorId id : made.graph.nodes.back().inputs) {
      const ir::Tensor& tensor = made.graph.tensor(id);
      if (tensor.role == ir::Role::parameter)
        REQUIRE(made.data[static_cast<std::size_t>(id)].size() ==
                4 * static_cast<std::size_t>(ir::elements(tensor.shape)));
    }
  }
}

TEST_CASE("the old head in float is what its integers stand for", "[quant]") {
  const ir::Model model = test::tiny_int8_model(3, "tflite", 3, {1, 2, 6, 5});
  const auto [weight, bias] = numbers_of(quant::with_float_head(model, 0, 1, "tiny"));
  const auto again = numbers_of(quant::with_float_head(model, 0, 2, "tiny"));
  REQUIRE(bias.size() == 3);
  REQUIRE(weight.size() % 3 == 0);
  REQUIRE(again.first == weight);
  REQUIRE(again.second == bias);
}
