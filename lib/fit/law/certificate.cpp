#include "fit/law/certificate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

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

}  // namespace frugal::fit
