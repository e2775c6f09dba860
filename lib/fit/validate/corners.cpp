#include "fit/validate/corners.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/error.h"

namespace frugal::fit {

using base::UserError;

CornersReport validate_corners(const Measurements& m, const FitConfig& config, std::uint64_t seed,
                               const std::string& place) {
  if (m.data.empty())
    throw UserError("", "validate needs a column of data", "name it: --set columns.data=NAME");
  const Cost cost(config.cost, place + ":/cost");
  const auto size_of = [&](std::size_t i) { return m.size.empty() ? 0.0 : m.size[i]; };
  std::set<double> sizes, amounts;
  for (std::size_t i = 0; i < m.count(); ++i) {
    sizes.insert(size_of(i));
    amounts.insert(m.data[i]);
  }
  const auto cost_of = [&](std::size_t i) {
    return !m.compute.empty() ? m.compute[i] : m.size.empty() ? m.data[i] : cost(m.size[i], m.data[i]);
  };
  CornersReport out;
  double log_error = 0, target_cost = 0;
  for (std::size_t i = 0; i < m.count(); ++i) {
    if (size_of(i) != *sizes.rbegin() || m.data[i] != *amounts.rbegin()) continue;
    ++out.repeats;
    log_error += std::log(m.error[i]);
    target_cost = cost_of(i);
    out.target = {size_of(i), m.data[i], m.compute.empty() ? 0 : m.compute[i],
                  m.unique_data.empty() ? 0 : m.unique_data[i], m.density.empty() ? 0 : m.density[i]};
  }
  if (out.repeats == 0) {
    throw UserError("",
                    fmt::format("no run of the largest size ({:g}) on the most data ({:g}) to check against",
                                *sizes.rbegin(), *amounts.rbegin()),
                    "validate predicts that run from every smaller corner of the grid");
  }
  const double measured = std::exp(log_error / static_cast<double>(out.repeats));

  std::size_t fitted = 0;
  std::set<std::vector<std::size_t>> seen;
  for (const double top_size : sizes) {
    for (const double top_data : amounts) {
      if (top_data == *amounts.rbegin() || (sizes.size() > 1 && top_size == *sizes.rbegin())) continue;
      std::vector<std::size_t> rows;
      double spent = 0;
      std::set<double> corner_sizes, corner_amounts;
      for (std::size_t i = 0; i < m.count(); ++i) {
        if (size_of(i) > top_size || m.data[i] > top_data) continue;
        rows.push_back(i);
        spent += cost_of(i);
        corner_sizes.insert(size_of(i));
        corner_amounts.insert(m.data[i]);
      }
      // In a grid with holes, several corners may hold the same runs.
      if (!seen.insert(rows).second) continue;
      // A law of both needs both to vary; corners of one row or column are no corners.
      if (rows.empty() || corner_amounts.size() < 2 || (sizes.size() > 1 && corner_sizes.size() < 2))
        continue;
      CornerCheck check;
      check.largest_size = top_size;
      check.largest_data = top_data;
      check.runs = rows.size();
      check.measured = measured;
      check.compute_ratio = target_cost / spent;
      try {
        const FitOutcome outcome = run_fit(m.subset(rows), config, seed, place);
        check.predicted = outcome.series.front().surface->predict(out.target, config.coverage);
        check.relative = check.predicted.value / measured - 1;
        check.covered = check.predicted.low <= measured && measured <= check.predicted.high;
        out.mean_absolute += std::fabs(check.relative);
        out.covered += check.covered ? 1 : 0;
        ++fitted;
      } catch (const UserError& error) {
        check.refusal = error.what();
      }
      out.corners.push_back(std::move(check));
    }
  }
  if (fitted > 0) {
    out.mean_absolute /= static_cast<double>(fitted);
    out.covered /= static_cast<double>(fitted);
  }
  return out;
}

}  // namespace frugal::fit
