#include "fit/runs/series.h"

namespace frugal::fit {

Runs to_runs(const Measurements& m) {
  Runs points;
  for (const auto& [name, values] :
       {std::pair{variable::size, &m.size}, std::pair{variable::data, &m.data},
        std::pair{variable::compute, &m.compute}, std::pair{variable::unique_data, &m.unique_data},
        std::pair{variable::density, &m.density}}) {
    if (!values->empty()) points.set_column(name, *values);
  }
  points.y = m.error;
  points.weight = m.weight;
  points.standard_error = m.standard_error;
  return points;
}

RunScale scale_of(const Measurements& m, std::size_t row) {
  const auto value = [row](const std::vector<double>& values) { return values.empty() ? 0 : values[row]; };
  return {value(m.size), value(m.data), value(m.compute), value(m.unique_data), value(m.density)};
}

Measured to_measured(const Measurements& m) {
  Measured measured;
  for (std::size_t i = 0; i < m.count(); ++i) measured.scale.push_back(scale_of(m, i));
  measured.error = m.error;
  return measured;
}

}  // namespace frugal::fit
