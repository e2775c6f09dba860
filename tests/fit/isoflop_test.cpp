#include "fit/command/isoflop.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "support/test.h"

using namespace frugal;

namespace {

// Three budgets of seven sizes, each a parabola in ln(size) around 0.1 √C; `tilt` moves minima out of the
// runs.
fit::Runs runs(double tilt) {
  fit::Runs out;
  std::vector<double> sizes, amounts;
  for (const double compute : {1e18, 1e19, 1e20}) {
    for (int i = -3; i <= 3; ++i) {
      const double best = 0.1 * std::sqrt(compute), size = best * std::pow(1.5, i);
      sizes.push_back(size);
      amounts.push_back(compute / (6 * size));
      const double away = std::log(size / best) - tilt;
      out.y.push_back((3 - 0.1 * std::log10(compute / 1e18) + 0.1 * away * away) *
                      (1 + 1e-4 * std::sin(7.0 * static_cast<double>(out.y.size()))));
    }
  }
  out.set_column("size", sizes);
  out.set_column("data", amounts);
  return out;
}

}  // namespace

TEST_CASE("measured isoFLOP curves give the exponent with an interval, and the caveat") {
  const auto measured = fit::measure_isoflop(runs(0), "6*N*D", 0.95, 1);
  REQUIRE(measured);
  REQUIRE(measured->fit.budgets.size() == 3);
  CHECK(measured->size_exponent.value == Approx(0.5).margin(0.01));
  CHECK(measured->fit.data_exponent == Approx(1 - measured->fit.size_exponent));  // of 6 N D
  CHECK(measured->size_exponent.low <= 0.5 + 1e-3);
  CHECK(measured->size_exponent.high >= 0.5 - 1e-3);
  CHECK(measured->size_exponent.low < measured->size_exponent.high);
  const auto json = fit::to_json(*measured);
  CHECK(json["caveat"].get<std::string>().find("biased even without noise") != std::string::npos);
  CHECK(json["budgets"].size() == 3);
}

TEST_CASE("the best data is what the runs of a budget had, whatever a run costs") {
  fit::Runs dense = runs(0);
  const auto size = dense.column("size");
  std::vector<double> amounts, compute;
  for (std::size_t i = 0; i < dense.count(); ++i) {  // a cost of N (2 D + 1e9)
    compute.push_back(i < 7 ? 1e18 : i < 14 ? 1e19 : 1e20);
    amounts.push_back((compute.back() / size[i] - 1e9) / 2);
  }
  dense.set_column("data", amounts);
  const auto measured = fit::measure_isoflop(dense, "N*(2*D + 1e9)", 0.95, 1);
  REQUIRE(measured);
  for (const auto& budget : measured->fit.budgets)
    CHECK(budget.best_data == Approx((budget.compute / budget.best_size - 1e9) / 2).epsilon(0.01));
}

TEST_CASE("no interior minimum is refused with the reason, and no line is drawn") {
  const auto measured = fit::measure_isoflop(runs(4), "6*N*D", 0.95, 1);
  REQUIRE(measured);
  const auto json = fit::to_json(*measured);
  CHECK(json["budgets"][0]["refused"].get<std::string>().find("no interior minimum") != std::string::npos);
  CHECK(json.contains("refused"));
  CHECK_FALSE(json.contains("size_exponent"));
}

TEST_CASE("runs without budgets of three sizes have no isoFLOP curves") {
  fit::Runs sizes;
  sizes.set_column("size", {1e6, 2e6, 4e6});
  sizes.y = {3, 2, 1};
  CHECK_FALSE(fit::measure_isoflop(sizes, "6*N*D", 0.95, 0));
  sizes.set_column("data", {1e7, 1e9, 1e11});
  CHECK_FALSE(fit::measure_isoflop(sizes, "6*N*D", 0.95, 0));
}

TEST_CASE("two budgets with a minimum make a line, one does not") {
  const fit::Runs all = runs(0);
  std::vector<std::size_t> rows;
  for (std::size_t i = 0; i < 14; ++i) rows.push_back(i);
  const auto two = fit::measure_isoflop(all.select(rows), "6*N*D", 0.95, 1);
  REQUIRE(two);
  CHECK(two->fit.fitted);
  CHECK(two->fit.size_exponent == Approx(0.5).margin(0.01));
  rows.resize(7);
  const auto one = fit::measure_isoflop(all.select(rows), "6*N*D", 0.95, 1);
  REQUIRE(one);
  CHECK(one->fit.budgets.front().refusal.empty());
  CHECK_FALSE(one->fit.fitted);
}
