// From every smaller corner of a grid of sizes and amounts of data, the largest run is predicted and compared
// with what was measured (the protocol of Rosenfeld et al. 2020 on real runs).

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "fit/command/page_parts.h"
#include "fit/command/run_fit.h"
#include "fit/validate/validate.h"

namespace frugal::fit {
namespace {

using Json = nlohmann::ordered_json;
using base::UserError;
using report::Page;
using report::Plot;

struct CornerCheck {
  double largest_size = 0, largest_data = 0;  // of the corner that was fitted
  std::size_t runs = 0;
  Estimate predicted;
  double relative = 0;  // predicted/measured − 1
  bool covered = false;
  double compute_ratio = 0;  // cost of the target run / cost of all fitted runs
  std::string refusal;       // why this corner could not be fitted
};

struct Corners final : Check {
  RunScale target;
  std::size_t repeats = 0;  // runs measured at the target
  double measured = 0;      // their mean error
  std::vector<CornerCheck> corners;
  double mean_absolute = 0, covered = 0;  // over the corners that were fitted

  void add_to_result(Json& result) const override;
  void add_to_page(Page& page, double coverage) const override;
};

// The runs of a series, ready to be cut into corners.
struct Grid {
  const Measurements& measurements;
  const Cost& cost;
  std::vector<RunScale> scale;
  std::set<double> sizes, amounts;

  double cost_of(const RunScale& run) const {
    return run.compute > 0 ? run.compute : run.size > 0 ? cost(run.size, run.data) : run.data;
  }
  double largest_size() const { return *sizes.rbegin(); }
  double largest_data() const { return *amounts.rbegin(); }
};

void find_target(const Grid& grid, Corners& out) {
  double log_error = 0;
  for (std::size_t i = 0; i < grid.scale.size(); ++i) {
    const RunScale& run = grid.scale[i];
    if (run.size != grid.largest_size() || run.data != grid.largest_data()) continue;
    ++out.repeats;
    log_error += std::log(grid.measurements.runs.y[i]);
    out.target = run;
  }
  if (out.repeats == 0) {
    throw UserError("",
                    fmt::format("no run of the largest size ({:g}) on the most data ({:g}) to check against",
                                grid.largest_size(), grid.largest_data()),
                    "validate predicts that run from every smaller corner of the grid");
  }
  out.measured = std::exp(log_error / static_cast<double>(out.repeats));
}

// The runs up to this size and data; empty where they are no grid of their own.
std::vector<std::size_t> corner_rows(const Grid& grid, double top_size, double top_data) {
  std::vector<std::size_t> rows;
  std::set<double> sizes, amounts;
  for (std::size_t i = 0; i < grid.scale.size(); ++i) {
    if (grid.scale[i].size > top_size || grid.scale[i].data > top_data) continue;
    rows.push_back(i);
    sizes.insert(grid.scale[i].size);
    amounts.insert(grid.scale[i].data);
  }
  // A law of both needs both to vary; corners of one row or column are no corners.
  if (amounts.size() < 2 || (grid.sizes.size() > 1 && sizes.size() < 2)) rows.clear();
  return rows;
}

void check_corner(const Grid& grid, const std::vector<std::size_t>& rows, const ValidateInput& input,
                  const Corners& all, CornerCheck& check) {
  double spent = 0;
  for (const std::size_t i : rows) spent += grid.cost_of(grid.scale[i]);
  check.runs = rows.size();
  check.compute_ratio = grid.cost_of(all.target) / spent;
  Measurements part = grid.measurements;
  part.runs = grid.measurements.runs.select(rows);
  try {
    const FitOutcome outcome = run_fit(part, input.config.fit, input.seed, input.place);
    check.predicted = outcome.series.front().surface->predict(all.target, input.config.fit.coverage);
    check.relative = check.predicted.value / all.measured - 1;
    check.covered = check.predicted.low <= all.measured && all.measured <= check.predicted.high;
  } catch (const UserError& error) {
    check.refusal = error.what();
  }
}

void Corners::add_to_result(Json& out) const {
  out["target"] = {{"size", target.size}, {"data", target.data}, {"repeats", repeats}};
  out["corners"] = Json::array();
  for (const CornerCheck& check : corners) {
    Json one = {{"largest_size", check.largest_size},
                {"largest_data", check.largest_data},
                {"runs", check.runs},
                {"compute_ratio", check.compute_ratio}};
    if (check.refusal.empty()) {
      one["measured"] = measured;
      one["predicted"] = to_json(check.predicted);
      one["relative_error"] = check.relative;
      one["covered"] = check.covered;
    } else {
      one["refused"] = check.refusal;
    }
    out["corners"].push_back(std::move(one));
  }
  out["mean_absolute_relative_error"] = mean_absolute;
  out["covered"] = covered;
}

void Corners::add_to_page(Page& page, double coverage) const {
  page.section("From every smaller corner to the largest run");
  std::vector<std::vector<std::string>> rows;
  JudgedSeries judged;
  for (const CornerCheck& check : corners) {
    if (!check.refusal.empty()) {
      rows.push_back({shown(check.largest_size), shown(check.largest_data), std::to_string(check.runs),
                      shown(check.compute_ratio), "", "", "", check.refusal});
      continue;
    }
    judged.add(check.compute_ratio, check.predicted, check.covered);
    rows.push_back({shown(check.largest_size), shown(check.largest_data), std::to_string(check.runs),
                    shown(check.compute_ratio), shown(check.predicted.value), range(check.predicted),
                    fmt::format("{:+.1f} %", 100 * check.relative), check.covered ? "inside" : "outside"});
  }
  page.paragraph(fmt::format(
      "The run to predict has size {} and data {}, and was measured {} time(s): {}. Over {} corners the "
      "prediction misses by {} on average; {} of the {} intervals hold what was measured.",
      shown(target.size), shown(target.data), repeats, shown(measured), judged.count(), share(mean_absolute),
      share(covered), share(coverage)));
  if (judged.count() > 0) {
    Plot plot("Prediction of the largest run", {"its compute / compute of all fitted runs", true, {}, {}},
              error_axis());
    judged.draw(plot);
    plot.horizontal("measured", measured, "#444444");
    page.figure(plot.svg(),
                fmt::format("One point a corner; to the right the small runs cost less. Bars are {} "
                            "prediction intervals.",
                            share(coverage)));
  }
  page.table({"largest size", "largest data", "runs", "compute ratio", "predicted", "interval", "miss", ""},
             rows);
}

}  // namespace

std::unique_ptr<Check> validate_corners(const ValidateInput& input) {
  const Measurements& m = input.measurements;
  if (m.series.size() > 1) {
    throw UserError("", "corners are of one series at a time",
                    "choose one: --set 'where." + m.chosen.at(role::group) + "=" + m.series.front() +
                        "' --set columns.group=none");
  }
  if (!m.runs.has(variable::data))
    throw UserError("", "validate needs a column of data", "name it: --set columns.data=NAME");
  const Cost cost(input.config.fit.cost, input.place + ":/cost");
  Grid grid{m, cost, {}, {}, {}};
  for (std::size_t i = 0; i < m.runs.count(); ++i) {
    grid.scale.push_back(m.runs.scale(i));
    grid.sizes.insert(grid.scale[i].size);
    grid.amounts.insert(grid.scale[i].data);
  }
  auto out = std::make_unique<Corners>();
  find_target(grid, *out);
  std::size_t fitted = 0;
  std::set<std::vector<std::size_t>> seen;
  for (const double top_size : grid.sizes) {
    for (const double top_data : grid.amounts) {
      const bool smaller_size = grid.sizes.size() == 1 || top_size != grid.largest_size();
      if (top_data == grid.largest_data() || !smaller_size) continue;
      const std::vector<std::size_t> rows = corner_rows(grid, top_size, top_data);
      // In a grid with holes, several corners may hold the same runs.
      if (rows.empty() || !seen.insert(rows).second) continue;
      CornerCheck& check = out->corners.emplace_back();
      check.largest_size = top_size;
      check.largest_data = top_data;
      check_corner(grid, rows, input, *out, check);
      if (!check.refusal.empty()) continue;
      out->mean_absolute += std::fabs(check.relative);
      out->covered += check.covered ? 1 : 0;
      ++fitted;
    }
  }
  if (fitted > 0) {
    out->mean_absolute /= static_cast<double>(fitted);
    out->covered /= static_cast<double>(fitted);
  }
  return out;
}

}  // namespace frugal::fit
