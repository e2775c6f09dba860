#include "fit/validate/validate.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "report/html.h"

namespace frugal::fit {
namespace {

struct Mode {
  const char* name;
  bool needs_data;  // runs by scale
  std::unique_ptr<Check> (*run)(const ValidateInput& input);
};

constexpr Mode modes[] = {
    {"corners", true, validate_corners},    {"curves", true, validate_curves},
    {"joint", true, validate_joint},        {"schedule", false, validate_schedule},
    {"protocol", false, validate_protocol},
};

const Mode& find_mode(const std::string& name) {
  for (const Mode& mode : modes) {
    if (mode.name == name) return mode;
  }
  FRUGAL_ASSERT(false, "a mode of the table");
  return modes[0];
}

}  // namespace

void ValidateConfig::visit(config::Visitor& v) {
  std::vector<std::string> names;
  for (const Mode& one : modes) names.emplace_back(one.name);
  v.choice("mode", mode, names, "what is hidden and predicted (see --help)");
  fit.visit(v);
  v.field("convergence_laws", convergence_laws, "joint: laws whose convergence is counted");
  v.field("seeds", seeds, config::between(1, 100000), "joint: fits of each of those laws, a seed each");
  v.field("hold_out_above", hold_out_above, config::greater_than(0),
          "joint: hold out what is larger; null: the train column, else the top scale");
  v.field("noise", noise, config::at_least(0), "protocol: standard deviation of the log error");
  v.field("repeats", repeats, config::between(1, 100000), "protocol: draws of the noise");
}

bool ValidateConfig::needs_data() const { return find_mode(mode).needs_data; }

FitConfig ValidateConfig::fit_config() const {
  FitConfig out = fit;
  Columns& columns = out.measurements.columns;
  if (mode == "curves" && columns.asked(role::group).empty()) columns[role::group] = "others";
  return out;
}

std::string ValidateInput::series_name(std::size_t index) const {
  return measurements.series.empty() ? measurements.chosen.at(role::error) : measurements.series[index];
}

std::unique_ptr<Check> run_validate(const ValidateInput& input) {
  // Refused before anything is fitted.
  for (const std::string& law : input.config.convergence_laws) find_law(law);
  return find_mode(input.config.mode).run(input);
}

void add_to_result(const Check& check, const Measurements& measurements, nlohmann::ordered_json& result) {
  if (!measurements.notes.empty()) result["notes"] = measurements.notes;
  check.add_to_result(result);
}

std::string validate_page(const Check& check, const ValidateInput& input) {
  report::Page page("Predictions against measurements",
                    fmt::format("scalefit {}, {}, seed {}", FRUGAL_VERSION, input.config.mode, input.seed));
  if (!input.measurements.notes.empty()) page.section("Data").list(input.measurements.notes);
  check.add_to_page(page, input.config.fit.coverage);
  return page.text();
}

}  // namespace frugal::fit
