// Schemes under a memory limit: the exact optimum against all selections tried, evolution against the
// optimum.
#include "sparse/selection.h"

#include <chrono>
#include <cmath>
#include <limits>

#include "base/random.h"
#include "sparse/evolution.h"
#include "sparse/knapsack.h"
#include "support/message_of.h"
#include "support/test.h"
#include "support/tiny_model.h"

using namespace frugal;
using sparse::Selection;
using sparse::SelectionProblem;

namespace {

constexpr double impossible = -std::numeric_limits<double>::infinity();

// `steps`: gains are multiples of 1/steps, so that many selections are equally good; 0: any numbers.
SelectionProblem random_problem(std::uint64_t seed, std::size_t layers, std::uint64_t most_choices,
                                int steps) {
  base::Random random(seed, "selection");
  const auto gain = [&] {
    const double value = 0.1 * (random.uniform() - 0.3);
    return steps > 0 ? std::round(value * steps) / steps : value;
  };
  SelectionProblem problem;
  problem.crossed_bits.assign(layers + 1, 8 * static_cast<std::int64_t>(random.below(20)));
  for (std::size_t i = layers; i > 0; --i)
    problem.crossed_bits[i - 1] = problem.crossed_bits[i] + 1 + static_cast<std::int64_t>(random.below(400));
  problem.bias_gain.push_back(0);
  for (std::size_t k = 1; k <= layers; ++k)
    problem.bias_gain.push_back(random.below(6) == 0 ? impossible : gain());
  std::int64_t all = problem.crossed_bits[0];
  for (std::size_t i = 0; i < layers; ++i) {
    problem.weights.emplace_back();
    const std::uint64_t choices = random.below(most_choices + 1);
    const auto unit = 8 * (1 + static_cast<std::int64_t>(random.below(60)));
    for (std::uint64_t c = 0; c < choices; ++c)
      problem.weights.back().push_back(
          {static_cast<double>(c + 1) / 4, unit * static_cast<std::int64_t>(c + 1), gain()});
    all += unit * static_cast<std::int64_t>(choices);
  }
  problem.limit_bits =
      problem.crossed_bits.back() +
      static_cast<std::int64_t>(random.uniform() * static_cast<double>(all - problem.crossed_bits.back()));
  return problem;
}

// The best of all selections, by counting through them.
double best_of_all(const SelectionProblem& problem) {
  double best = impossible;
  Selection selection{0, std::vector<std::int32_t>(problem.weights.size(), Selection::none)};
  for (;;) {
    for (selection.bias_layers = 0; selection.bias_layers <= problem.layer_count(); ++selection.bias_layers) {
      if (sparse::bits_of(problem, selection) <= problem.limit_bits)
        best = std::max(best, sparse::gain_of(problem, selection));
    }
    std::size_t i = 0;
    while (i < selection.choice.size() &&
           ++selection.choice[i] == static_cast<std::int32_t>(problem.weights[i].size())) {
      selection.choice[i++] = Selection::none;
    }
    if (i == selection.choice.size()) return best;
  }
}

}  // namespace

TEST_CASE("the exact selection is the best of all", "[sparse]") {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const SelectionProblem problem = random_problem(seed, 1 + seed % 6, 3, seed % 3 == 0 ? 50 : 0);
    const Selection selection = sparse::select_exactly(problem).selection;
    INFO("seed " << seed);
    REQUIRE(sparse::bits_of(problem, selection) <= problem.limit_bits);
    REQUIRE(sparse::gain_of(problem, selection) == Approx(best_of_all(problem)).margin(1e-12));
  }
}

TEST_CASE("with few states the choice is within the limit and its bound above the best of all", "[sparse]") {
  int given_up = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const SelectionProblem problem = random_problem(seed, 5 + seed % 2, 3, 0);
    const sparse::ExactSelection solved = sparse::select_exactly(problem, 1);
    const double best = best_of_all(problem), gain = sparse::gain_of(problem, solved.selection);
    INFO("seed " << seed);
    REQUIRE(sparse::bits_of(problem, solved.selection) <= problem.limit_bits);
    REQUIRE(gain <= best + 1e-12);
    REQUIRE(solved.bound >= best - 1e-12);
    REQUIRE(gain * (1 + solved.gap(gain)) >= best - 1e-12);
    given_up += solved.gap(gain) > 0;
  }
  CHECK(given_up > 0);
}

TEST_CASE("gains nearly proportional to memory: a small gap is proven with few states", "[sparse]") {
  for (const double noise : {0.0, 1e-6, 1e-3}) {
    base::Random random(7, "proportional");
    SelectionProblem problem = random_problem(3, 60, 0, 0);
    std::int64_t all = problem.crossed_bits[0];
    for (std::vector<sparse::Choice>& layer : problem.weights) {
      const std::int64_t unit = 8 * (200 + static_cast<std::int64_t>(random.below(6000)));
      for (const std::int64_t eighths : {1, 2, 4, 8})
        layer.push_back({static_cast<double>(eighths) / 8, unit * eighths,
                         1e-8 * static_cast<double>(unit * eighths) * (1 + noise * random.uniform())});
      all += 8 * unit;
    }
    problem.limit_bits = all / 2;
    const sparse::ExactSelection solved = sparse::select_exactly(problem);
    const double gain = sparse::gain_of(problem, solved.selection);
    INFO("noise " << noise << ", gap " << solved.gap(gain));
    CHECK(solved.states <= 2 * sparse::usual_states);
    CHECK(solved.gap(gain) < 1e-3);
    CHECK(sparse::select_exactly(problem).selection.choice == solved.selection.choice);
  }
}

TEST_CASE("weights below the trained biases pay for the layers that the backward pass crosses", "[sparse]") {
  SelectionProblem problem;
  problem.crossed_bits = {1000, 600, 300, 50};
  problem.bias_gain = {0, 0.1, 0.1, 0.1};
  problem.weights = {{{1, 8, 0.5}}, {}, {{1, 8, 0.05}}};
  problem.limit_bits = 1007;
  CHECK(sparse::scheme_of(problem, sparse::select_exactly(problem).selection).weights.front().layer == 2);
  problem.limit_bits = 1008;
  const Selection low = sparse::select_exactly(problem).selection;
  CHECK(low.choice == std::vector<std::int32_t>{0, Selection::none, Selection::none});
  CHECK(low.bias_layers == 1);  // no more biases than are of use
  CHECK(sparse::lowest_layer(low) == 0);
  CHECK(sparse::bits_of(problem, low) == 1008);
}

TEST_CASE("memory of a selection is that of its scheme", "[sparse]") {
  const ir::Graph graph = test::tiny_int8_model(1).graph;
  const sparse::ExtraMemory memory(graph);
  SelectionProblem problem;
  for (std::int64_t first = 0; first <= memory.layer_count(); ++first) {
    problem.crossed_bits.push_back(memory.crossed_bits(first));
    problem.bias_gain.push_back(0);
  }
  for (std::int64_t layer = 0; layer < memory.layer_count(); ++layer) {
    problem.weights.emplace_back();
    for (const double fraction : {0.25, 0.5, 1.0})
      problem.weights.back().push_back({fraction, memory.weight_bits(layer, fraction), 0});
  }
  base::Random random(3, "selections");
  for (int i = 0; i < 100; ++i) {
    Selection selection{static_cast<std::int64_t>(random.below(5)), {}};
    for (int layer = 0; layer < 4; ++layer)
      selection.choice.push_back(static_cast<std::int32_t>(random.below(4)) - 1);
    CHECK(sparse::bits_of(problem, selection) ==
          sparse::extra_memory_bits(graph, sparse::scheme_of(problem, selection)));
  }
}

TEST_CASE("a limit below the smallest scheme is refused with the smallest that works", "[sparse]") {
  SelectionProblem problem = random_problem(1, 4, 3, 0);
  problem.crossed_bits.back() = 8 * 160 - 3;
  problem.limit_bits = 8 * 159;
  for (const bool exact : {true, false}) {
    try {
      exact ? sparse::select_exactly(problem).selection : sparse::evolve(problem, {});
      FAIL("no error");
    } catch (const base::UserError& error) {
      CHECK(error.message() == "is below the smallest scheme: 159 bytes");
      CHECK(error.hint() == "the head alone needs 160 bytes: --limit 160B");
    }
  }
}

TEST_CASE("what is worth nothing or no number is not chosen", "[sparse]") {
  SelectionProblem problem = random_problem(2, 3, 0, 0);
  problem.limit_bits = 1 << 30;
  problem.bias_gain = {0, impossible, -0.1, impossible};
  problem.weights = {{{1, 8, std::nan("")}, {0.5, 8, impossible}}, {{1, 8, -0.2}}, {{1, 8, 0}}};
  const Selection selection = sparse::select_exactly(problem).selection;
  CHECK(selection.bias_layers == 0);
  CHECK(sparse::scheme_of(problem, selection).weights.empty());
}

TEST_CASE("60 layers of 4 fractions are solved exactly", "[sparse]") {
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    SelectionProblem problem = random_problem(seed, 60, 4, 0);
    const sparse::ExactSelection exact = sparse::select_exactly(problem);
    CHECK(sparse::bits_of(problem, exact.selection) <= problem.limit_bits);
    const double best = sparse::gain_of(problem, exact.selection);
    sparse::EvolutionConfig config;
    config.generations = 60;
    const double evolved = sparse::gain_of(problem, sparse::evolve(problem, config));
    INFO("exact " << best << ", evolution " << evolved << ", states " << exact.states);
    CHECK(evolved <= best + 1e-12);
    CHECK(evolved > 0.7 * best);
    CHECK(exact.states < 200000);
  }
}

TEST_CASE("evolution finds the optimum of small problems, the same from the same seed", "[sparse]") {
  int found = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const SelectionProblem problem = random_problem(seed, 6, 3, 0);
    const Selection evolved = sparse::evolve(problem, {});
    CHECK(sparse::bits_of(problem, evolved) <= problem.limit_bits);
    CHECK(evolved.choice == sparse::evolve(problem, {}).choice);
    found += sparse::gain_of(problem, evolved) >
             sparse::gain_of(problem, sparse::select_exactly(problem).selection) - 1e-12;
  }
  CHECK(found >= 18);
}
