#include "fit/surface/surface.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "fit/numeric/statistics.h"

namespace frugal::fit {

Estimate estimate_of(double value, std::vector<double> draws, double coverage) {
  if (draws.empty()) return {value, value, value};
  std::sort(draws.begin(), draws.end());
  // Draws that are centred elsewhere (a bounded parameter) still leave the value inside its interval.
  return {value, std::min(value, sorted_quantile(draws, (1 - coverage) / 2)),
          std::max(value, sorted_quantile(draws, (1 + coverage) / 2))};
}

nlohmann::ordered_json to_json(const Estimate& e) {
  const auto number = [](double x) {
    return std::isfinite(x) ? nlohmann::ordered_json(x) : nlohmann::ordered_json();
  };
  return {{"value", number(e.value)}, {"low", number(e.low)}, {"high", number(e.high)}};
}

const std::vector<SurfaceComponent>& Surface::components() const {
  static const std::vector<SurfaceComponent> none;
  return none;
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

Surface::Surface(Runs measured) : measured_(std::move(measured)) {
  for (std::size_t v = 0; v < measured_.names.size(); ++v) {
    const std::vector<double>& values = measured_.columns[v];
    if (values.empty()) continue;
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    smallest_.of(measured_.names[v]) = *low;
    largest_.of(measured_.names[v]) = *high;
  }
}

double Surface::beyond(const RunScale& scale) const {
  const RunScale& edge = largest_;
  double factor = 0;
  for (const std::string& name : variables()) {
    if (edge.of(name) > 0) factor = std::max(factor, scale.of(name) / edge.of(name));
  }
  return factor;
}

}  // namespace frugal::fit
