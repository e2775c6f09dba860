// Losses of the paper, their derivatives, and targets that cannot be.
#include "search/strategy/objective.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "search/cost/operation.h"
#include "search/run/run.h"
#include "support/test.h"

using namespace frugal;
using namespace frugal::search;
using Catch::Contains;

namespace {

SearchSpace small_space() {
  SpaceConfig config;
  config.input_channels = 1;
  config.classes = 2;
  config.resolution = 8;
  config.stem = 4;
  config.first_block = config.head = 0;
  config.candidates = {"3e1", "5e2", "Z"};
  config.stages = {{4, 2, 1, {}}};
  return {config, ""};
}

std::string error_of(const ObjectiveConfig& config) {
  try {
    const Objective objective(config, small_space(), "objective");
  } catch (const base::UserError& error) {
    return error.place() + ": " + error.message() + " | " + error.hint();
  }
  return "no error";
}

}  // namespace

TEST_CASE("The paper's losses and their derivatives", "[search]") {
  ObjectiveConfig config;
  config.loss = GENERATE("mul_log", "add_linear");
  config.reference = 2000;
  const SearchSpace space = small_space();
  const Objective objective(config, space, "objective");
  const double ce = 1.7, expected = 5000, step = 1e-4;
  const Objective::Loss loss = objective.loss(ce, expected);
  if (config.loss == "mul_log") {
    CHECK(loss.value == Approx(1.7 * 0.2 * std::pow(std::log(5000) / std::log(2000), 0.3)));
  } else {
    CHECK(loss.value == Approx(1.7 + 0.1 * 1.5));
  }
  CHECK(
      loss.by_cross_entropy ==
      Approx((objective.loss(ce + step, expected).value - objective.loss(ce - step, expected).value) / 2e-4));
  CHECK(loss.by_expected ==
        Approx((objective.loss(ce, expected + 1).value - objective.loss(ce, expected - 1).value) / 2));
}

TEST_CASE("mul_log of costs below 1 counts in a smaller unit", "[search]") {
  ObjectiveConfig config;
  config.loss = "mul_log";
  config.metric = "latency_ms";
  config.reference = 0.5;
  const SearchSpace space = small_space();
  const test::TempDir folder;
  search::LatencyTable table;
  for (const auto& piece : search::operations_of(space)) {
    if (piece.is_free()) continue;
    table.operations[search::key_of(piece, table.style).value()].ms = 0.02;
  }
  test::write_text(folder / "table.json", search::to_json(table).dump());
  config.table = folder / "table.json";
  const Objective objective(config, space, "objective");
  CHECK(objective.costs().least() < 1);
  CHECK(objective.unit() == Approx(1e-3));  // 500 µs
  const Objective::Loss loss = objective.loss(1.7, 0.8);
  CHECK(loss.value == Approx(1.7 * 0.2 * std::pow(std::log(800) / std::log(500), 0.3)));
  CHECK(loss.by_expected ==
        Approx((objective.loss(1.7, 0.8 + 1e-5).value - objective.loss(1.7, 0.8 - 1e-5).value) / 2e-5));
  // Dearer is worse on both sides of the reference.
  CHECK(objective.loss(1.7, 0.1).value < objective.loss(1.7, 0.5).value);
  CHECK(objective.loss(1.7, 0.5).value < objective.loss(1.7, 2).value);
}

TEST_CASE("The expected cost and its gradient in the architecture", "[search]") {
  const SearchSpace space = small_space();
  const Objective objective({}, space, "objective");
  const std::vector<std::vector<double>> alpha = {{0.3, -0.2, 0.1}, {0, 1, -1}};
  const auto probabilities = [](std::vector<std::vector<double>> scores) {
    scores = log_softmax(scores);
    for (auto& block : scores) {
      for (double& value : block) value = std::exp(value);
    }
    return scores;
  };
  const auto p = probabilities(alpha);
  // By enumeration of all nine networks.
  double mean = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < 3; ++j) {
      mean += p[0][i] * p[1][j] * static_cast<double>(network::mac_count(space.network({i, j})));
    }
  }
  CHECK(objective.expected(p) == Approx(mean));
  for (std::size_t i = 0; i < 3; ++i) {
    auto more = alpha, less = alpha;
    more[1][i] += 1e-5;
    less[1][i] -= 1e-5;
    const double numeric =
        (objective.expected(probabilities(more)) - objective.expected(probabilities(less))) / 2e-5;
    CHECK(objective.expected_gradient(1, p[1])[i] == Approx(numeric).epsilon(1e-4));
  }
}

TEST_CASE("Targets that cannot be are told before anything is trained", "[search]") {
  ObjectiveConfig config;
  config.loss = "add_linear";
  CHECK_THAT(error_of(config), Contains("objective/reference"));
  config.loss = "none";
  config.metric = "latency_ms";
  CHECK_THAT(error_of(config), Contains("objective/table"));
  config.metric = "macs";
  config.limits = {{"macs", 10}};
  CHECK_THAT(error_of(config), Contains("objective/limits") && Contains("macs"));
  config.limits = {{"watts", 10}};
  CHECK_THAT(error_of(config), Contains("watts"));
  config.limits = {{"macs", 1e6}};
  CHECK(error_of(config) == "no error");
  config.metric = "sram_bytes";
  config.loss = "add_linear";
  config.reference = 10;
  CHECK_THAT(error_of(config), Contains("peak"));
}

TEST_CASE("The timetable of the paper", "[search]") {
  ScheduleConfig config;
  config.warmup_epochs = 2;
  config.epochs = 4;
  const Timetable table(config, 12);
  CHECK(table.warm_up() == 24);
  CHECK(table.total() == 72);
  CHECK(table.learning_rate(0) == Approx(0.05));
  CHECK(table.learning_rate(12) == Approx(0.025));
  CHECK(table.learning_rate(24) == Approx(0.025));
  CHECK(table.learning_rate(71) < 1e-4);
  std::vector<std::int64_t> at;
  for (std::int64_t step = 0; step < table.total(); ++step) {
    if (table.architecture_at(step) > 0) at.push_back(step);
  }
  // None in the warm-up and the first epoch of the search; then after the 5th and 10th batch of each epoch.
  CHECK(at == std::vector<std::int64_t>{41, 46, 53, 58, 65, 70});
  CHECK(table.architecture_before(54) == 3);
}
