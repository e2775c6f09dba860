#include "fit/law/law.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "fit/law/laws.h"

namespace frugal::fit {

bool Law::add_curvature(const double*, const Inputs&, const double*, const double*, double*) const {
  return false;
}
bool Law::linearise(const double*, const Inputs&, const double*, double*, double*, double*) const {
  return false;
}
bool Law::from_units(double*, const double*) const { return false; }
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

Effective effective_amount(double x, double unique, double rate) {
  const double repeats = x / unique - 1;
  const double left = std::exp(-repeats / rate), worn = 1 - left;
  return {unique * (1 + rate * worn), 1 + rate * worn - left * x / unique,
          unique * (worn - left * repeats / rate)};
}

double effective_data(double data, double unique_data) {
  constexpr double published_rate = 15.39;  // R*_D
  return effective_amount(data, std::min(data, unique_data), published_rate).value;
}

Runs with_effective_data(Runs runs) {
  if (!runs.has(variable::unique_data)) return runs;
  const auto data = runs.column(variable::data), unique = runs.column(variable::unique_data);
  std::vector<double> values(data.size());
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = effective_data(data[i], unique[i]);
  runs.set_column(variable::data, std::move(values));
  return runs;
}

const std::vector<LawEntry>& law_table() {
  static const std::vector<LawEntry> table = {
      {"chinchilla", laws::chinchilla},
      {"rosenfeld", laws::rosenfeld},
      {"kaplan", laws::kaplan},
      {"data_constrained", laws::data_constrained},
      {"overtraining", laws::overtraining},
      {"downstream", laws::downstream},
      {"pruning", laws::pruning},
  };
  return table;
}

std::vector<std::string> law_names() {
  std::vector<std::string> names;
  for (const auto& entry : law_table()) names.emplace_back(entry.name);
  return names;
}

std::shared_ptr<const Law> find_law(const std::string& name) {
  for (const auto& entry : law_table())
    if (name == entry.name) return entry.make();
  throw base::UserError("", fmt::format("unknown law '{}'", name), base::suggest(name, law_names()));
}

}  // namespace frugal::fit
