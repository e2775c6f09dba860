#include "fit/validate/validate.h"

#include "base/error.h"
#include "fit/runs/roles.h"

namespace frugal::fit {
namespace {

using base::UserError;

std::string series_name(const Measurements& m, std::size_t index) {
  return m.series.empty() ? m.chosen.at(role::error) : m.series[index];
}

CornersReport check_corners(const Measurements& m, const ValidateConfig& config, std::uint64_t seed,
                            const std::string& place) {
  if (m.series.size() > 1) {
    throw UserError("", "corners are of one series at a time",
                    "choose one: --set 'where." + m.chosen.at(role::group) + "=" + m.series.front() +
                        "' --set columns.group=none");
  }
  return validate_corners(m, config.fit, seed, place);
}

CurveReport check_all_curves(const Measurements& m, const ValidateConfig& config) {
  const Runs& runs = m.runs;
  const auto x = runs.column(runs.has(variable::data)      ? variable::data
                             : runs.has(variable::compute) ? variable::compute
                                                           : variable::size);
  if (runs.held_out.empty()) {
    throw UserError("", "curves need a column that says which rows are held out",
                    "--set columns.train=NAME, with 1 for the rows to fit and 0 for those to predict");
  }
  std::vector<CurveCase> cases;
  const auto series = m.rows_by_series();
  for (std::size_t s = 0; s < series.size(); ++s) {
    CurveCase& one = cases.emplace_back();
    one.name = series_name(m, s);
    for (const std::size_t i : series[s]) {
      (runs.held_out[i] != 0 ? one.held_x : one.x).push_back(x[i]);
      (runs.held_out[i] != 0 ? one.held_y : one.y).push_back(runs.y[i]);
    }
  }
  return check_curves(cases, config.fit.coverage);
}

std::vector<SeriesCheck> check_all_series(const Measurements& m, const ValidateConfig& config,
                                          std::uint64_t seed) {
  if (!m.runs.has(variable::size) || !m.runs.has(variable::data)) {
    throw UserError("", "joint needs a column of sizes and one of data",
                    "--set columns.size=NAME --set columns.data=NAME");
  }
  CheckOptions options;
  options.laws = config.convergence_laws;
  options.seeds = static_cast<int>(config.seeds);
  options.level = config.fit.coverage;
  options.seed = seed;
  std::vector<SeriesCheck> checks;
  const auto series = m.rows_by_series();
  for (std::size_t s = 0; s < series.size(); ++s) {
    const Runs own = m.runs.select(series[s]);
    std::vector<bool> held;
    for (std::size_t i = 0; i < own.count(); ++i) {
      if (config.hold_out_above) {
        held.push_back(own.column(variable::size)[i] > *config.hold_out_above);
      } else if (!own.held_out.empty()) {
        held.push_back(own.held_out[i] != 0);
      }
    }
    checks.push_back(check_joint(series_name(m, s), own, std::move(held), options));
  }
  return checks;
}

}  // namespace

void ValidateConfig::visit(config::Visitor& v) {
  v.choice("mode", mode, {"corners", "curves", "joint", "protocol"},
           "what is hidden and predicted (see --help)");
  fit.visit(v);
  v.field("convergence_laws", convergence_laws, "joint: laws whose convergence is counted");
  v.field("seeds", seeds, config::between(1, 100000), "joint: fits of each of those laws, a seed each");
  v.field("hold_out_above", hold_out_above, config::greater_than(0),
          "joint: hold out what is larger; null: the train column, else the top scale");
  v.field("noise", noise, config::at_least(0), "protocol: standard deviation of the log error");
  v.field("repeats", repeats, config::between(1, 100000), "protocol: draws of the noise");
}

MeasurementConfig ValidateConfig::measurements() const {
  MeasurementConfig out = fit.measurements;
  if (mode == "curves" && out.columns.asked(role::group).empty()) out.columns[role::group] = "others";
  return out;
}

ValidateOutcome run_validate(const Measurements& m, const ValidateConfig& config, std::uint64_t seed,
                             const std::string& place) {
  ValidateOutcome out;
  out.notes = m.notes;
  for (const std::string& law : config.convergence_laws) find_law(law);  // refused before anything is fitted
  if (config.mode == "corners") {
    out.corners = check_corners(m, config, seed, place);
  } else if (config.mode == "curves") {
    out.curves = check_all_curves(m, config);
  } else if (config.mode == "joint") {
    out.series = check_all_series(m, config, seed);
  } else {
    out.protocol = simulate_protocol(config.noise, static_cast<int>(config.repeats), seed);
  }
  return out;
}

}  // namespace frugal::fit
