// Runs that were repeated at the same scale, and what they say of the noise.
#include <array>
#include <cmath>
#include <map>

#include "fit/runs/measurements.h"

namespace frugal::fit {

Repeats find_repeats(const Measurements& m) {
  Repeats repeats;
  std::map<std::array<double, 6>, std::size_t> cells;
  const auto value = [](const std::vector<double>& values, std::size_t i) {
    return values.empty() ? 0.0 : values[i];
  };
  for (std::size_t i = 0; i < m.count(); ++i) {
    const std::array<double, 6> key = {
        m.group.empty() ? 0.0 : static_cast<double>(m.group[i]), value(m.size, i), value(m.data, i),
        // Compute follows from size and data where both are there (up to rounding).
        m.size.empty() || m.data.empty() ? value(m.compute, i) : 0.0, value(m.unique_data, i),
        value(m.density, i)};
    repeats.cell.push_back(cells.try_emplace(key, cells.size()).first->second);
  }
  repeats.cells = cells.size();
  std::vector<double> sum(repeats.cells), squares(repeats.cells), count(repeats.cells);
  for (std::size_t i = 0; i < m.count(); ++i) {
    sum[repeats.cell[i]] += std::log(m.error[i]);
    count[repeats.cell[i]] += 1;
  }
  for (std::size_t i = 0; i < m.count(); ++i) {
    const std::size_t c = repeats.cell[i];
    squares[c] += std::pow(std::log(m.error[i]) - sum[c] / count[c], 2);
  }
  double total = 0, freedom = 0;
  for (std::size_t c = 0; c < repeats.cells; ++c) {
    if (count[c] < 2) continue;
    ++repeats.repeated_cells;
    total += squares[c];
    freedom += count[c] - 1;
  }
  repeats.log_error_sd = freedom > 0 ? std::sqrt(total / freedom) : 0.0;
  return repeats;
}

}  // namespace frugal::fit
