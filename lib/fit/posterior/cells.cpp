#include "fit/posterior/cells.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "base/error.h"

namespace frugal::fit {
namespace {

// Sums over the runs of one cell.
struct Sums {
  double x = 0, z = 0, log_y = 0, square = 0, count = 0, known = 0;
};
using Grid = std::map<std::pair<long long, long long>, Sums>;

Grid gather(const Runs& runs, const Edge& edge, double width) {
  const auto size = runs.column(variable::size), data = runs.column(variable::data);
  Grid grid;
  for (std::size_t i = 0; i < runs.count(); ++i) {
    const double x = std::log(data[i]) - edge.log_data, z = std::log(size[i]) - edge.log_size;
    Sums& cell = grid[{std::llround(x / width), std::llround(z / width)}];
    const double weight = runs.weight.empty() ? 1 : runs.weight[i], log_y = std::log(runs.y[i]);
    if (weight <= 0) continue;
    cell.count += weight;
    cell.x += weight * x;
    cell.z += weight * z;
    cell.log_y += weight * log_y;
    cell.square += weight * log_y * log_y;
    if (!runs.standard_error.empty()) cell.known += std::pow(weight * runs.standard_error[i] / runs.y[i], 2);
  }
  return grid;
}

}  // namespace

Cells make_cells(const Runs& runs, std::size_t most) {
  const auto size = runs.column(variable::size), data = runs.column(variable::data);
  Cells cells;
  Edge& edge = cells.edge;
  edge.log_data = std::log(*std::max_element(data.begin(), data.end()));
  edge.log_size = std::log(*std::max_element(size.begin(), size.end()));
  double width = 1e-9;
  Grid grid = gather(runs, edge, width);
  while (grid.size() > most) {
    width = std::max(0.02, 2 * width);
    grid = gather(runs, edge, width);
  }
  cells.at.value.resize(2);
  cells.at.log_value.resize(2);
  double nearest = -std::numeric_limits<double>::infinity();
  edge.highest = nearest;
  for (const auto& [place, cell] : grid) {
    if (cell.count <= 0) continue;
    cells.within += std::max(0.0, cell.square - cell.log_y * cell.log_y / cell.count);
    cells.at.log_value[0].push_back(cell.z / cell.count);
    cells.at.log_value[1].push_back(cell.x / cell.count);
    cells.log_y.push_back(cell.log_y / cell.count);
    cells.count.push_back(cell.count);
    cells.known.push_back(cell.known / (cell.count * cell.count));
    edge.highest = std::max(edge.highest, cells.log_y.back());
    if (cell.x + cell.z > nearest * cell.count) {
      nearest = (cell.x + cell.z) / cell.count;
      edge.level = cells.log_y.back();
    }
  }
  if (cells.size() < 4)
    throw base::UserError(
        "",
        fmt::format("fewer scales than a law can be fitted to: {} distinct pairs of size and data",
                    cells.size()),
        "measure at four or more, better nine: three sizes on three amounts of data");
  cells.freedom = runs.weight.empty() ? double(runs.count()) - double(cells.size()) : 0;
  cells.at.count = cells.size();
  for (std::size_t v = 0; v < 2; ++v)
    for (const double log_value : cells.at.log_value[v]) cells.at.value[v].push_back(std::exp(log_value));
  return cells;
}

}  // namespace frugal::fit
