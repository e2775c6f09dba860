// What every law of the table must satisfy; a new law is tested by being in the table.
#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/random.h"
#include "fit/law/fit.h"
#include "fit/law/law.h"
#include "support/test.h"

using namespace frugal;

namespace {

// Any variable of any law: positive, over a few octaves; shares below one, data above unique data.
fit::Runs some_points(const fit::Law& law, std::size_t count, std::uint64_t seed) {
  base::Random random(seed);
  fit::Runs points;
  points.y.assign(count, 1.0);
  for (const auto& name : law.variables) {
    std::vector<double> column;
    for (std::size_t i = 0; i < count; ++i)
      column.push_back(name == "density" || name == "error_dense" ? 0.02 + 0.9 * random.uniform()
                                                                  : std::exp(3 * random.uniform() - 1));
    points.set_column(name, column);
  }
  return points;
}

std::vector<double> some_theta(const fit::Law& law, base::Random& random) {
  std::vector<double> theta;
  for (const auto& parameter : law.parameters) {
    const double low = std::max(parameter.start_lower, parameter.start_log ? 0.1 : parameter.start_lower);
    const double high =
        std::max(low * 1.01, std::min(parameter.start_upper, parameter.start_log ? 3.0 : 1e300));
    const double u = random.uniform();
    theta.push_back(parameter.start_log
                        ? low * std::pow(high / low, u)
                        : parameter.start_lower + u * (parameter.start_upper - parameter.start_lower));
  }
  return theta;
}

}  // namespace

TEST_CASE("the derivatives of every law are those of its values", "[fit]") {
  for (const auto& entry : fit::law_table()) {
    const auto law = entry.make();
    CAPTURE(law->name);
    CHECK(law->name == entry.name);
    const std::size_t n = 23, p_count = law->parameter_count();
    const auto inputs = fit::inputs_of(*law, some_points(*law, n, 3));
    base::Random random(11);
    for (int trial = 0; trial < 20; ++trial) {
      auto theta = some_theta(*law, random);
      std::vector<double> y(n), jacobian(n * p_count), plain(n), up(n), down(n);
      law->evaluate(theta.data(), inputs, y.data(), jacobian.data());
      law->evaluate(theta.data(), inputs, plain.data(), nullptr);
      std::vector<double> v(n), curvature(p_count * p_count, 0.0), jacobian_up(n * p_count),
          jacobian_down(n * p_count);
      for (double& x : v) x = random.normal();
      const bool has_curvature =
          law->add_curvature(theta.data(), inputs, jacobian.data(), v.data(), curvature.data());
      for (std::size_t p = 0; p < p_count; ++p) {
        CAPTURE(law->parameters[p].name, theta);
        const double step = 1e-5 * theta[p];
        auto moved = theta;
        moved[p] += step;
        law->evaluate(moved.data(), inputs, up.data(), jacobian_up.data());
        moved[p] = theta[p] - step;
        law->evaluate(moved.data(), inputs, down.data(), jacobian_down.data());
        double worst = 0, largest = 1e-12;
        for (std::size_t i = 0; i < n; ++i) {
          if (!std::isfinite(y[i]) || !std::isfinite(up[i]) || !std::isfinite(down[i])) continue;
          CHECK(std::fabs(plain[i] - y[i]) <= 1e-13 * std::fabs(y[i]));
          largest = std::max(largest, std::fabs(jacobian[p * n + i]) + 1e-3 * std::fabs(y[i] / theta[p]));
          worst = std::max(worst, std::fabs((up[i] - down[i]) / (2 * step) - jacobian[p * n + i]));
        }
        CHECK(worst < 2e-6 * largest);
        if (!has_curvature) continue;
        for (std::size_t q = 0; q < p_count; ++q) {
          double difference = 0, size = 1e-9;
          for (std::size_t i = 0; i < n; ++i) {
            difference += v[i] * (jacobian_up[q * n + i] - jacobian_down[q * n + i]) / (2 * step);
            size += std::fabs(v[i] * jacobian[q * n + i] / theta[p]);
          }
          CHECK(std::fabs(difference - curvature[p * p_count + q]) < 1e-5 * size);
        }
      }
    }
  }
}

TEST_CASE("a change of units there and back changes nothing", "[fit]") {
  for (const auto& entry : fit::law_table()) {
    const auto law = entry.make();
    CAPTURE(law->name);
    base::Random random(5);
    auto theta = some_theta(*law, random);
    std::vector<double> log_unit(law->variables.size());
    for (double& u : log_unit) u = 2 * random.uniform() - 1;
    law->share_units(log_unit.data());
    auto there = theta;
    if (!law->from_units(there.data(), log_unit.data())) continue;
    const auto points = some_points(*law, 9, 2);
    const auto scaled = fit::inputs_of(*law, points, log_unit), plain = fit::inputs_of(*law, points);
    std::vector<double> a(9), b(9);
    law->evaluate(theta.data(), scaled, a.data(), nullptr);
    law->evaluate(there.data(), plain, b.data(), nullptr);
    for (int i = 0; i < 9; ++i) CHECK(a[i] == Approx(b[i]).epsilon(1e-11));
    for (double& u : log_unit) u = -u;
    law->from_units(there.data(), log_unit.data());
    for (std::size_t p = 0; p < theta.size(); ++p) CHECK(there[p] == Approx(theta[p]).epsilon(1e-11));
  }
}

TEST_CASE("an unknown law is refused with a suggestion", "[fit]") {
  CHECK_THROWS_AS(fit::find_law("rosenfold"), base::UserError);
  try {
    fit::find_law("rosenfold");
  } catch (const base::UserError& error) {
    CHECK(error.hint().find("rosenfeld") != std::string::npos);
  }
}
