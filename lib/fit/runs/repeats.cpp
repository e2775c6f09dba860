#include "fit/runs/repeats.h"

#include <algorithm>
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

namespace {

constexpr double least_excess = 0.262364264467491;  // ln 1.3

double pair_deviation(const std::map<std::pair<double, double>, std::vector<double>>& scales) {
  std::vector<double> gaps;
  for (auto [scale, log_y] : scales) {
    if (log_y.size() < 2) continue;
    std::partial_sort(log_y.begin(), log_y.begin() + 2, log_y.end());
    gaps.push_back(log_y[1] - log_y[0]);
  }
  if (gaps.empty()) return 0;
  const auto middle = gaps.begin() + std::ptrdiff_t(gaps.size() / 2);
  std::nth_element(gaps.begin(), middle, gaps.end());
  return *middle / 0.954;  // the median of |a − b| of two normal numbers
}

// The lowest value added for an amount of data up to a given one (a Fenwick tree over the distinct amounts).
class LowestBelow {
 public:
  explicit LowestBelow(const std::vector<double>& data) : data_(data) {
    std::sort(data_.begin(), data_.end());
    data_.erase(std::unique(data_.begin(), data_.end()), data_.end());
    lowest_.assign(data_.size() + 1, INFINITY);
  }
  void add(double data, double value) {
    for (std::size_t k = rank(data); k < lowest_.size(); k += k & (~k + 1))
      lowest_[k] = std::min(lowest_[k], value);
  }
  double up_to(double data) const {
    double lowest = INFINITY;
    for (std::size_t k = rank(data); k > 0; k -= k & (~k + 1)) lowest = std::min(lowest, lowest_[k]);
    return lowest;
  }

 private:
  std::size_t rank(double data) const {  // from 1
    return static_cast<std::size_t>(std::upper_bound(data_.begin(), data_.end(), data) - data_.begin());
  }
  std::vector<double> data_, lowest_;
};

}  // namespace

std::vector<std::size_t> diverged_runs(const Runs& points) {
  const std::size_t n = points.count();
  std::vector<double> size(n, 0), data(n, 0);
  const bool surface = points.has(variable::size) && points.has(variable::data);
  const auto take = [&](const char* name, std::vector<double>& into) {
    if (!points.has(name)) return;
    const auto column = points.column(name);
    into.assign(column.begin(), column.end());
  };
  take(variable::size, size);
  take(variable::data, data);
  if (!surface && !points.has(variable::size) && !points.has(variable::data)) take(variable::compute, data);
  std::map<std::pair<double, double>, std::vector<double>> scales;
  for (std::size_t i = 0; i < n; ++i) scales[{size[i], data[i]}].push_back(std::log(points.y[i]));
  const double limit = std::max(least_excess, 6 * pair_deviation(scales));
  std::map<std::pair<double, double>, double> lowest_of;
  LowestBelow below(data);
  // In order of size, then of data: what was met before a scale and has no more data is a smaller scale.
  for (const auto& [scale, log_y] : scales) {
    const double own = *std::min_element(log_y.begin(), log_y.end());
    if (surface) below.add(scale.second, own);
    lowest_of[scale] = surface ? below.up_to(scale.second) : own;
  }

  std::vector<double> unique;
  take(variable::unique_data, unique);
  std::vector<std::size_t> suspected;
  for (std::size_t i = 0; i < n; ++i) {
    if (!unique.empty() && data[i] > 4 * unique[i]) continue;
    if (std::log(points.y[i]) > lowest_of[{size[i], data[i]}] + limit) suspected.push_back(i);
  }
  if (suspected.size() > 1 && 10 * suspected.size() > n) suspected.clear();
  return suspected;
}

}  // namespace frugal::fit
