// Fit files: what an earlier version wrote is still read and predicts what it predicted; what this version
// writes is read back without fitting.
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "fit/command/decision.h"
#include "fit/decide/decide.h"
#include "support/test.h"

using namespace frugal;
using nlohmann::json;

namespace {

// Fits of tests/fit/old_fits, with the keys of that time: one curve, one law with draws and isoFLOP budgets,
// one posterior with effective data and an outlier. expected.json is what `predict` and `plan` said then.
json old_file(const std::string& name) {
  return json::parse(base::read_text(test::source_dir() + "/tests/fit/old_fits/" + name + ".json"));
}

fit::RunScale scale_of(const json& at) {
  fit::RunScale scale;
  for (const auto& [variable, value] : at.items()) scale.of(variable) = value;
  return scale;
}

void check_estimate(const fit::Estimate& found, const json& expected) {
  CHECK(found.value == Approx(expected["value"].get<double>()).epsilon(1e-9));
  CHECK(found.low == Approx(expected["low"].get<double>()).epsilon(1e-9));
  CHECK(found.high == Approx(expected["high"].get<double>()).epsilon(1e-9));
}

void check_predictions(const fit::Surface& surface, const json& expected) {
  for (const json& one : expected["predictions"])
    check_estimate(surface.predict(scale_of(one["at"]), 0.95), one["error"]);
  for (const json& one : expected["floors"]) {
    fit::RunScale held = surface.largest();
    for (const auto& [variable, value] : one["held"].items()) held.of(variable) = value;
    check_estimate(fit::scale_for_target(surface, one["variable"].get<std::string>(), held, 1, 0.95).floor,
                   one["floor"]);
  }
}

// The file again, as this version writes it.
json written(const json& file, const fit::Surface& surface) {
  json now = file;
  nlohmann::ordered_json one = {{"kind", surface.kind()}};
  surface.write(one);
  one["runs"] = file["fits"][0]["runs"];
  now["fits"] = json::array({json::parse(one.dump())});
  return now;
}

}  // namespace

TEST_CASE("fit files of the first version predict what they predicted", "[fit]") {
  const json all = old_file("expected");
  for (const auto& [name, expected] : all.items()) {
    CAPTURE(name);
    const fit::ReadFit fit = fit::read_fit(old_file(name), name, "");
    check_predictions(*fit.surface, expected);
    CHECK(fit.surface->note.empty() == (name != "curve"));
  }
}

TEST_CASE("each draw of a posterior is a law of its own, the first one too", "[fit]") {
  const fit::ReadFit fit = fit::read_fit(old_file("posterior"), "posterior", "");
  const fit::RunScale at = fit.surface->largest();
  const double estimate = fit.surface->error(at, fit::Surface::estimate, false);
  for (const int draw : {0, 1}) CHECK(fit.surface->error(at, draw, false) != estimate);
}

TEST_CASE("what a run of a curve costs is its data where no cost can be counted", "[fit]") {
  const fit::ReadFit fit = fit::read_fit(old_file("curve"), "curve", "");
  const fit::Cost cost("6*N*D");
  fit::RunScale run;
  run.data = 1e9;
  CHECK(fit::run_cost(*fit.surface, &cost, run) == 1e9);
  run.size = 2;
  CHECK(fit::run_cost(*fit.surface, &cost, run) == 12e9);
  CHECK(fit::run_cost(*fit.surface, nullptr, run) == 1e9);
  run.compute = 5;
  CHECK(fit::run_cost(*fit.surface, &cost, run) == 5);
}

TEST_CASE("a surface comes back from what it wrote", "[fit]") {
  const json expected = old_file("expected");
  for (const std::string name : {"curve", "laws", "posterior"}) {
    CAPTURE(name);
    const json file = old_file(name);
    const fit::ReadFit before = fit::read_fit(file, name, "");
    json now = written(file, *before.surface);
    // Nothing is fitted to the runs' errors again, but for the posterior's cells, which are theirs.
    if (name != "posterior")
      for (json& error : now["fits"][0]["runs"]["error"]) error = 2 * error.get<double>();
    const fit::ReadFit after = fit::read_fit(now, name, "");
    CHECK(after.surface->kind() == std::string(name));
    CHECK(after.surface->note.empty());
    REQUIRE(after.surface->draws() == before.surface->draws());
    for (const json& one : expected[name]["predictions"]) {
      const fit::RunScale scale = scale_of(one["at"]);
      for (int draw = fit::Surface::estimate; draw < after.surface->draws(); ++draw)
        for (const bool with_misfit : {false, true})
          CHECK(after.surface->error(scale, draw, with_misfit) ==
                Approx(before.surface->error(scale, draw, with_misfit)).epsilon(1e-12));
    }
  }
}

TEST_CASE("a fit file that lacks something says where", "[fit]") {
  const auto refusal = [](const json& file) {
    try {
      fit::read_fit(file, "f.json", "");
    } catch (const base::UserError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  json file = old_file("posterior");
  file["fits"][0]["posterior"]["parts"][1]["noise"] = "small";
  CHECK_THAT(refusal(file), Catch::Contains("f.json:/fits/0/posterior/parts/1/noise: must be"));
  file = old_file("laws");
  file["fits"][0]["laws"][0]["draws"][2] = {1, 2};
  CHECK_THAT(refusal(file),
             Catch::Contains("f.json:/fits/0/laws/0/draws/2: must have one value a parameter"));
  file = old_file("curve");
  file["fits"][0]["runs"]["data"][0] = 0;
  CHECK_THAT(refusal(file), Catch::Contains("f.json:/fits/0/runs/data/0: must be > 0"));
  file = old_file("curve");
  file["fits"][0]["curve"]["variable"] = "size";
  CHECK_THAT(refusal(file), Catch::Contains("/fits/0/curve/variable: must be a column of the runs"));
  file = old_file("laws");
  file["fits"][0]["kind"] = "curves";
  CHECK_THAT(refusal(file), Catch::Contains("/fits/0/kind") && Catch::Contains("curve"));
}
