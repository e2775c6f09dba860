#include "fit/validate/protocol.h"

#include <cmath>

#include "base/random.h"
#include "base/stop.h"
#include "fit/law/fit.h"
#include "fit/posterior/predictive.h"

namespace frugal::fit {
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

void mean_and_deviation(const std::vector<double>& values, double& mean, double& deviation) {
  mean = deviation = 0;
  for (const double value : values) mean += value / double(values.size());
  for (const double value : values) deviation += std::pow(value - mean, 2) / double(values.size());
  deviation = std::sqrt(deviation);
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

}  // namespace

std::vector<ProtocolResult> simulate_protocol(double noise, int repeats, std::uint64_t seed) {
  const auto law = find_law("rosenfeld");
  std::vector<ProtocolResult> results;
  for (const Truth& truth : truths) {
    ProtocolResult result;
    result.name = truth.name;
    result.theta = {truth.a, truth.b, truth.c_inf, truth.alpha, truth.beta, truth.eps0};
    std::vector<double> in_fit, beyond, by_default;
    for (int repeat = 0; repeat < repeats; ++repeat) {
      base::stop_if_requested();
      base::Random random(seed, std::string("protocol/") + truth.name + "/" + std::to_string(repeat));
      Runs points;
      std::vector<double> size, data;
      for (int i = 0; i < 7; ++i)
        for (int k = 0; k < 6; ++k) {
          size.push_back(std::pow(4.0, i));
          data.push_back(std::pow(2.0, k));
        }
      points.set_column(variable::size, size);
      points.set_column(variable::data, data);
      points.y.assign(size.size(), 1.0);
      points.y = predict(*law, result.theta, points);
      for (double& y : points.y) y *= std::exp(noise * random.normal());
      result.runs = points.count();

      const auto fold = random.permutation(points.count());
      for (std::size_t f = 0; f < 10; ++f) {
        std::vector<std::size_t> rest, left_out;
        for (std::size_t i = 0; i < fold.size(); ++i) (i % 10 == f ? left_out : rest).push_back(fold[i]);
        const auto theta = fit(*law, points.select(rest), options_for(truth, seed)).theta;
        const Runs held = points.select(left_out);
        const auto y = predict(*law, theta, held);
        for (std::size_t i = 0; i < y.size(); ++i) in_fit.push_back((y[i] - held.y[i]) / held.y[i]);
      }

      std::vector<std::size_t> corner, largest;
      const double most_size = std::pow(4.0, 6), most_data = std::pow(2.0, 5);
      for (std::size_t i = 0; i < points.count(); ++i) {
        if (size[i] <= most_size / 16 && data[i] <= most_data / 8) corner.push_back(i);
        if (size[i] == most_size && data[i] == most_data) largest.push_back(i);
      }
      result.corner_runs = corner.size();
      const Runs target = points.select(largest);
      const auto theta = fit(*law, points.select(corner), options_for(truth, seed)).theta;
      const auto y = predict(*law, theta, target);
      for (std::size_t i = 0; i < y.size(); ++i) beyond.push_back((y[i] - target.y[i]) / target.y[i]);
      const auto intervals = Predictive(points.select(corner), PredictiveOptions{}).predict(target);
      for (std::size_t i = 0; i < intervals.size(); ++i) {
        by_default.push_back((intervals[i].estimate - target.y[i]) / target.y[i]);
        if (intervals[i].lower <= target.y[i] && target.y[i] <= intervals[i].upper) ++result.default_covered;
      }
    }
    mean_and_deviation(in_fit, result.fit_mu, result.fit_sigma);
    mean_and_deviation(beyond, result.extrapolation_mu, result.extrapolation_sigma);
    mean_and_deviation(by_default, result.default_mu, result.default_sigma);
    result.default_covered /= static_cast<double>(by_default.size());
    results.push_back(std::move(result));
  }
  return results;
}

}  // namespace frugal::fit
