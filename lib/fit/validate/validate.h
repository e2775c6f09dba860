// `scalefit validate`: how far do predictions miss runs that were measured, and do their intervals hold them?
//
//   corners   every smaller corner of a grid of sizes and data predicts the largest run
//   curves    every learning curve is fitted on the rows marked for training and judged on the others
//   joint     every series' top scale is held out; convergence of the fit from many seeds, coverage, width
//   schedule  ends of runs, and whole runs, are predicted along their learning rates (law=annealing)
//   protocol  the protocol of Rosenfeld et al. 2020 on surfaces that are known, with noise; needs no data
//
// A mode is a file of its own and a line of the table in validate.cpp.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "fit/command/fit_config.h"

namespace frugal::report {
class Page;
}

namespace frugal::fit {

struct ValidateConfig {
  ValidateConfig() { fit.draws = 100; }

  FitConfig fit;  // its fields stand beside these
  std::string mode = "corners";
  std::vector<std::string> convergence_laws = {"chinchilla"};
  std::int64_t seeds = 100;
  std::optional<double> hold_out_above;
  double noise = 0.02;
  std::int64_t repeats = 20;
  void visit(config::Visitor& v);

  bool needs_data() const;
  // A curve is named by every column that has no other role, where the config does not say.
  FitConfig fit_config() const;
};

struct ValidateInput {
  const Measurements& measurements;  // empty for a mode that needs no data
  const ValidateConfig& config;
  std::uint64_t seed;
  std::string place;  // where the config stands, for errors

  std::string series_name(std::size_t index) const;  // the error's column where there is one series
};

// What one mode found, and how it is told.
class Check {
 public:
  virtual ~Check() = default;
  virtual void add_to_result(nlohmann::ordered_json& result) const = 0;
  virtual void add_to_page(report::Page& page, double coverage) const = 0;
};

// The modes.
std::unique_ptr<Check> validate_corners(const ValidateInput& input);  // of one series
std::unique_ptr<Check> validate_curves(const ValidateInput& input);   // of all series, by their train column
std::unique_ptr<Check> validate_joint(const ValidateInput& input);    // of every series
std::unique_ptr<Check> validate_schedule(
    const ValidateInput& input);  // of checkpoints; reads its data itself
std::unique_ptr<Check> validate_protocol(const ValidateInput& input);  // without data

// Errors: UserError where the measurements lack what the mode needs.
std::unique_ptr<Check> run_validate(const ValidateInput& input);

// The notes of the data, and what the mode found.
void add_to_result(const Check& check, const Measurements& measurements, nlohmann::ordered_json& result);
// The HTML report, with predictions against measurements.
std::string validate_page(const Check& check, const ValidateInput& input);

}  // namespace frugal::fit
