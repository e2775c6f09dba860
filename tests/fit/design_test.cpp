#include "fit/decide/design.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "campaign/measure.h"
#include "fit/law/expression_law.h"
#include "fit/surface/law_surface.h"
#include "support/test.h"

using namespace frugal;

namespace {

fit::DesignConfig grid() {
  fit::DesignConfig config;
  config.axes.resize(2);
  config.axes[0].name = "width";
  config.axes[0].count = 3;
  config.axes[0].set = "network.width";
  config.axes[1].name = "fraction";
  config.axes[1].values = {1, 0.25};
  config.size = "1e6*width^2";
  config.data = "1e6*fraction";
  config.seeds = 2;
  config.seed_set = "seed";
  return config;
}

fit::LawSurface known_surface() {
  fit::SurfaceComponent component;
  component.law = fit::make_expression_law("E + A/N^alpha + B/D^beta", {}, "test");
  component.theta = {1.5, 300, 0.33, 200, 0.27};
  fit::Runs runs;
  std::vector<double> sizes, amounts;
  for (const double size : {1e4, 3e4}) {
    for (const double data : {1e4, 1e5}) {
      sizes.push_back(size);
      amounts.push_back(data);
      runs.y.push_back(2);
    }
  }
  runs.set_column("size", sizes);
  runs.set_column("data", amounts);
  return fit::LawSurface({component}, fit::Misfit{}, {}, runs);
}

}  // namespace

TEST_CASE("a grid is every combination, cheap runs first, with what the trainer needs") {
  const auto runs = fit::design_runs(grid(), nullptr, "d.json");
  REQUIRE(runs.size() == 12);
  std::set<std::string> ids;
  for (const auto& run : runs) ids.insert(run.id);
  CHECK(ids.size() == 12);
  CHECK(runs.front().id == "width0.25-fraction0.25-seed0");
  CHECK(runs.front().settings == std::vector<std::string>{"network.width=0.25", "seed=0"});
  CHECK(runs.front().cost == Approx(6 * 62500.0 * 250000));
  CHECK(runs.back().cost == Approx(6e12));
  fit::DesignConfig corner = grid();
  corner.most_cost_share = 0.1;
  for (const auto& run : fit::design_runs(corner, nullptr, "d.json")) CHECK(run.cost <= 0.1 * 6e12);
  CHECK_THROWS_AS(fit::design_runs(fit::DesignConfig(), nullptr, "d.json"), base::UserError);
}

TEST_CASE("an optimal design keeps to its budget and prefers runs of other scales to repeats of one") {
  const fit::LawSurface surface = known_surface();
  fit::DesignConfig config = grid();
  config.budget = 2e12;
  for (const char* criterion : {"target", "parameters"}) {
    config.criterion = criterion;
    const auto chosen = fit::design_runs(config, &surface, "d.json");
    REQUIRE(chosen.size() >= 3);
    double total = 0;
    std::set<std::pair<double, double>> scales;
    for (const auto& run : chosen) {
      total += run.cost;
      scales.insert({run.size, run.data});
    }
    CHECK(total <= 2e12);
    CHECK(scales.size() >= 3);
    // The first choice is no repeat of the second: one seed of a scale makes the other worth less.
    CHECK((chosen[0].size != chosen[1].size || chosen[0].data != chosen[1].data || chosen.size() < 4));
  }
  config.size.clear();
  CHECK_THROWS_AS(fit::design_runs(config, &surface, "d.json"), base::UserError);
}

TEST_CASE("a command is filled from a run's line") {
  campaign::MeasureConfig config;
  config.folder = "runs";
  config.command = {"train", "{set}", "--name={id}", "{width}", "{out}", "{"};
  const nlohmann::json line = {{"id", "a"}, {"width", 0.5}, {"set", {"x=1", "y=2"}}};
  CHECK(campaign::command_for(line, config, "m.json") ==
        std::vector<std::string>{"train", "--set", "x=1", "--set", "y=2", "--name=a", "0.5", "runs/a", "{"});
  config.command = {"{widht}"};
  CHECK_THROWS_AS(campaign::command_for(line, config, "m.json"), base::UserError);
}

TEST_CASE("a design of more runs than anyone makes is refused before they are listed") {
  fit::DesignConfig config = grid();
  config.seeds = 1000;
  for (fit::DesignAxis& axis : config.axes) axis.values.assign(1000, 1.0);
  try {
    fit::design_runs(config, nullptr, "d.json");
    FAIL("not refused");
  } catch (const base::UserError& error) {
    REQUIRE(std::string(error.what()) ==
            "d.json:/axes: make 1e+09 runs with 1000 seeds; at most 1000000 are designed");
  }
}
