#include "fit/decide/decide.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "fit/decide/allocation.h"
#include "fit/decide/crossing.h"
#include "fit/decide/deployment.h"
#include "fit/numeric/statistics.h"
#include "fit/surface/law_surface.h"
#include "support/test.h"

using namespace frugal;

namespace {

constexpr double floor_error = 1.69, a = 406.4, b = 410.7, alpha = 0.34, beta = 0.28;  // Hoffmann et al. 2022

// Chinchilla's law in the user's own words, with draws whose exponents and floor differ a little.
fit::LawSurface chinchilla(double scale_floor = 1, std::size_t draws = 40, fit::Misfit misfit = {}) {
  fit::SurfaceComponent component;
  component.law = fit::make_expression_law("E + A/N^alpha + B/D^beta", {}, "test");
  component.theta = {floor_error * scale_floor, a, alpha, b, beta};
  for (std::size_t k = 0; k < draws; ++k) {
    const double t = (static_cast<double>(k) + 0.5) / static_cast<double>(draws) * 2 - 1;
    component.draws.push_back(
        {floor_error * scale_floor * (1 + 0.05 * t), a, alpha * (1 + 0.02 * t), b, beta});
  }
  fit::Runs runs;
  std::vector<double> sizes, amounts;
  for (const double size : {1e7, 1e8}) {
    for (const double data : {1e8, 1e9}) {
      sizes.push_back(size);
      amounts.push_back(data);
      runs.y.push_back(floor_error + a / std::pow(size, alpha) + b / std::pow(data, beta));
    }
  }
  runs.set_column("size", sizes);
  runs.set_column("data", amounts);
  return fit::LawSurface({component}, misfit, fit::normal_scores(draws, 1), runs);
}

fit::RunScale at(double size, double data) {
  fit::RunScale scale;
  scale.size = size;
  scale.data = data;
  return scale;
}

}  // namespace

TEST_CASE("the optimal split of a budget is the closed form of Hoffmann et al., equation 4") {
  const fit::LawSurface surface = chinchilla();
  for (const double budget : {1e16, 1e20, 5.76e23}) {
    const fit::Allocation best = fit::optimal_allocation(surface, fit::Cost("6*N*D"), budget, 0.9);
    const double g = std::pow(alpha * a / (beta * b), 1 / (alpha + beta));
    CHECK(best.size.value == Approx(g * std::pow(budget / 6, beta / (alpha + beta))).epsilon(1e-4));
    CHECK(best.data.value == Approx(std::pow(budget / 6, alpha / (alpha + beta)) / g).epsilon(1e-4));
    CHECK(best.size.low < best.size.value);
    CHECK(best.size.high > best.size.value);
    CHECK(best.interior);
  }
}

TEST_CASE("an optimum is found where the budget pays few of the sizes that are looked at") {
  const fit::LawSurface surface = chinchilla();
  const double budget = 1e16, each = 1e12;  // a price of each parameter, whatever it learns from
  const fit::Allocation best = fit::optimal_allocation(surface, fit::Cost("6*N*D + 1e12*N"), budget, 0);
  double least = INFINITY, size_there = 0;
  for (double size = 1e3; size < budget / each; size *= 1.001) {
    const double error =
        surface.error(at(size, (budget - each * size) / (6 * size)), fit::Surface::estimate, false);
    if (error < least) least = error, size_there = size;
  }
  CHECK(best.size.value == Approx(size_there).epsilon(2e-3));
  CHECK(best.interior);
}

TEST_CASE("an optimum, the isoFLOP curve through it and a prediction there say the same") {
  const fit::LawSurface surface = chinchilla();
  const fit::Cost cost("6*N*D");
  const fit::Allocation best = fit::optimal_allocation(surface, cost, 1e21, 0.9);
  const fit::Estimate predicted = surface.predict(at(best.size.value, best.data.value), 0.9);
  const fit::Estimate middle = fit::isoflop_curve(surface, cost, 1e21, 17, 0.9)[8].error;
  for (const fit::Estimate& other : {predicted, middle}) {
    CHECK(best.error.value == Approx(other.value).epsilon(1e-12));
    CHECK(best.error.low == Approx(other.low).epsilon(1e-12));
    CHECK(best.error.high == Approx(other.high).epsilon(1e-12));
  }
  CHECK(best.error.low < best.error.value);
}

TEST_CASE("the data for a target is where the law meets it; below the floor it is never") {
  const fit::LawSurface surface = chinchilla();
  const double target = floor_error + a / std::pow(1e9, alpha) + b / std::pow(3e10, beta);
  const fit::Reach reach = fit::scale_for_target(surface, "data", at(1e9, 0), target, 0.9);
  CHECK(reach.reachable);
  CHECK(reach.needed.value == Approx(3e10).epsilon(1e-6));
  CHECK(reach.floor.value == Approx(floor_error + a / std::pow(1e9, alpha)).epsilon(1e-9));
  const fit::Reach never = fit::scale_for_target(surface, "data", at(1e9, 0), 1.6, 0.9);
  CHECK_FALSE(never.reachable);
  CHECK(std::isinf(never.needed.value));
  CHECK(never.probability < 0.5);
  CHECK_THROWS_AS(fit::scale_for_target(surface, "data", {}, 2, 0.9), base::UserError);
  CHECK_THROWS_AS(fit::scale_for_target(surface, "density", at(1, 1), 2, 0.9), base::UserError);
}

TEST_CASE("the budget for a target is the budget whose optimum gives it") {
  const fit::LawSurface surface = chinchilla();
  const fit::Cost cost("6*N*D");
  const fit::Allocation best = fit::optimal_allocation(surface, cost, 1e21, 0.9);
  const fit::Reach budget = fit::budget_for_target(surface, cost, best.error.value, 0.9);
  CHECK(budget.needed.value == Approx(1e21).epsilon(0.02));
  CHECK(budget.needed.low < 1e21);
  CHECK_FALSE(fit::budget_for_target(surface, cost, 1.5, 0.9).reachable);
}

TEST_CASE("a model that will be used much is smaller and trained longer than the cheapest to train") {
  const fit::LawSurface surface = chinchilla(1, 20);
  const fit::Cost cost("6*N*D");
  const fit::Expression inference("2*N", {"N", "m", "size"}, {}, "test");
  const double target = fit::optimal_allocation(surface, cost, 1e21, 0).error.value;
  const auto seldom = fit::overtrain(surface, cost, inference, 1e3, target, 0.9);
  const auto often = fit::overtrain(surface, cost, inference, 1e13, target, 0.9);
  REQUIRE((seldom && often));
  CHECK(seldom->size.value == Approx(seldom->optimal_size).epsilon(1e-2));
  CHECK(cost(seldom->optimal_size, seldom->optimal_data) == Approx(1e21).epsilon(1e-3));
  CHECK(often->size.value < 0.7 * often->optimal_size);
  CHECK(often->lifetime_cost.value < often->optimal_lifetime_cost);
  CHECK(surface.error(at(often->size.value, often->data.value), -1, false) == Approx(target).epsilon(1e-6));
  // At the minimum a little more or less of size costs more.
  for (const double factor : {0.95, 1.05}) {
    const double size = often->size.value * factor;
    const auto reach = fit::scale_for_target(surface, "data", at(size, 0), target, 0);
    CHECK(cost(size, reach.needed.value) + 2 * size * 1e13 > often->lifetime_cost.value);
  }
  for (const fit::Estimate& one : {often->size, often->data, often->training_cost, often->lifetime_cost}) {
    CHECK(one.low <= 1.01 * one.value);
    CHECK(one.high >= 0.99 * one.value);
    CHECK(std::isfinite(one.high));
  }
  CHECK_FALSE(fit::overtrain(surface, cost, inference, 1e13, 1.0, 0.9));
}

TEST_CASE("the cheapest model has no end where some laws of the fit do not reach the target") {
  fit::SurfaceComponent component;
  component.law = fit::make_expression_law("E + A/N^alpha + B/D^beta", {}, "test");
  component.theta = {floor_error, a, alpha, b, beta};
  component.draws.assign(20, component.theta);
  for (std::size_t i = 0; i < 20; i += 2) component.draws[i][0] = 2 * floor_error;
  const fit::LawSurface surface({component}, {}, fit::normal_scores(20, 2), chinchilla().measured());
  const fit::Expression inference("2*N", {"N", "m", "size"}, {}, "test");
  const auto found = fit::overtrain(surface, fit::Cost("6*N*D"), inference, 1e12, 1.5 * floor_error, 0.9);
  REQUIRE(found);
  for (const fit::Estimate& one : {found->size, found->data, found->training_cost, found->lifetime_cost}) {
    CHECK(std::isfinite(one.low));
    CHECK_FALSE(std::isfinite(one.high));
  }
}

TEST_CASE("whether to go on: certain for a small gain, impossible for a gain beyond the floor") {
  const fit::LawSurface surface = chinchilla();
  const fit::Cost cost("6*N*D");
  CHECK(fit::worth_going_on(surface, &cost, 10, 0.01, 0.9).probability == 1);
  const fit::GoingOn on = fit::worth_going_on(surface, &cost, 10, 0.9, 0.9);
  CHECK(on.probability == 0);
  CHECK(on.cost_now == Approx(6e17));
  CHECK(on.improvement.value > 0);
}

TEST_CASE("two systems cross where their errors are equal") {
  const fit::LawSurface one = chinchilla(1, 40), other = [] {
    fit::SurfaceComponent component;
    component.law = fit::make_expression_law("E + A/N^alpha + B/D^beta", {}, "test");
    component.theta = {floor_error, a, alpha, b * 4, beta + 0.06};
    component.draws.assign(40, component.theta);
    return fit::LawSurface({component}, {}, fit::normal_scores(40, 2), chinchilla().measured());
  }();
  // b d^-β = 4 b d^-(β + 0.06) at d = 4^(1/0.06).
  const double place = std::pow(4.0, 1 / 0.06);
  const fit::Crossing crossing =
      fit::find_crossing(one, other, fit::Cost(), "data", at(1e9, 0), 1e8, 1e12, 0.9);
  CHECK(crossing.crosses);
  CHECK(crossing.at.value == Approx(place).epsilon(0.02));
  CHECK_FALSE(fit::find_crossing(one, one, fit::Cost(), "budget", {}, 1e18, 1e22, 0.9).crosses);
}

TEST_CASE("misfit widens a prediction with the distance, and is not in the estimate") {
  const fit::LawSurface sure = chinchilla(1, 200), unsure = chinchilla(1, 200, {0.01, 0.02, 0.02});
  const fit::RunScale far = at(1e10, 1e11);
  const fit::Estimate narrow = sure.predict(far, 0.95), wide = unsure.predict(far, 0.95);
  CHECK(narrow.value == wide.value);
  CHECK(wide.high - wide.low > narrow.high - narrow.low);
  const double spread =
      std::log(unsure.predict(at(1e8, 1e9), 0.95).high / unsure.predict(at(1e8, 1e9), 0.95).low);
  CHECK(spread > 2 * 1.9 * std::hypot(0.01, 0.02));
  CHECK(sure.beyond(far) == Approx(100));
}

TEST_CASE("normal scores have the quantiles of the normal distribution, whatever their number") {
  std::vector<double> scores = fit::normal_scores(1000, 3);
  std::sort(scores.begin(), scores.end());
  CHECK(scores.front() == Approx(-3.2905267).epsilon(1e-6));  // of 0.0005
  CHECK(scores[24] == Approx(-1.9685917).epsilon(1e-6));      // of 0.0245
  CHECK(scores.back() == Approx(3.2905267).epsilon(1e-6));
  CHECK(fit::normal_scores(1, 3).front() == Approx(0).margin(1e-12));
}
