// Freezing one weight tensor at a time, with accuracies that are made up.
#include "sparse/freeze.h"

#include <cmath>

#include "support/test.h"
#include "support/tiny_model.h"

using namespace frugal;

namespace {

sparse::UpdateScheme everything() { return {4, {{0, 1}, {1, 1}, {2, 0.5}, {3, 1}}}; }

// 0.5, and what each trained layer is worth.
double accuracy_of(const sparse::UpdateScheme& scheme) {
  const double worth[] = {0.01, 0.2, 0.02, 0.1};
  double accuracy = 0.5;
  for (const auto& weights : scheme.weights) accuracy += worth[weights.layer];
  return accuracy;
}

std::vector<std::int64_t> frozen(const sparse::FreezeCurve& curve) {
  std::vector<std::int64_t> layers;
  for (const sparse::FreezeStep& step : curve.steps) layers.push_back(step.frozen_layer);
  return layers;
}

}  // namespace

TEST_CASE("tensors are frozen by contribution until accuracy falls below the threshold", "[sparse]") {
  const ir::Graph graph = test::tiny_int8_model(1).graph;
  const sparse::ExtraMemory memory(graph);
  const std::vector<double> contribution{0.3, 0.2, std::nan(""), 0.1};  // wrong about layer 0
  const sparse::FreezeCurve curve =
      sparse::freeze_one_by_one(memory, everything(), contribution, 0.70, accuracy_of);
  CHECK(frozen(curve) == std::vector<std::int64_t>{-1, 2, 3, 1});
  CHECK(curve.chosen == 2);
  CHECK(curve.steps[2].accuracy == Approx(0.71));
  CHECK(curve.steps[2].scheme.weights.size() == 2);
  for (std::size_t i = 1; i < curve.steps.size(); ++i) {
    CHECK(curve.steps[i].bits < curve.steps[i - 1].bits);
    CHECK(curve.steps[i].bits == sparse::extra_memory_bits(graph, curve.steps[i].scheme));
  }
}

TEST_CASE("without contributions every tensor is tried", "[sparse]") {
  const sparse::ExtraMemory memory(test::tiny_int8_model(1).graph);
  int evaluations = 0;
  const sparse::Evaluate evaluate = [&](const sparse::UpdateScheme& scheme) {
    ++evaluations;
    return accuracy_of(scheme);
  };
  const sparse::FreezeCurve curve = sparse::freeze_one_by_one(memory, everything(), {}, 0.0, evaluate);
  CHECK(frozen(curve) == std::vector<std::int64_t>{-1, 0, 2, 3, 1});
  CHECK(curve.chosen == 4);  // all weights frozen, still above
  CHECK(evaluations == 1 + 4 + 3 + 2 + 1);
}

TEST_CASE("of tensors that contribute alike, the one goes that frees most memory", "[sparse]") {
  const sparse::ExtraMemory memory(test::tiny_int8_model(1).graph);
  const auto freed = [&](std::size_t layer) {
    sparse::UpdateScheme without = everything();
    without.weights.erase(without.weights.begin() + static_cast<std::ptrdiff_t>(layer));
    return memory.bits(everything()) - memory.bits(without);
  };
  std::size_t most = 0;
  for (std::size_t layer = 1; layer < 4; ++layer) {
    REQUIRE(freed(layer) != freed(most));
    if (freed(layer) > freed(most)) most = layer;
  }
  REQUIRE(most != 0);  // the first one is not what a missing rule would take
  const sparse::Evaluate level = [](const sparse::UpdateScheme&) { return 0.5; };
  for (const std::vector<double>& contribution : {std::vector<double>(4, 0.1), std::vector<double>{}}) {
    const sparse::FreezeCurve curve =
        sparse::freeze_one_by_one(memory, everything(), contribution, 0.4, level);
    CHECK(curve.steps[1].frozen_layer == static_cast<std::int64_t>(most));
  }
}

TEST_CASE("a start below the threshold stays as it is and says so; a diverged training stops", "[sparse]") {
  const sparse::ExtraMemory memory(test::tiny_int8_model(1).graph);
  const sparse::FreezeCurve low = sparse::freeze_one_by_one(memory, everything(), {}, 0.99, accuracy_of);
  CHECK_FALSE(low.reached);
  CHECK(low.steps.size() == 1);
  const sparse::Evaluate diverging = [](const sparse::UpdateScheme& scheme) {
    return scheme.weights.size() < 3 ? std::nan("") : 0.9;
  };
  const sparse::FreezeCurve curve =
      sparse::freeze_one_by_one(memory, everything(), {1, 2, 3, 4}, 0.5, diverging);
  CHECK(curve.steps.size() == 3);
  CHECK(curve.chosen == 1);
}
