// Intervals hold what they promise on data whose truth is known; draws follow the seed.
#include "fit/law/uncertainty.h"

#include <cmath>

#include "base/error.h"
#include "base/random.h"
#include "fit/command/isoflop.h"
#include "fit/posterior/predictive.h"
#include "fit/validate/protocol.h"
#include "report/html.h"
#include "support/test.h"

using namespace frugal;

namespace {

fit::Runs surface(double noise, std::uint64_t seed, double bend = 0) {
  base::Random random(seed);
  std::vector<double> size, data;
  fit::Runs points;
  for (int i = 0; i < 7; ++i)
    for (int j = 0; j < 6; ++j) {
      size.push_back(1e7 * std::pow(3.0, i));
      data.push_back(2e8 * std::pow(3.0, j));
      const double clean = 1.7 + 406 * std::pow(size.back(), -0.34) + 410 * std::pow(data.back(), -0.28);
      // bend: a smooth departure from the law, which no parameters of it can follow
      points.y.push_back(clean * std::exp(bend * std::sin(0.9 * i + 0.5 * j) + noise * random.normal()));
    }
  points.set_column("size", size);
  points.set_column("data", data);
  return points;
}

}  // namespace

TEST_CASE("the bootstrap follows its seed and nothing else", "[fit]") {
  const auto law = fit::find_law("chinchilla");
  const auto points = surface(0.01, 1);
  const fit::FitOptions fit_options;
  const auto at = fit::fit(*law, points, fit_options);
  fit::BootstrapOptions options;
  options.refits = 40;
  for (const auto resample : {fit::Resample::cases, fit::Resample::residuals}) {
    options.resample = resample;
    options.seed = 3;
    const auto a = fit::bootstrap(*law, points, at, fit_options, options);
    const auto b = fit::bootstrap(*law, points, at, fit_options, options);
    CHECK(a.theta == b.theta);
    options.refits = 20;  // the first refits do not depend on how many follow
    const auto fewer = fit::bootstrap(*law, points, at, fit_options, options);
    CHECK(std::equal(fewer.theta.begin(), fewer.theta.end(), a.theta.begin()));
    options.refits = 40;
    options.seed = 4;
    CHECK(fit::bootstrap(*law, points, at, fit_options, options).theta != a.theta);
    CHECK(a.failed == 0);
  }
}

TEST_CASE("profile intervals hold the truth about as often as they say", "[fit]") {
  const auto law = fit::find_law("overtraining");
  fit::FitOptions options;
  options.objective = fit::Objective::log_squared();
  options.scan_points = 100;
  options.starts = 3;
  options.restarts = 0;
  options.min_agreeing = 0;
  base::Random random(8);
  int held = 0;
  constexpr int trials = 120;
  for (int t = 0; t < trials; ++t) {
    fit::Runs points = surface(0, 0);
    for (std::size_t i = 0; i < points.count(); ++i)
      points.y[i] =
          (1.7 + 300 * std::pow(points.columns[0][i], -0.31) + 500 * std::pow(points.columns[1][i], -0.31)) *
          std::exp(0.01 * random.normal());
    const auto at = fit::fit(*law, points, options);
    const auto interval = fit::profile_interval(*law, points, at, options, "eta", 0.9);
    CHECK(interval.lower <= at.theta[3]);
    CHECK(interval.upper >= at.theta[3]);
    held += interval.lower <= 0.31 && 0.31 <= interval.upper;
  }
  CHECK(held >= 0.80 * trials);
  CHECK(held <= 0.98 * trials);
}

TEST_CASE("prediction intervals hold held-out runs though every law is wrong", "[fit][slow]") {
  int held = 0, asked = 0;
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    const auto points = surface(0.005, seed, 0.015);
    std::vector<std::size_t> below, top;
    for (std::size_t i = 0; i < points.count(); ++i) (points.columns[0][i] < 5e9 ? below : top).push_back(i);
    const auto target = points.select(top);
    const auto intervals = fit::Predictive(points.select(below)).predict(target);
    for (std::size_t i = 0; i < target.count(); ++i, ++asked)
      held += intervals[i].low <= target.y[i] && target.y[i] <= intervals[i].high;
  }
  CHECK(held >= 0.85 * asked);
}

TEST_CASE("isoFLOP minima of a known surface", "[fit]") {
  fit::Runs points;
  std::vector<double> size, data, compute;
  for (const double c : {1e18, 1e19, 1e20})
    for (int i = -3; i <= 3; ++i) {
      const double best = 0.1 * std::sqrt(c);
      size.push_back(best * std::pow(1.5, i));
      data.push_back(c / (6 * size.back()));
      compute.push_back(c);
      points.y.push_back(2 + 0.1 * std::pow(std::log(size.back() / best), 2));
    }
  points.set_column("size", size);
  points.set_column("data", data);
  points.set_column("compute", compute);
  const auto result = fit::isoflop(points);
  REQUIRE(result.fitted);
  CHECK(result.budgets.size() == 3);
  CHECK(result.size_exponent == Approx(0.5).epsilon(1e-9));
  for (const auto& budget : result.budgets)
    CHECK(budget.best_size == Approx(0.1 * std::sqrt(budget.compute)).epsilon(1e-9));
  for (std::size_t i = 0; i < points.count(); ++i) points.y[i] = 10 - 1e-2 * std::log(size[i]);
  const auto refused = fit::isoflop(points);
  CHECK_FALSE(refused.fitted);
  CHECK(refused.budgets[0].refusal.find("no interior minimum") != std::string::npos);
}

TEST_CASE("the page of the protocol has errors in per cent", "[fit]") {
  fit::ProtocolResult result;
  result.name = "made up";
  result.in_fit = {0.015, 0.02};
  result.extrapolation = {-0.125, 0.25};
  result.default_covered = 0.9;
  fit::ProtocolReport report;
  report.surfaces = {result};
  report::Page page("protocol");
  report.add_to_page(page, 0.95);
  CHECK_THAT(page.text(), Catch::Contains("+1.50 % ± 2.00 %") && Catch::Contains("-12.50 % ± 25.00 %"));
}

TEST_CASE("the paper's protocol on simulated surfaces", "[fit][slow]") {
  for (const auto& result : fit::simulate_protocol(0.02, 3, 0)) {
    CAPTURE(result.name, result.in_fit.mu, result.in_fit.sigma);
    CHECK(std::fabs(result.in_fit.mu) < 0.02);
    CHECK(result.in_fit.sigma < 0.05);
  }
}
