#include "fit/law/fit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/error.h"
#include "base/random.h"
#include "fit/numeric/linear_algebra.h"

namespace frugal::fit {

Certificate certify(Problem& problem, const Setup& setup, const Minimum& minimum) {
  const Law& law = problem.law();
  const std::size_t p_count = law.parameter_count(), n = problem.count();
  Certificate certificate;
  certificate.converged = minimum.converged;
  certificate.projected_gradient = minimum.projected_gradient;
  certificate.predicted_decrease = minimum.predicted_decrease;

  std::vector<double> y(n), jacobian(n * p_count);
  law.evaluate(minimum.theta.data(), problem.inputs(), y.data(), jacobian.data());
  std::vector<std::size_t> free;
  for (std::size_t p = 0; p < p_count; ++p) {
    if (setup.lower[p] == setup.upper[p]) continue;
    const bool held = minimum.theta[p] <= setup.lower[p] || minimum.theta[p] >= setup.upper[p];
    if (held)
      certificate.at_bound.push_back(law.parameters[p].name);
    else
      free.push_back(p);
  }
  // Relative sensitivities ∂log ŷ/∂θ: a column of (almost) nothing is a parameter that nothing depends on.
  std::vector<double> norm;
  for (std::size_t i = 0; i < free.size();) {
    double square = 0;
    for (std::size_t r = 0; r < n; ++r) {
      double& j = jacobian[free[i] * n + r];
      j *= std::sqrt(problem.weight()[r]) / std::max(std::fabs(y[r]), 1e-300);
      square += j * j;
    }
    const double size = std::max(std::fabs(minimum.theta[free[i]]), 1e-3);
    if (!(std::sqrt(square / double(n)) * size > 1e-9)) {
      certificate.unidentified.push_back(law.parameters[free[i]].name);
      free.erase(free.begin() + std::ptrdiff_t(i));
      continue;
    }
    norm.push_back(std::sqrt(square));
    ++i;
  }
  const std::size_t f = free.size();
  std::vector<double> gram(f * f), values, vectors;
  for (std::size_t i = 0; i < f; ++i)
    for (std::size_t j = 0; j < f; ++j) {
      double s = 0;
      for (std::size_t r = 0; r < n; ++r) s += jacobian[free[i] * n + r] * jacobian[free[j] * n + r];
      gram[i * f + j] = s / (norm[i] * norm[j]);
    }
  symmetric_eigen(gram, f, values, vectors);
  certificate.condition = f ? values.back() / std::max(values.front(), 1e-18) : 1;
  for (std::size_t k = 0; k < f; ++k) {
    if (values[k] > 1e-10 * values.back()) break;
    for (std::size_t i = 0; i < f; ++i)
      if (std::fabs(vectors[i * f + k]) > 0.3)
        certificate.unidentified.push_back(law.parameters[free[i]].name);
  }
  std::sort(certificate.unidentified.begin(), certificate.unidentified.end());
  certificate.unidentified.erase(
      std::unique(certificate.unidentified.begin(), certificate.unidentified.end()),
      certificate.unidentified.end());
  return certificate;
}

std::vector<std::string> describe_limits(const Law& law, const Runs& runs, const Setup& setup,
                                         const std::vector<double>& theta, const Certificate& certificate) {
  std::vector<std::string> warnings;
  for (const auto& name : certificate.at_bound) {
    const std::size_t p = law.index_of(name);
    warnings.push_back(fmt::format("'{}' ({}) is at its bound {:g}: the data does not determine it", name,
                                   law.parameters[p].meaning,
                                   theta[p] <= setup.lower[p] ? setup.lower[p] : setup.upper[p]));
  }
  for (const auto& name : certificate.unidentified)
    warnings.push_back(
        fmt::format("'{}' is not identified: other values fit as well, together with others or alone", name));
  if (!certificate.converged) warnings.push_back("the minimiser did not converge to rounding");
  if (certificate.agreeing < 3)
    warnings.push_back(fmt::format("only {} of {} starts reached the least objective found",
                                   certificate.agreeing, certificate.starts));
  if (const auto twice = duplicate_rows(runs); !twice.empty())
    warnings.push_back(fmt::format("{} duplicated runs (the first is run {})", twice.size(), twice[0] + 1));
  return warnings;
}

using base::UserError;

namespace {

void refuse_what_cannot_be_fitted(const Law& law, const Runs& points, const Setup& setup) {
  for (const auto& name : law.variables) {
    const auto column = points.column(name);
    const auto [low, high] = std::minmax_element(column.begin(), column.end());
    if (*low == *high)
      throw UserError("", fmt::format("one scale only: every run has {} = {:g}", name, *low),
                      fmt::format("the law '{}' needs runs at two or more values of '{}'", law.name, name));
  }
  std::set<std::vector<double>> distinct;
  for (std::size_t i = 0; i < points.count(); ++i) {
    std::vector<double> at;
    for (const auto& name : law.variables) at.push_back(points.column(name)[i]);
    if (setup.weight[i] > 0) distinct.insert(std::move(at));
  }
  if (distinct.size() < setup.free_count())
    throw UserError(
        "",
        fmt::format("fewer points than parameters: {} distinct points for the {} free parameters of '{}'",
                    distinct.size(), setup.free_count(), law.name),
        "add runs, fix a parameter, or take a law with fewer");
}

struct Search {
  Minimum best;
  std::vector<double> values;  // of every polished start
};

void consider(Search& search, const Minimum& found) {
  if (!std::isfinite(found.value)) return;
  search.values.push_back(found.value);
  if (search.best.theta.empty() || found.value < search.best.value) search.best = found;
}

int agreeing(const Search& search) {
  const double limit = search.best.value * (1 + 1e-6) + 1e-24;
  return int(std::count_if(search.values.begin(), search.values.end(), [&](double v) { return v <= limit; }));
}

Search search_globally(Problem& problem, const Setup& setup, const FitOptions& options) {
  base::Random random(options.seed, "fit/starts");
  Minimiser minimiser(problem, setup.lower, setup.upper);
  Search search;
  const auto starts = find_starts(problem, setup, options.scan_points, random);
  if (starts.empty()) throw base::Failure("no start of the fit could be evaluated");
  const std::size_t polished = std::min(starts.size(), std::size_t(std::max(1, options.starts)));
  for (std::size_t s = 0; s < polished; ++s) {
    // Half the best of the scan, half at random from its better half.
    const std::size_t pick =
        s < (polished + 1) / 2 ? s : random.below(std::max<std::size_t>(1, starts.size() / 2));
    consider(search, minimiser.run(starts[pick].theta.data(), {}));
  }
  if (search.best.theta.empty()) throw base::Failure("no start of the fit came to a finite objective");
  const std::vector<double> weight = problem.weight();
  std::vector<double> perturbed(weight.size());
  const int restarts = options.restarts * problem.law().restart_factor;
  for (int s = 0; s < std::max(restarts, options.max_restarts); ++s) {
    if (s >= restarts && agreeing(search) >= options.min_agreeing) break;
    for (std::size_t i = 0; i < weight.size(); ++i)
      perturbed[i] = -weight[i] * std::log(1 - random.uniform());
    problem.set_weight(perturbed.data());
    const std::vector<double> away = minimiser.run(search.best.theta.data(), {}).theta;
    problem.set_weight(weight.data());
    MinimiseOptions back;
    back.first_delta = s % 2 ? -1 : problem.objective().huber_delta;
    consider(search, minimiser.run(away.data(), back));
  }
  return search;
}

}  // namespace

void add_residuals(FitResult& result, const Law& law, const Runs& points) {
  result.predicted = predict(law, result.theta, points);
  const double n = double(points.count());
  double square = 0, log_square = 0;
  for (std::size_t i = 0; i < points.count(); ++i) {
    const double relative = (result.predicted[i] - points.y[i]) / points.y[i];
    result.mu += relative / n;
    square += relative * relative / n;
    log_square += std::pow(std::log(result.predicted[i] / points.y[i]), 2) / n;
  }
  result.sigma = std::sqrt(std::max(0.0, square - result.mu * result.mu));
  result.log_rmse = std::sqrt(log_square);
}

FitResult fit(const Law& law, const Runs& points, const FitOptions& options) {
  check_runs(points, law.variables, options.objective.residual != Residual::absolute);
  const Setup setup = prepare(law, points, options);
  refuse_what_cannot_be_fitted(law, points, setup);
  Problem problem(law, setup.inputs, points.y, setup.weight, options.objective);
  const Search search = search_globally(problem, setup, options);

  FitResult result;
  result.law = law.name;
  for (const Parameter& parameter : law.parameters) result.names.push_back(parameter.name);
  result.theta = search.best.theta;
  result.objective = search.best.value;
  result.certificate = certify(problem, setup, search.best);
  result.certificate.starts = int(search.values.size());
  result.certificate.agreeing = agreeing(search);
  result.certificate.share = double(result.certificate.agreeing) / double(search.values.size());
  if (setup.unit_free) law.from_units(result.theta.data(), setup.log_unit.data());

  add_residuals(result, law, points);
  result.warnings = describe_limits(law, points, setup, result.theta, result.certificate);
  return result;
}

}  // namespace frugal::fit
