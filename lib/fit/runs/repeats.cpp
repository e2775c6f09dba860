#include "fit/runs/repeats.h"

#include <cmath>
#include <map>

namespace frugal::fit {

Repeats find_repeats(const Runs& runs) {
  Repeats repeats;
  std::map<std::vector<double>, std::size_t> cells;
  const bool joint = runs.has(variable::size) && runs.has(variable::data);
  for (std::size_t i = 0; i < runs.count(); ++i) {
    std::vector<double> key = {runs.series.empty() ? 0.0 : static_cast<double>(runs.series[i])};
    for (std::size_t v = 0; v < runs.names.size(); ++v) {
      // Compute follows from size and data where both are there (up to rounding).
      if (!joint || runs.names[v] != variable::compute) key.push_back(runs.columns[v][i]);
    }
    repeats.cell.push_back(cells.try_emplace(std::move(key), cells.size()).first->second);
  }
  repeats.cells = cells.size();
  std::vector<double> sum(repeats.cells), squares(repeats.cells), count(repeats.cells);
  for (std::size_t i = 0; i < runs.count(); ++i) {
    sum[repeats.cell[i]] += std::log(runs.y[i]);
    count[repeats.cell[i]] += 1;
  }
  for (std::size_t i = 0; i < runs.count(); ++i) {
    const std::size_t c = repeats.cell[i];
    squares[c] += std::pow(std::log(runs.y[i]) - sum[c] / count[c], 2);
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
