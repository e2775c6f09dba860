#include "fit/law/setup.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "fit/numeric/linear_algebra.h"
#include "fit/numeric/vector_math.h"

namespace frugal::fit {

std::size_t Setup::free_count() const {
  std::size_t free = 0;
  for (std::size_t p = 0; p < lower.size(); ++p) free += lower[p] < upper[p];
  return free;
}

namespace {

// With standard errors 1/(se/y)² (log, relative) or 1/se², of mean one.
std::vector<double> run_weights(const Runs& points, const FitOptions& options) {
  std::vector<double> weight = points.weight;
  if (weight.empty()) weight.assign(points.count(), 1.0);
  if (points.standard_error.empty()) return weight;
  double total = 0;
  std::vector<double> precision(points.count());
  for (std::size_t i = 0; i < points.count(); ++i) {
    const double unit = options.objective.residual == Residual::absolute ? 1.0 : points.y[i];
    precision[i] = std::pow(unit / points.standard_error[i], 2);
    total += precision[i];
  }
  for (std::size_t i = 0; i < points.count(); ++i) weight[i] *= precision[i] * double(points.count()) / total;
  return weight;
}

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

Setup prepare(const Law& law, const Runs& points, const FitOptions& options) {
  Setup setup;
  const std::size_t p_count = law.parameter_count();
  FRUGAL_ASSERT(p_count <= 32, "a law has at most 32 parameters");
  for (const Parameter& parameter : law.parameters) {
    setup.lower.push_back(parameter.lower);
    setup.upper.push_back(parameter.upper);
  }
  for (const auto& [name, range] : options.bounds) {
    const std::size_t p = law.index_of(name);
    if (!(range.first <= range.second))
      throw base::UserError(
          "", fmt::format("bounds of '{}': {} is not below {}", name, range.first, range.second));
    setup.lower[p] = range.first;
    setup.upper[p] = range.second;
  }
  for (const auto& [name, value] : options.fixed) {
    const std::size_t p = law.index_of(name);
    if (!std::isfinite(value))
      throw base::UserError("", fmt::format("fixed '{}' must be a number, got {}", name, value));
    setup.lower[p] = setup.upper[p] = value;
  }
  setup.weight = run_weights(points, options);

  // Geometric means as units, unless a parameter that the user holds would change its value with them.
  setup.log_unit.assign(law.variables.size(), 0);
  std::vector<double> log_mean(law.variables.size(), 0);
  for (std::size_t v = 0; v < law.variables.size(); ++v) {
    for (const double x : points.column(law.variables[v])) log_mean[v] += std::log(x);
    log_mean[v] /= double(points.count());
  }
  law.share_units(log_mean.data());
  std::vector<double> probe(p_count), changed;
  for (std::size_t p = 0; p < p_count; ++p) {
    const Parameter& parameter = law.parameters[p];
    probe[p] = 0.5 * (parameter.start_lower + parameter.start_upper);
  }
  changed = probe;
  bool changes = law.from_units(changed.data(), log_mean.data());
  for (std::size_t p = 0; p < p_count && changes; ++p) {
    const bool held =
        options.bounds.count(law.parameters[p].name) || options.fixed.count(law.parameters[p].name);
    if (held && changed[p] != probe[p]) changes = false;
  }
  if (changes) setup.log_unit = log_mean;
  setup.unit_free = changes;
  setup.inputs = inputs_of(law, points, setup.log_unit);
  return setup;
}

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
    for (std::size_t d = 0; d < scanned.size(); ++d) {
      const std::size_t p = scanned[d];
      theta[p] = from_unit_interval(law.parameters[p], setup.lower[p], setup.upper[p], lattice.at[d]);
    }
    if (q_all != 0) {
      std::fill(basis.begin(), basis.end(), 1.0);
      for (std::size_t i = 0; i < n; ++i) {
        target[i] = problem.y()[i];
        scale[i] = 1 / target[i];
      }
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
