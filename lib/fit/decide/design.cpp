#include "fit/decide/design.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "fit/law/expression_law.h"
#include "fit/numeric/linear_algebra.h"

namespace frugal::fit {
namespace {

using base::UserError;

constexpr double most_runs = 1e6;

std::vector<double> values_of(const DesignAxis& axis, const std::string& place) {
  if (!axis.values.empty()) return axis.values;
  if (axis.count < 1) {
    throw UserError(place, fmt::format("axis '{}' has no values", axis.name),
                    "give values, or start, factor and count");
  }
  std::vector<double> values;
  for (std::int64_t i = 0; i < axis.count; ++i)
    values.push_back(axis.start * std::pow(axis.factor, static_cast<double>(i)));
  return values;
}

// Every combination of the axes, the first axis slowest.
std::vector<DesignedRun> whole_grid(const DesignConfig& config, const std::string& place) {
  std::vector<std::string> names;
  std::vector<std::vector<double>> values;
  for (std::size_t i = 0; i < config.axes.size(); ++i) {
    const DesignAxis& axis = config.axes[i];
    const std::string at = fmt::format("{}:/axes/{}", place, i);
    if (axis.name.empty()) throw UserError(at, "an axis needs a name");
    if (axis.name == "seed" || axis.name == "id" || axis.name == "out" ||
        std::find(names.begin(), names.end(), axis.name) != names.end()) {
      throw UserError(at + "/name", fmt::format("'{}' is taken", axis.name),
                      "seed, id and out have a meaning already");
    }
    names.push_back(axis.name);
    values.push_back(values_of(axis, at));
  }
  double combinations = static_cast<double>(config.seeds);
  for (const std::vector<double>& one : values) combinations *= static_cast<double>(one.size());
  if (combinations > most_runs) {
    throw UserError(place + ":/axes",
                    fmt::format("make {:.3g} runs with {} seeds; at most {:.0f} are designed", combinations,
                                config.seeds, most_runs),
                    "fewer values or axes");
  }
  Expression size, data;
  if (!config.size.empty()) size = Expression(config.size, names, {}, place + ":/size");
  if (!config.data.empty()) data = Expression(config.data, names, {}, place + ":/data");
  const Cost cost(config.cost, place + ":/cost");
  std::vector<DesignedRun> runs;
  std::vector<std::size_t> at(names.size(), 0);
  for (bool more = true; more;) {
    for (std::int64_t seed = 0; seed < config.seeds; ++seed) {
      DesignedRun run;
      std::vector<double> here;
      for (std::size_t i = 0; i < names.size(); ++i) {
        here.push_back(values[i][at[i]]);
        run.values[names[i]] = here.back();
        run.id += fmt::format("{}{}{:.6g}", run.id.empty() ? "" : "-", names[i], here.back());
        if (!config.axes[i].set.empty())
          run.settings.push_back(fmt::format("{}={:.17g}", config.axes[i].set, here.back()));
      }
      run.values["seed"] = static_cast<double>(seed);
      run.id += fmt::format("-seed{}", seed);
      if (!config.seed_set.empty()) run.settings.push_back(fmt::format("{}={}", config.seed_set, seed));
      if (!size.empty()) run.size = size.value(here, {});
      if (!data.empty()) run.data = data.value(here, {});
      if (run.size > 0 && run.data > 0) run.cost = cost(run.size, run.data);
      runs.push_back(std::move(run));
    }
    std::size_t i = names.size();
    for (more = false; i-- > 0 && !more;) {
      if (++at[i] < values[i].size()) {
        more = true;
      } else {
        at[i] = 0;
      }
    }
  }
  return runs;
}

// d ln y / d theta at a run, in units of the parameters themselves (for a matrix of even condition).
std::vector<double> sensitivity(const SurfaceComponent& component, const RunScale& scale) {
  const Law& law = *component.law;
  Inputs inputs;
  inputs.count = 1;
  for (const std::string& variable : law.variables) {
    inputs.value.push_back({scale.of(variable)});
    inputs.log_value.push_back({std::log(scale.of(variable))});
  }
  double y = 0;
  std::vector<double> jacobian(law.parameter_count());
  law.evaluate(component.theta.data(), inputs, &y, jacobian.data());
  for (std::size_t p = 0; p < jacobian.size(); ++p) {
    jacobian[p] *= (component.theta[p] != 0 ? std::fabs(component.theta[p]) : 1.0) / y;
    if (!std::isfinite(jacobian[p])) jacobian[p] = 0;
  }
  return jacobian;
}

// The information that runs carry about the parameters: Σ JJᵀ, with a little of the identity so that few runs
// leave a matrix that can be inverted.
class Information {
 public:
  explicit Information(std::size_t n) : n_(n), matrix_(n * n, 0.0) {
    for (std::size_t i = 0; i < n; ++i) matrix_[i * n + i] = 1e-8;
  }
  void add(const std::vector<double>& j) {
    for (std::size_t a = 0; a < n_; ++a) {
      for (std::size_t b = 0; b < n_; ++b) matrix_[a * n_ + b] += j[a] * j[b];
    }
    factor_ = matrix_;
    FRUGAL_ASSERT(cholesky(factor_.data(), n_), "information of runs is positive definite");
  }
  std::vector<double> solve(std::vector<double> j) const {
    cholesky_solve(factor_.data(), n_, j.data());
    return j;
  }

 private:
  std::size_t n_;
  std::vector<double> matrix_, factor_;
};

double dot_of(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

// Greedy: the run that gains most for its cost, again and again, while the budget lasts. Gains follow from
// the matrix inversion lemma: with v = jᵀM⁻¹j, adding j lowers the target's variance by (tᵀM⁻¹j)²/(1 + v) and
// raises ln det M by ln(1 + v).
std::vector<DesignedRun> choose(const DesignConfig& config, std::vector<DesignedRun> runs,
                                const Surface& fitted, const std::string& place) {
  if (fitted.components().empty() || !fitted.is_joint()) {
    throw UserError("", "an optimal design needs a fit of size and data",
                    "leave the fit out for a plain grid");
  }
  if (config.size.empty() || config.data.empty()) {
    throw UserError(place + (config.size.empty() ? ":/size" : ":/data"), "is needed to choose runs by a fit",
                    "an expression in the axes' names, for example \"25000*width^2\"");
  }
  const SurfaceComponent& component = *std::max_element(
      fitted.components().begin(), fitted.components().end(),
      [](const SurfaceComponent& a, const SurfaceComponent& b) { return a.weight < b.weight; });
  const auto scale_of = [&](double size, double data) {
    RunScale scale = fitted.largest();
    scale.size = size;
    scale.set_new_data(data);
    return scale;
  };
  RunScale target = fitted.largest();
  target.size *= 10;
  target.data *= 10;
  for (const auto& [name, value] : config.target) target.of(name) = value;
  Information information(component.theta.size());
  for (std::size_t i = 0; i < fitted.measured().count(); ++i)
    information.add(sensitivity(component, fitted.measured().scale(i)));
  const std::vector<double> goal = sensitivity(component, target);

  double left = config.budget.value_or(INFINITY);
  std::vector<DesignedRun> chosen;
  while (!runs.empty()) {
    std::size_t best = runs.size();
    double best_gain = 0;
    for (std::size_t i = 0; i < runs.size(); ++i) {
      if (runs[i].cost > left) continue;
      const std::vector<double> j = sensitivity(component, scale_of(runs[i].size, runs[i].data));
      const std::vector<double> solved = information.solve(j);
      const double v = dot_of(j, solved);
      const double gain =
          (config.criterion == "target" ? std::pow(dot_of(goal, solved), 2) / (1 + v) : std::log1p(v)) /
          runs[i].cost;
      if (gain > best_gain) {
        best_gain = gain;
        best = i;
      }
    }
    if (best == runs.size()) break;
    left -= runs[best].cost;
    information.add(sensitivity(component, scale_of(runs[best].size, runs[best].data)));
    chosen.push_back(std::move(runs[best]));
    runs.erase(runs.begin() + static_cast<std::ptrdiff_t>(best));
  }
  return chosen;
}

}  // namespace

void DesignAxis::visit(config::Visitor& v) {
  v.field("name", name, "stands as {name} in a command, and in size and data");
  v.field("values", values, config::any_number(), "or start, factor, count");
  v.field("start", start, config::any_number(), "first value");
  v.field("factor", factor, config::greater_than(0), "from one value to the next");
  v.field("count", count, config::between(0, 1000), "how many values");
  v.field("set", set, "config path of the trainer that takes the value");
}

void DesignConfig::visit(config::Visitor& v) {
  v.list("axes", axes, "what is varied");
  v.field("seeds", seeds, config::between(1, 1000), "repeats of every run");
  v.field("seed_set", seed_set, "config path of the trainer that takes the seed");
  v.field("size", size, "a run's parameters as an expression in the axes, for example 25000*width^2");
  v.field("data", data, "a run's examples as an expression in the axes, for example 60000*fraction");
  v.field("cost", cost, "cost of a run as an expression in N and D");
  v.field("most_cost_share", most_cost_share, config::between(0, 1),
          "leave out what costs more than this share of the costliest run");
  v.choice("criterion", criterion, {"target", "parameters"},
           "with a fit: what the runs should pin down, the error at the target (V-optimal) or the parameters "
           "(D-optimal)");
  v.field("budget", budget, config::greater_than(0), "with a fit: what all runs together may cost");
  v.field("target", target, config::greater_than(0),
          "with a fit: the run to predict; ten times the largest if empty");
}

std::vector<DesignedRun> design_runs(const DesignConfig& config, const Surface* fitted,
                                     const std::string& place) {
  if (config.axes.empty()) {
    throw UserError(
        place + ":/axes", "is empty: nothing is varied",
        "for example [{\"name\": \"width\", \"count\": 4}, {\"name\": \"fraction\", \"count\": 6}]");
  }
  std::vector<DesignedRun> runs = whole_grid(config, place);
  double costliest = 0;
  for (const DesignedRun& run : runs) costliest = std::max(costliest, run.cost);
  std::erase_if(runs, [&](const DesignedRun& run) {
    return run.cost > config.most_cost_share * costliest * (1 + 1e-12);
  });
  if (fitted != nullptr) return choose(config, std::move(runs), *fitted, place);
  // Cheap ones first: an error in the set-up shows early.
  std::stable_sort(runs.begin(), runs.end(),
                   [](const DesignedRun& a, const DesignedRun& b) { return a.cost < b.cost; });
  return runs;
}

nlohmann::ordered_json to_json(const DesignedRun& run) {
  nlohmann::ordered_json out = {{"id", run.id}};
  for (const auto& [name, value] : run.values) {
    if (value == std::floor(value) && std::fabs(value) < 1e15) {
      out[name] = static_cast<std::int64_t>(value);
    } else {
      out[name] = value;
    }
  }
  out["set"] = run.settings;
  if (run.size > 0) out["size"] = run.size;
  if (run.data > 0) out["data"] = run.data;
  if (run.cost > 0) out["cost"] = run.cost;
  return out;
}

}  // namespace frugal::fit
