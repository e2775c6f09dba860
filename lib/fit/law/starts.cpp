#include "fit/law/starts.h"

#include <algorithm>
#include <cmath>

#include "fit/numeric/linear_algebra.h"
#include "fit/numeric/vector_math.h"

namespace frugal::fit {

namespace {

constexpr double wide_delta = 0.1;  // of the Huber loss that compares starts: their residuals are large

double from_unit_interval(const Parameter& parameter, double lower, double upper, double u) {
  const double low = std::clamp(parameter.start_lower, lower, upper);
  const double high = std::clamp(parameter.start_upper, lower, upper);
  if (parameter.start_log && low > 0) return low * std::pow(high / low, u);
  return low + (high - low) * u;
}

// The R sequence (generalised golden ratio) shifted at random: even coverage in any dimension and any count.
struct Lattice {
  std::vector<double> step, at;
  Lattice(std::size_t dimensions, base::Random& random) {
    double ratio = 2;
    for (int i = 0; i < 60; ++i) ratio = std::pow(1 + ratio, 1.0 / (double(dimensions) + 1));
    double s = 1;
    for (std::size_t d = 0; d < dimensions; ++d) {
      s /= ratio;
      step.push_back(s);
      at.push_back(random.uniform());
    }
  }
  void next() {
    for (std::size_t d = 0; d < at.size(); ++d) {
      at[d] += step[d];
      at[d] -= std::floor(at[d]);
    }
  }
};

}  // namespace

std::vector<Start> find_starts(Problem& problem, const Setup& setup, int scan_points, base::Random& random) {
  const Law& law = problem.law();
  const std::size_t n = problem.count(), p_count = problem.parameter_count();
  std::vector<std::size_t> linear, scanned;
  const auto can_be_linear = law.linear();
  for (std::size_t p = 0; p < p_count; ++p) {
    if (setup.lower[p] == setup.upper[p]) continue;
    if (std::find(can_be_linear.begin(), can_be_linear.end(), p) == can_be_linear.end()) scanned.push_back(p);
  }
  const std::size_t q_all = can_be_linear.size();
  std::vector<double> theta(p_count), basis(q_all * n), target(n), scale(n), scaled(n), y(n);
  std::vector<double> gram, right, solution, all(q_all);

  std::vector<Start> starts;
  Lattice lattice(q_all ? scanned.size() : p_count, random);
  for (int s = 0; s < scan_points; ++s) {
    lattice.next();
    for (std::size_t p = 0; p < p_count; ++p) theta[p] = setup.lower[p];  // what is fixed
    const auto& over = scanned;
    for (std::size_t d = 0; d < over.size(); ++d)
      theta[over[d]] = from_unit_interval(law.parameters[over[d]], setup.lower[over[d]], setup.upper[over[d]],
                                          lattice.at[d]);
    if (q_all != 0) {
      if (!law.linearise(theta.data(), problem.inputs(), problem.y().data(), basis.data(), target.data(),
                         scale.data()))
        continue;
      linear.clear();
      for (std::size_t k = 0; k < q_all; ++k) {
        const std::size_t p = can_be_linear[k];
        if (setup.lower[p] == setup.upper[p]) {
          for (std::size_t i = 0; i < n; ++i) target[i] -= theta[p] * basis[k * n + i];
        } else {
          linear.push_back(k);
        }
      }
      const std::size_t q = linear.size();
      gram.assign(q * q, 0);
      right.assign(q, 0);
      solution.assign(q, 0);
      for (std::size_t i = 0; i < n; ++i) scale[i] = scale[i] * scale[i] * problem.weight()[i];
      for (std::size_t a = 0; a < q; ++a) {
        for (std::size_t i = 0; i < n; ++i) scaled[i] = scale[i] * basis[linear[a] * n + i];
        right[a] = dot(scaled.data(), target.data(), n);
        for (std::size_t b = 0; b <= a; ++b)
          gram[a * q + b] = gram[b * q + a] = dot(scaled.data(), basis.data() + linear[b] * n, n);
      }
      small_nnls(gram.data(), right.data(), q, solution.data());
      // Parameters that are fixed keep their values; set_linear sees the others.
      for (std::size_t k = 0; k < q_all; ++k) all[k] = theta[can_be_linear[k]];
      for (std::size_t a = 0; a < q; ++a) all[linear[a]] = solution[a];
      law.set_linear(theta.data(), all.data());
    }
    for (std::size_t p = 0; p < p_count; ++p) theta[p] = std::clamp(theta[p], setup.lower[p], setup.upper[p]);
    // Not the sum of squares of the linearised law, which can prefer another basin than the law does.
    const double score = problem.value(theta.data(), wide_delta);
    if (std::isfinite(score)) starts.push_back({theta, score});
  }
  std::stable_sort(starts.begin(), starts.end(),
                   [](const Start& a, const Start& b) { return a.score < b.score; });
  return starts;
}

}  // namespace frugal::fit
