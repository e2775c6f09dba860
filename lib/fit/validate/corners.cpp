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
  const Runs& runs = m.runs;
  if (!runs.has(variable::data))
    throw UserError("", "validate needs a column of data", "name it: --set columns.data=NAME");
  const Cost cost(config.cost, place + ":/cost");
  std::vector<RunScale> scale;
  std::set<double> sizes, amounts;
  for (std::size_t i = 0; i < runs.count(); ++i) {
    scale.push_back(runs.scale(i));
    sizes.insert(scale[i].size);
    amounts.insert(scale[i].data);
  }
  const auto cost_of = [&](const RunScale& run) {
    return run.compute > 0 ? run.compute : run.size > 0 ? cost(run.size, run.data) : run.data;
  };
  CornersReport out;
  double log_error = 0, target_cost = 0;
  for (std::size_t i = 0; i < runs.count(); ++i) {
    if (scale[i].size != *sizes.rbegin() || scale[i].data != *amounts.rbegin()) continue;
    ++out.repeats;
    log_error += std::log(runs.y[i]);
    target_cost = cost_of(scale[i]);
    out.target = scale[i];
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
      for (std::size_t i = 0; i < runs.count(); ++i) {
        if (scale[i].size > top_size || scale[i].data > top_data) continue;
        rows.push_back(i);
        spent += cost_of(scale[i]);
        corner_sizes.insert(scale[i].size);
        corner_amounts.insert(scale[i].data);
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
      Measurements part = m;
      part.runs = runs.select(rows);
      try {
        const FitOutcome outcome = run_fit(part, config, seed, place);
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
