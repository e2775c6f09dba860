#include "fit/law/law.h"

#include <fmt/format.h>

#include <cmath>

#include "base/error.h"

namespace frugal::fit {

bool Law::add_curvature(const double*, const Inputs&, const double*, const double*, double*) const {
  return false;
}
bool Law::linearise(const double*, const Inputs&, const double*, double*, double*, double*) const {
  return false;
}
bool Law::from_units(double*, const double*) const { return false; }
void Law::to_units(double*, const double*) const {}
void Law::share_units(double*) const {}
std::vector<std::size_t> Law::linear() const { return {}; }

void Law::set_linear(double* theta, const double* coefficients) const {
  const auto at = linear();
  for (std::size_t k = 0; k < at.size(); ++k) theta[at[k]] = coefficients[k];
}

std::size_t Law::index_of(const std::string& parameter) const {
  std::vector<std::string> names;
  for (std::size_t p = 0; p < parameters.size(); ++p) {
    if (parameters[p].name == parameter) return p;
    names.push_back(parameters[p].name);
  }
  throw base::UserError("", fmt::format("the law '{}' has no parameter '{}'", name, parameter),
                        base::suggest(parameter, names));
}

Inputs inputs_of(const Law& law, const Runs& points, const std::vector<double>& log_unit) {
  Inputs inputs;
  inputs.count = points.columns.empty() ? points.count() : points.columns.front().size();
  for (std::size_t v = 0; v < law.variables.size(); ++v) {
    const auto column = points.column(law.variables[v]);
    const double shift = log_unit.empty() ? 0 : log_unit[v];
    std::vector<double> value(column.begin(), column.end()), log_value(column.size());
    for (std::size_t i = 0; i < value.size(); ++i) {
      log_value[i] = std::log(value[i]) - shift;
      if (shift != 0) value[i] = std::exp(log_value[i]);
    }
    inputs.value.push_back(std::move(value));
    inputs.log_value.push_back(std::move(log_value));
  }
  return inputs;
}

std::vector<double> predict(const Law& law, const std::vector<double>& theta, const Runs& points) {
  FRUGAL_ASSERT(theta.size() == law.parameter_count(), "parameters of another law");
  const Inputs inputs = inputs_of(law, points);
  std::vector<double> y(inputs.count);
  law.evaluate(theta.data(), inputs, y.data(), nullptr);
  return y;
}

}  // namespace frugal::fit
