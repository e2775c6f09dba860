#include "fit/runs/repeats.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <utility>

namespace frugal::fit {
namespace {

// Equal keys side by side: the order of runs by `before`, of equal ones by their place.
template <typename Before>
std::vector<std::size_t> in_order(std::size_t count, const Before& before) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return before(a, b) || (!before(b, a) && a < b); });
  return order;
}

// Of each run the number of its scale, in the order in which they come.
std::vector<std::size_t> same_scales(const Runs& runs) {
  std::vector<std::span<const double>> keys;
  const bool joint = runs.has(variable::size) && runs.has(variable::data);
  for (std::size_t v = 0; v < runs.names.size(); ++v) {
    // Compute follows from size and data where both are there (up to rounding).
    if (!joint || runs.names[v] != variable::compute) keys.emplace_back(runs.columns[v]);
  }
  const auto before = [&](std::size_t a, std::size_t b) {
    if (!runs.series.empty() && runs.series[a] != runs.series[b]) return runs.series[a] < runs.series[b];
    for (const auto& key : keys)
      if (key[a] != key[b]) return key[a] < key[b];
    return false;
  };
  const std::vector<std::size_t> order = in_order(runs.count(), before);
  std::vector<std::size_t> first(order.size()), number(order.size());  // by run: of its scale
  for (std::size_t k = 0; k < order.size(); ++k)
    first[order[k]] = k > 0 && !before(order[k - 1], order[k]) ? first[order[k - 1]] : order[k];
  std::size_t count = 0;
  for (std::size_t i = 0; i < order.size(); ++i) number[i] = first[i] == i ? count++ : number[first[i]];
  return number;
}

}  // namespace

Repeats find_repeats(const Runs& runs) {
  Repeats repeats;
  repeats.cell = same_scales(runs);
  for (const std::size_t cell : repeats.cell) repeats.cells = std::max(repeats.cells, cell + 1);
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

double pair_deviation(const std::vector<std::pair<double, double>>& lowest_two) {
  std::vector<double> gaps;
  for (const auto& [lowest, second] : lowest_two)
    if (second < INFINITY) gaps.push_back(second - lowest);
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
  // Scales in order of size, then of data; of each the two lowest errors.
  const std::vector<std::size_t> order = in_order(n, [&](std::size_t a, std::size_t b) {
    return std::pair(size[a], data[a]) < std::pair(size[b], data[b]);
  });
  std::vector<std::size_t> scale(n);
  std::vector<double> log_y(n), scale_data;
  std::vector<std::pair<double, double>> lowest_two;
  for (std::size_t k = 0; k < n; ++k) {
    const std::size_t i = order[k];
    const bool same = k > 0 && size[i] == size[order[k - 1]] && data[i] == data[order[k - 1]];
    if (!same) {
      lowest_two.emplace_back(INFINITY, INFINITY);
      scale_data.push_back(data[i]);
    }
    scale[i] = lowest_two.size() - 1;
    log_y[i] = std::log(points.y[i]);
    auto& [lowest, second] = lowest_two.back();
    second = std::min(second, std::max(lowest, log_y[i]));
    lowest = std::min(lowest, log_y[i]);
  }
  const double limit = std::max(least_excess, 6 * pair_deviation(lowest_two));
  std::vector<double> lowest_of;
  LowestBelow below(data);
  // What was met before a scale and has no more data is a smaller scale.
  for (std::size_t s = 0; s < lowest_two.size(); ++s) {
    const double own = lowest_two[s].first;
    if (surface) below.add(scale_data[s], own);
    lowest_of.push_back(surface ? below.up_to(scale_data[s]) : own);
  }

  std::vector<double> unique;
  take(variable::unique_data, unique);
  std::vector<std::size_t> suspected;
  for (std::size_t i = 0; i < n; ++i) {
    if (!unique.empty() && data[i] > 4 * unique[i]) continue;
    if (log_y[i] > lowest_of[scale[i]] + limit) suspected.push_back(i);
  }
  if (suspected.size() > 1 && 10 * suspected.size() > n) suspected.clear();
  return suspected;
}

}  // namespace frugal::fit
