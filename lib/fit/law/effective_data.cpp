#include "fit/law/effective_data.h"

#include <algorithm>
#include <cmath>

namespace frugal::fit {

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

}  // namespace frugal::fit
