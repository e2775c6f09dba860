#include "fit/law/uncertainty.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "base/error.h"
#include "base/random.h"
#include "fit/numeric/statistics.h"

namespace frugal::fit {

namespace {

std::vector<double> working_theta(const Law& law, const Setup& setup, std::vector<double> theta) {
  std::vector<double> inverse = setup.log_unit;
  for (double& unit : inverse) unit = -unit;
  if (setup.unit_free) law.from_units(theta.data(), inverse.data());
  return theta;
}

// How much the summed loss may rise: χ²/2 in units of the loss. For least squares the loss of one run is
// r²/(2σ²); for Huber with residuals beyond δ the likelihood is exp(−loss/s), and Σ loss / n estimates s.
double allowed_rise(const Objective& objective, double value, double weight_sum, double free, double level) {
  const double half_chi_square = 0.5 * std::pow(normal_quantile(0.5 + 0.5 * level), 2);
  const double degrees = std::max(1.0, weight_sum - free);
  const double quadratic = 2 * value / degrees;  // σ²
  if (!std::isfinite(objective.huber_delta) || quadratic <= std::pow(objective.huber_delta, 2))
    return half_chi_square * quadratic;
  return half_chi_square * value / degrees;
}

}  // namespace

Bootstrap bootstrap(const Law& law, const Runs& points, const FitResult& at, const FitOptions& fit_options,
                    const BootstrapOptions& options) {
  const Setup setup = prepare(law, points, fit_options);
  const std::size_t n = points.count();
  Problem problem(law, setup.inputs, points.y, setup.weight, fit_options.objective);
  Minimiser minimiser(problem, setup.lower, setup.upper);
  const auto start = working_theta(law, setup, at.theta);
  std::vector<double> residual(n), weight(n), y(n);
  problem.residuals(start.data(), residual.data());

  Bootstrap result;
  MinimiseOptions minimise_options;
  minimise_options.tolerance = 1e-9;
  minimise_options.narrowing = 0.1;
  minimise_options.first_delta = 8 * fit_options.objective.huber_delta;
  minimise_options.max_iterations = 60;
  const std::uint64_t stream_seed = base::derive_seed(options.seed, "fit/bootstrap");
  for (int refit = 0; refit < options.refits; ++refit) {
    base::Random random(stream_seed + std::uint64_t(refit));
    if (options.resample == Resample::cases) {
      std::fill(weight.begin(), weight.end(), 0.0);
      for (std::size_t i = 0; i < n; ++i) {
        const std::size_t drawn = random.below(n);
        weight[drawn] += setup.weight[drawn];
      }
      problem.set_weight(weight.data());
    } else {
      for (std::size_t i = 0; i < n; ++i) {
        const double r = residual[random.below(n)];  // of ŷ against y: the drawn y lies −r away
        if (fit_options.objective.residual == Residual::log)
          y[i] = at.predicted[i] * std::exp(-r);
        else if (fit_options.objective.residual == Residual::relative)
          y[i] = at.predicted[i] / std::max(1 + r, 1e-3);
        else
          y[i] = at.predicted[i] - r;
      }
      problem.set_y(y.data());
    }
    const Minimum* found = &minimiser.run(start.data(), minimise_options);
    // A few in a thousand end on a kink of the loss that the short way does not leave.
    if (!found->converged) found = &minimiser.run(start.data(), {});
    result.failed += !found->converged;
    result.theta.push_back(found->theta);
    if (setup.unit_free) law.from_units(result.theta.back().data(), setup.log_unit.data());
  }
  return result;
}

ParameterInterval profile_interval(const Law& law, const Runs& points, const FitResult& at,
                                   const FitOptions& fit_options, const std::string& parameter,
                                   double level) {
  const std::size_t p = law.index_of(parameter);
  ParameterInterval interval{parameter, at.theta[p], at.theta[p], at.theta[p], false, false};
  FitOptions held = fit_options;
  // Held in the user's units, so that the other parameters need no change of meaning.
  held.fixed[parameter] = at.theta[p];
  Setup setup = prepare(law, points, held);
  const Setup free_setup = prepare(law, points, fit_options);
  if (free_setup.lower[p] == free_setup.upper[p]) return interval;
  Problem problem(law, setup.inputs, points.y, setup.weight, fit_options.objective);
  double weight_sum = 0;
  for (const double w : setup.weight) weight_sum += w;
  const double limit = at.objective + allowed_rise(fit_options.objective, at.objective, weight_sum,
                                                   double(free_setup.free_count()), level);
  const auto start = working_theta(law, setup, at.theta);
  for (const double direction : {-1.0, 1.0}) {
    const double bound = direction < 0 ? free_setup.lower[p] : free_setup.upper[p];
    const double unit = std::max(std::fabs(at.theta[p]), 1e-6);
    std::vector<double> from = start;
    const auto rise_at = [&](double value) {
      setup.lower[p] = setup.upper[p] = value;
      Minimiser minimiser(problem, setup.lower, setup.upper);
      MinimiseOptions options;
      options.tolerance = 1e-10;
      const Minimum found = minimiser.run(from.data(), options);
      if (std::isfinite(found.value)) from = found.theta;
      return found.value - limit;
    };
    double inside = at.theta[p], step = 0.01 * unit, outside = inside;
    bool open = true;
    for (int expansion = 0; expansion < 40; ++expansion) {
      outside = inside + direction * step;
      const bool clipped = direction < 0 ? outside <= bound : outside >= bound;
      if (clipped) outside = bound;
      if (!(rise_at(outside) < 0)) {
        open = false;
        break;
      }
      inside = outside;
      if (clipped) break;
      step *= 1.6;
    }
    for (int i = 0; i < 40 && !open && std::fabs(outside - inside) > 1e-7 * unit; ++i) {
      const double middle = 0.5 * (inside + outside);
      (rise_at(middle) < 0 ? inside : outside) = middle;
    }
    (direction < 0 ? interval.lower : interval.upper) = inside;
    (direction < 0 ? interval.open_below : interval.open_above) = open;
  }
  return interval;
}

}  // namespace frugal::fit
