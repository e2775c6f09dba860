#include "fit/validate/protocol.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/random.h"
#include "base/stop.h"
#include "fit/command/page_parts.h"
#include "fit/law/fit.h"
#include "fit/posterior/predictive.h"

namespace frugal::fit {

using Json = nlohmann::ordered_json;
using report::Page;

namespace {

struct Truth {
  const char* name;
  double classes;  // 0: a loss, ε₀ free
  double a, b, c_inf, alpha, beta, eps0;
};

// The kinds of surface that the paper fits: few and many classes, data- and size-limited, with a floor and
// without, and a loss. a and b are for sizes and data relative to the smallest of the grid.
constexpr Truth truths[] = {
    {"ten classes, no floor", 10, 0.35, 0.25, 0.0, 0.6, 0.5, 0.9},
    {"a thousand classes", 1000, 0.9, 0.6, 0.12, 0.45, 0.4, 0.999},
    {"mostly limited by data", 100, 1.2, 0.08, 0.05, 0.7, 0.6, 0.99},
    {"mostly limited by size", 100, 0.1, 0.9, 0.05, 0.5, 0.55, 0.99},
    {"a loss", 0, 1.8, 2.4, 2.2, 0.35, 0.4, 9.0},
};

// Model size by quarters, data by halves, counted from the smallest.
constexpr int sizes = 7, amounts = 6;
const double most_size = std::pow(4.0, sizes - 1), most_data = std::pow(2.0, amounts - 1);
constexpr std::size_t folds = 10;

RelativeError relative_error(const std::vector<double>& values) {
  RelativeError out;
  for (const double value : values) out.mu += value / double(values.size());
  for (const double value : values) out.sigma += std::pow(value - out.mu, 2) / double(values.size());
  out.sigma = std::sqrt(out.sigma);
  return out;
}

FitOptions options_for(const Truth& truth, std::uint64_t seed) {
  FitOptions options;
  options.seed = seed;
  options.objective = Objective::relative_squared();
  options.scan_points = 200;
  options.starts = 4;
  options.restarts = 0;
  options.min_agreeing = 0;
  if (truth.classes > 0) options.fixed["eps0"] = (truth.classes - 1) / truth.classes;
  return options;
}

Runs simulate(const Law& law, const std::vector<double>& theta, double noise, base::Random& random) {
  Runs runs;
  std::vector<double> size, data;
  for (int i = 0; i < sizes; ++i)
    for (int k = 0; k < amounts; ++k) {
      size.push_back(std::pow(4.0, i));
      data.push_back(std::pow(2.0, k));
    }
  runs.y.assign(size.size(), 1.0);
  runs.set_column(variable::size, std::move(size));
  runs.set_column(variable::data, std::move(data));
  runs.y = predict(law, theta, runs);
  for (double& y : runs.y) y *= std::exp(noise * random.normal());
  return runs;
}

// Fits some runs and appends the relative errors of its predictions of others.
void judge(const Law& law, const Runs& fitted, const Runs& hidden, const FitOptions& options,
           std::vector<double>& errors) {
  const auto y = predict(law, fit(law, fitted, options).theta, hidden);
  for (std::size_t i = 0; i < y.size(); ++i) errors.push_back((y[i] - hidden.y[i]) / hidden.y[i]);
}

// Every run, predicted from a fit without its tenth of the runs.
void judge_in_folds(const Law& law, const Runs& runs, const FitOptions& options, base::Random& random,
                    std::vector<double>& errors) {
  const auto order = random.permutation(runs.count());
  for (std::size_t f = 0; f < folds; ++f) {
    std::vector<std::size_t> rest, left_out;
    for (std::size_t i = 0; i < order.size(); ++i) (i % folds == f ? left_out : rest).push_back(order[i]);
    judge(law, runs.select(rest), runs.select(left_out), options, errors);
  }
}

// The small runs, and the largest, which they are to predict.
struct Extrapolation {
  Runs corner, target;
};

Extrapolation split(const Runs& runs) {
  std::vector<std::size_t> corner, largest;
  for (std::size_t i = 0; i < runs.count(); ++i) {
    const RunScale scale = runs.scale(i);
    if (scale.size <= most_size / 16 && scale.data <= most_data / 8) corner.push_back(i);
    if (scale.size == most_size && scale.data == most_data) largest.push_back(i);
  }
  return {runs.select(corner), runs.select(largest)};
}

ProtocolResult simulate_one(const Law& law, const Truth& truth, double noise, int repeats,
                            std::uint64_t seed) {
  ProtocolResult result;
  result.name = truth.name;
  result.theta = {truth.a, truth.b, truth.c_inf, truth.alpha, truth.beta, truth.eps0};
  const FitOptions options = options_for(truth, seed);
  std::vector<double> in_fit, beyond, by_default;
  for (int repeat = 0; repeat < repeats; ++repeat) {
    base::stop_if_requested();
    base::Random random(seed, std::string("protocol/") + truth.name + "/" + std::to_string(repeat));
    const Runs runs = simulate(law, result.theta, noise, random);
    judge_in_folds(law, runs, options, random, in_fit);
    const auto [corner, target] = split(runs);
    judge(law, corner, target, options, beyond);
    for (std::size_t i = 0; const Estimate& predicted : Predictive(corner).predict(target)) {
      const double y = target.y[i++];
      by_default.push_back((predicted.value - y) / y);
      if (predicted.low <= y && y <= predicted.high) ++result.default_covered;
    }
    result.runs = runs.count();
    result.corner_runs = corner.count();
  }
  result.in_fit = relative_error(in_fit);
  result.extrapolation = relative_error(beyond);
  result.by_default = relative_error(by_default);
  result.default_covered /= static_cast<double>(by_default.size());
  return result;
}

}  // namespace

std::vector<ProtocolResult> simulate_protocol(double noise, int repeats, std::uint64_t seed) {
  const auto law = find_law("rosenfeld");
  std::vector<ProtocolResult> results;
  for (const Truth& truth : truths) results.push_back(simulate_one(*law, truth, noise, repeats, seed));
  return results;
}

void ProtocolReport::add_to_result(Json& out) const {
  out["surfaces"] = Json::array();
  for (const ProtocolResult& r : surfaces) {
    out["surfaces"].push_back(
        {{"name", r.name},
         {"truth", r.theta},
         {"runs", r.runs},
         {"in_fit", {{"mu", r.in_fit.mu}, {"sigma", r.in_fit.sigma}}},
         {"corner_runs", r.corner_runs},
         {"extrapolation", {{"mu", r.extrapolation.mu}, {"sigma", r.extrapolation.sigma}}},
         {"extrapolation_by_default",
          {{"mu", r.by_default.mu}, {"sigma", r.by_default.sigma}, {"covered", r.default_covered}}}});
  }
}

void ProtocolReport::add_to_page(Page& page, double) const {
  page.section("Simulated surfaces");
  const auto pm = [](const RelativeError& e) {
    return fmt::format("{:+.2f} % ± {:.2f} %", 100 * e.mu, 100 * e.sigma);
  };
  std::vector<std::vector<std::string>> rows;
  for (const ProtocolResult& r : surfaces) {
    rows.push_back({r.name, std::to_string(r.runs), pm(r.in_fit), std::to_string(r.corner_runs),
                    pm(r.extrapolation), pm(r.by_default), share(r.default_covered)});
  }
  page.table(
      {"surface", "runs", "in fit, 10-fold", "runs of the corner", "extrapolated", "by default", "covered"},
      rows,
      "Mean ± standard deviation of predicted / measured − 1. The corner has at most 1/16 of the size and "
      "1/8 of the data (Rosenfeld et al. 2020). By default: the average that answers where no law is named.");
}

std::unique_ptr<Check> validate_protocol(const ValidateInput& input) {
  auto report = std::make_unique<ProtocolReport>();
  report->surfaces =
      simulate_protocol(input.config.noise, static_cast<int>(input.config.repeats), input.seed);
  return report;
}

}  // namespace frugal::fit
