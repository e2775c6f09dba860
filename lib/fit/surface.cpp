#include "fit/surface.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace frugal::fit {
namespace {

constexpr const char* scale_names[] = {"size", "data", "compute", "unique_data", "density"};

template <class Scale>
auto& member(Scale& scale, const std::string& variable) {
  if (variable == "size") return scale.size;
  if (variable == "data" || variable == "x") return scale.data;
  if (variable == "compute") return scale.compute;
  if (variable == "unique_data") return scale.unique_data;
  if (variable == "density") return scale.density;
  throw base::UserError(variable, "is no variable of a run's scale",
                        base::suggest(variable, {std::begin(scale_names), std::end(scale_names)}));
}

// Linear between order statistics.
double quantile(const std::vector<double>& sorted, double share) {
  const double at = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  const double t = at - static_cast<double>(below);
  if (t == 0 || sorted[below] == sorted[above]) return sorted[below];
  return sorted[below] + t * (sorted[above] - sorted[below]);
}

}  // namespace

double& RunScale::of(const std::string& variable) { return member(*this, variable); }
double RunScale::of(const std::string& variable) const { return member(*this, variable); }

Estimate estimate_of(double value, std::vector<double> draws, double coverage) {
  if (draws.empty()) return {value, value, value};
  std::sort(draws.begin(), draws.end());
  // Draws that are centred elsewhere (a bounded parameter) still leave the value inside its interval.
  return {value, std::min(value, quantile(draws, (1 - coverage) / 2)),
          std::max(value, quantile(draws, (1 + coverage) / 2))};
}

nlohmann::ordered_json to_json(const Estimate& e) {
  const auto number = [](double x) {
    return std::isfinite(x) ? nlohmann::ordered_json(x) : nlohmann::ordered_json();
  };
  return {{"value", number(e.value)}, {"low", number(e.low)}, {"high", number(e.high)}};
}

bool Surface::uses(const std::string& variable) const {
  const std::vector<std::string> used = variables();
  return std::find(used.begin(), used.end(), variable) != used.end();
}

Estimate Surface::predict(const RunScale& scale, double coverage) const {
  std::vector<double> values;
  for (int draw = 0; draw < draws(); ++draw) values.push_back(error(scale, draw, true));
  return estimate_of(error(scale, estimate, false), std::move(values), coverage);
}

RunScale Surface::largest() const {
  RunScale out;
  for (const char* name : scale_names) {
    for (const RunScale& scale : measured_.scale) out.of(name) = std::max(out.of(name), scale.of(name));
  }
  return out;
}

RunScale Surface::smallest() const {
  RunScale out = largest();
  for (const char* name : scale_names) {
    for (const RunScale& scale : measured_.scale) out.of(name) = std::min(out.of(name), scale.of(name));
  }
  return out;
}

double Surface::beyond(const RunScale& scale) const {
  const RunScale edge = largest();
  double factor = 0;
  for (const std::string& name : variables()) {
    if (edge.of(name) > 0) factor = std::max(factor, scale.of(name) / edge.of(name));
  }
  return factor;
}

}  // namespace frugal::fit
